#!/usr/bin/env bash
# Sends posts to vocero with kcat (Debian: apt-get install kcat) and jq.
#
#   ./produce.sh < reviews.jsonl
#   BOOTSTRAP=broker:9093 PROPERTIES=client.properties TOPIC=feedback.raw.social ./produce.sh < posts.jsonl
#
# PROPERTIES is a file of librdkafka's name=value lines: TLS and passwords belong there, not on a command line.
set -euo pipefail
tab=$'\t'
# the same key for every version of a post: its edits stay in order. A JSON text holds no tab but as \t
jq -r '"\(.source)/\(.id)\t\(tojson)"' |
  kcat -P ${PROPERTIES:+-F "$PROPERTIES"} -b "${BOOTSTRAP:-127.0.0.1:9092}" -t "${TOPIC:-feedback.raw.reviews}" \
    -K "$tab" -z zstd -X enable.idempotence=true -X topic.partitioner=murmur2_random
