#!/usr/bin/env bash
# Starts a single-node Elasticsearch 9.4.3, out of a zip on Maven Central, on loopback, waits until it serves, and
# prints its URL. A second call prints the URL of the one that runs. Where the caller is root it runs as nobody.
#
# Usage: es-up.sh [KEY=VALUE]...     node settings, such as indices.breaker.total.limit=60%
# ES_CONF: a folder of more configuration, such as certificates and the files of users; ES_CA: the PEM file of the
# authority of the node's certificate, where the settings turn TLS and security on.
# ES_PORT (19200), ES_TRANSPORT_PORT (ES_PORT + 100), ES_JAVA (the first Java 21 or newer), ES_HEAP (1g), and common.sh's.
set -euo pipefail
umask 022
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/common.sh"
export ES_PORT=${ES_PORT:-19200}
export ES_TRANSPORT_PORT=${ES_TRANSPORT_PORT:-$((ES_PORT + 100))}
SERVER_CLASS=org.elasticsearch.bootstrap.Elasticsearch

need flock util-linux
need curl curl
[ "$(id -u)" = 0 ] && need setpriv util-linux
mkdir -p "$SERVERS_STATE/es"
exec 9>"$SERVERS_STATE/es/lock" && flock 9
STATE=$(reachable "$SERVERS_STATE/es")
if [ "$SERVERS_LIB" = "$SERVERS_STATE" ]; then DIST=$STATE; else DIST=$(reachable "$SERVERS_LIB/es"); fi
echo "$STATE" >"$SERVERS_STATE/es/folder"
cd "$STATE"

if [ -s run/es.pid ] && alive "$(cat run/es.pid)" "$SERVER_CLASS"; then
  say "es: already running (pid $(cat run/es.pid))."
  cat url; exit 0
fi

if [ ! -e "$DIST/home/.complete" ]; then
  need mvn maven
  say "es: getting Elasticsearch 9.4.3 from Maven Central: a zip of 946 MB, once (kept in Maven's repository); 139 MB of it are unpacked."
  cp -f "$HERE/es/pom.xml" "$DIST/pom.xml"
  (cd "$DIST" && mvn -B -q -Dstyle.color=never dependency:unpack >&2) \
    || die "es: the download failed; check the network, the disk and Maven's settings, then run this again."
  touch "$DIST/home/.complete"
fi
ES_HOME=$(echo "$DIST"/home/sonarqube-*/elasticsearch)
JAVA=$(java_at_least 21 "${ES_JAVA:-}" "${JAVA_HOME:+$JAVA_HOME/bin/java}" /usr/lib/jvm/*/bin/java "$(command -v java || true)") \
  || die "es: no Java 21 or newer was found; install one (such as Temurin 21) or set ES_JAVA to its java."

for port in "$ES_PORT" "$ES_TRANSPORT_PORT"; do
  free_port_or_die es "$port" ES_PORT
done
mkdir -p data logs repo tmp run "$ES_HOME/plugins"
cp -f "$HERE"/es/conf/* run/
[ -n "${ES_CONF:-}" ] && cp -Rf "$ES_CONF"/. run/
[ "$(id -u)" = 0 ] && chown -R "$ES_USER_ID:$ES_USER_ID" data logs repo tmp run
SETTINGS=()
for setting in "$@"; do SETTINGS+=(-E "$setting"); done

export ES_HOME STATE JAVA JAVA_TYPE=ES_JAVA_HOME ES_DISTRIBUTION_TYPE=zip ES_PATH_CONF=$STATE/run ES_TMPDIR=$STATE/tmp HOME=$STATE/tmp
export ES_JAVA_OPTS=${ES_JAVA_OPTS:--Xms${ES_HEAP:-1g} -Xmx${ES_HEAP:-1g} -XX:-AlwaysPreTouch}
export CLI_JAVA_OPTS="-Xms4m -Xmx64m -XX:+UseSerialGC -XX:TieredStopAtLevel=1"
unset JAVA_HOME JAVA_TOOL_OPTIONS
rm -f run/es.pid
cd "$ES_HOME"
# -d returns once the node has started or has failed; -p has the server write its own pid
# shellcheck disable=SC2086 # several options in one variable
as_server timeout 300 "$JAVA" $CLI_JAVA_OPTS -cp "$ES_HOME/lib/tools/server-launcher/*" \
  org.elasticsearch.server.launcher.ServerLauncher -d -p "$STATE/run/es.pid" "${SETTINGS[@]}" \
  </dev/null >"$STATE/logs/launch.out" 2>&1 9>&- \
  || { tail -25 "$STATE/logs/launch.out" >&2; die "es: the server ended while starting; see $STATE/logs."; }
# serves: it answers; with security on, an answer that asks for credentials is one
serves() {
  local code
  code=$(curl -s -m 2 -o /dev/null -w '%{http_code}' ${ES_CA:+--cacert "$ES_CA"} "$1/_cluster/health?wait_for_status=yellow&timeout=1s")
  [ "$code" = 200 ] || [ "$code:${ES_CA:+secure}" = 401:secure ]
}
URL=http${ES_CA:+s}://127.0.0.1:$ES_PORT
for _ in $(seq 300); do
  if serves "$URL"; then
    say "es: ready (pid $(cat "$STATE/run/es.pid"), logs in $STATE/logs)."
    echo "$URL" | tee "$STATE/url"; exit 0
  fi
  sleep 0.1
done
die "es: not ready 30 s after its start; see $STATE/logs."
