#!/usr/bin/env bash
# Installs missing Debian packages where that is permitted; otherwise says in a sentence what is missing and what
# that means. Never fails: what is not there is said again by `vocero doctor`. Usage: packages.sh SET...
set -u
apertium=(apertium apertium-eng-spa apertium-spa-ita apertium-es-pt apertium-fr-es apertium-spa-cat apertium-eng-cat)

need() { # NAME SIZE MEANS PACKAGE...
  local name=$1 size=$2 means=$3; shift 3
  local root=()
  [ "$(id -u)" = 0 ] || { sudo -n true 2>/dev/null && root=(sudo -n); }
  if command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || [ ${#root[@]} -gt 0 ]; }; then
    echo "setup: Debian packages for $name ($size to download)"
    { "${root[@]}" apt-get update -qq && "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "$@"; } >/dev/null 2>&1 && return
  fi
  echo "setup: $name is missing and could not be installed: apt-get install $*. $means" >&2
}

java21() {
  local java version
  for java in ${ES_JAVA:-} ${JAVA_HOME:+"$JAVA_HOME/bin/java"} /usr/lib/jvm/*/bin/java java; do
    version=$("$java" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -1)
    [ "${version:-0}" -ge 21 ] && return 0
  done
  return 1
}

for set in "$@"; do
  case $set in
    apertium)
      modes=${APERTIUM_MODES:-/usr/share/apertium/modes}
      for mode in spa-eng ita-spa pt-es fr-es cat-eng; do [ -e "$modes/$mode.mode" ] || missing=1; done
      [ -z "${missing:-}" ] || need Apertium "about 60 MB" \
        "Without it, posts that are not English are marked \`unsupported\`." "${apertium[@]}" ;;
    chromium)
      command -v chromium >/dev/null || need Chromium "about 100 MB" "Without it, the browser tests are skipped." chromium ;;
    servers)
      command -v mvn >/dev/null || need "Maven and Java" "about 200 MB" \
        "Without them, the tests against a real Kafka and Elasticsearch are skipped." maven default-jre-headless
      java21 || need "Java 21" "about 90 MB" "Without it, the tests against Elasticsearch are skipped." \
        openjdk-21-jre-headless ;;
    clients)
      { command -v kcat && command -v jq; } >/dev/null || need "kcat and jq" "about 3 MB" \
        "Without them, the examples for the shell are not tested." kcat jq ;;
    *) echo "packages.sh: there is no set '$set'" >&2; exit 2 ;;
  esac
done
exit 0
