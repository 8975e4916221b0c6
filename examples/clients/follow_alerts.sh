#!/usr/bin/env bash
# Tells of negative spikes with kcat (Debian: apt-get install kcat) and jq, one line each.
#
#   ./follow_alerts.sh            # as they come, until Ctrl-C
#   ./follow_alerts.sh -e         # those that are there, then end
#   BOOTSTRAP=broker:9093 PROPERTIES=client.properties ./follow_alerts.sh
#
# Without a consumer group it starts at the beginning each time: to look, not to page.
set -euo pipefail
kcat -C ${PROPERTIES:+-F "$PROPERTIES"} -b "${BOOTSTRAP:-127.0.0.1:9092}" \
  -t "${TOPIC:-feedback.alerts.negative-spike}" -o beginning -q -u "$@" |
  jq -r --unbuffered 'select(.leads or .incident == null)
    | "\(.at[:16]) \(.state) \(.brand) · \(.dimension) \(.value): \(.observed | round) negative posts, \(.expected) expected"'
