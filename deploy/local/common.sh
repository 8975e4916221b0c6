# Shared by the scripts of this folder: where state lives, who is alive, which Java, how to say things. Sourced.
#
# SERVERS_STATE  data, logs and pids; default: .servers in the current folder
# SERVERS_LIB    what is unpacked once and only read: jars and the Elasticsearch tree; default: SERVERS_STATE
# ES_USER_ID     the user and group that Elasticsearch runs as where the caller is root; default: 65534 (nobody)

say() { echo "$*" >&2; }
die() { say "$*"; exit 1; }

# absolute NAME: a path that no longer depends on the current folder
absolute() { case $1 in /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac; }

SERVERS_STATE=$(absolute "${SERVERS_STATE:-.servers}")
SERVERS_LIB=$(absolute "${SERVERS_LIB:-$SERVERS_STATE}")
ES_USER_ID=${ES_USER_ID:-65534}

# as_server COMMAND...: as the user that Elasticsearch runs as (it refuses to run as root)
as_server() {
  if [ "$(id -u)" = 0 ]; then setpriv --reuid="$ES_USER_ID" --regid="$ES_USER_ID" --clear-groups "$@"; else "$@"; fi
}

# alive PID CLASS: the command line still names the class (a zombie's is empty, a reused pid's is another)
alive() { grep -qa "$2" "/proc/$1/cmdline" 2>/dev/null; }

# gone PID: ended, and its ports with it. A process that ends loses its command line before its sockets
gone() { [ ! -r "/proc/$1/stat" ] || sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | grep -q '^[ZX]'; }

# port_taken PORT: something listens there on loopback
port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port_or_die SERVER PORT VARIABLE: waits a little for a server that is just ending
free_port_or_die() {
  for _ in $(seq 30); do port_taken "$2" || return 0; sleep 0.1; done
  die "$1: port $2 is taken by another program; set $3 to a free one."
}

need() {
  command -v "$1" >/dev/null 2>&1 || die "$1 is missing: install it (Debian: apt-get install $2), then run this again."
}

# java_at_least VERSION CANDIDATE...: prints the first Java of that version or newer that the current user can run
java_at_least() {
  local wanted=$1 candidate version; shift
  for candidate in "$@"; do
    [ -n "$candidate" ] || continue
    version=$(as_server "$candidate" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -1)
    [ "${version:-0}" -ge "$wanted" ] && { echo "$candidate"; return 0; }
  done
  return 1
}

# reachable FOLDER: prints it, or, where Elasticsearch's user could not enter it, another one that it can
reachable() {
  local wanted=$1 base other
  mkdir -p "$wanted"
  if as_server test -x "$wanted" -a -r "$wanted"; then echo "$wanted"; return 0; fi
  for base in "${TMPDIR:-/tmp}" /tmp /var/tmp; do
    other=$base/vocero-servers-$(id -u)-$(printf %s "$wanted" | cksum | cut -d' ' -f1)
    # a folder that another user put there first is not ours to fill
    if mkdir -p "$other" 2>/dev/null && [ -O "$other" ] && [ ! -L "$other" ] && as_server test -x "$other" -a -r "$other"; then
      say "es: the server's user cannot enter $wanted (a folder above it is closed to others); using $other instead."
      echo "$other"; return 0
    fi
  done
  die "es: the server's user can enter neither $wanted nor a temporary folder; set SERVERS_STATE to an open folder."
}
