#!/usr/bin/env bash
# Starts a single-node Kafka 4.4.0 (KRaft) from Maven Central jars on loopback, waits until it serves, and prints its
# address. A second call prints the address of the one that runs.
#
# Usage: kafka-up.sh [KEY=VALUE]...     broker properties, such as log.message.timestamp.type=LogAppendTime
# KAFKA_PORT (19092), KAFKA_CONTROLLER_PORT (the port after it), KAFKA_JAVA (java), KAFKA_HEAP (512m), and common.sh's.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/common.sh"
PORT=${KAFKA_PORT:-19092}
CONTROLLER_PORT=${KAFKA_CONTROLLER_PORT:-$((PORT + 1))}
JAVA=${KAFKA_JAVA:-java}
STATE=$SERVERS_STATE/kafka
LIB=$SERVERS_LIB/kafka/lib

need flock util-linux
need "$JAVA" openjdk-17-jre-headless
mkdir -p "$STATE" "$(dirname "$LIB")"
cd "$STATE"
exec 9>"$STATE/lock" && flock 9

if [ -s pid ] && alive "$(cat pid)" kafka.Kafka; then
  say "kafka: already running (pid $(cat pid))."
  cat address; exit 0
fi

if [ ! -e "$LIB/.complete" ]; then
  need mvn maven
  say "kafka: getting Kafka 4.4.0 from Maven Central: about 43 MB, once (kept in Maven's repository)."
  mvn -B -q -Dstyle.color=never -f "$HERE/kafka/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
    -DoutputDirectory="$LIB" >&2 || die "kafka: the download failed; check the network and Maven's settings, then run this again."
  touch "$LIB/.complete"
fi

for port in "$PORT" "$CONTROLLER_PORT"; do
  free_port_or_die kafka "$port" KAFKA_PORT
done
{
  sed -e "s#@STATE@#$STATE#; s#@PORT@#$PORT#g; s#@CONTROLLER_PORT@#$CONTROLLER_PORT#g" "$HERE/kafka/server.properties.in"
  # a later line wins
  for property in "$@"; do printf '%s\n' "$property"; done
} >server.properties

RUN=("$JAVA" "-Dlog4j2.configurationFile=$HERE/kafka/log4j2.properties" -cp "$LIB/*")
if [ ! -f data/meta.properties ]; then
  {
    "${RUN[@]}" -Xmx128m kafka.tools.StorageTool random-uuid | tail -1 >cluster.id
    "${RUN[@]}" -Xmx128m kafka.tools.StorageTool format --standalone -t "$(cat cluster.id)" -c server.properties
  } >format.log 2>&1 || { tail -5 format.log >&2; die "kafka: the data folder could not be made; see $STATE/format.log."; }
fi

: >broker.log
setsid "${RUN[@]}" "-Xmx${KAFKA_HEAP:-512m}" -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -Djava.awt.headless=true \
  kafka.Kafka server.properties </dev/null >>broker.log 2>&1 9>&- &
PID=$!
echo "$PID" >pid
echo "127.0.0.1:$PORT" >address
for _ in $(seq 600); do
  if [ ! -d "/proc/$PID" ]; then
    tail -20 broker.log >&2; rm -f pid
    die "kafka: the broker ended while starting; see $STATE/broker.log."
  fi
  if grep -q "Kafka Server started" broker.log && port_taken "$PORT"; then
    say "kafka: ready (pid $PID, log in $STATE/broker.log)."
    cat address; exit 0
  fi
  sleep 0.1
done
die "kafka: not ready after 60 s; see $STATE/broker.log."
