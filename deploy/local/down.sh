#!/usr/bin/env bash
# Stops what kafka-up.sh and es-up.sh started: SIGTERM, then SIGKILL after 40 s. State stays. Usage: down.sh [kafka|es]...
# Without arguments: both. Finds them by SERVERS_STATE, as the starting scripts do.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/common.sh"
[ $# -gt 0 ] || set -- kafka es
for name in "$@"; do
  case $name in
    kafka) file=$SERVERS_STATE/kafka/pid; class=kafka.Kafka ;;
    es) file=$(cat "$SERVERS_STATE/es/folder" 2>/dev/null || echo "$SERVERS_STATE/es")/run/es.pid
        class=org.elasticsearch.bootstrap.Elasticsearch ;;
    *) say "unknown server: $name (kafka, es)"; exit 2 ;;
  esac
  [ -s "$file" ] || continue
  pid=$(cat "$file")
  if alive "$pid" "$class"; then
    kill "$pid"
    for _ in $(seq 400); do gone "$pid" && break; sleep 0.1; done
    gone "$pid" || { say "$name: did not stop in 40 s, killing it."; kill -9 "$pid"; }
  fi
  rm -f "$file"
done
