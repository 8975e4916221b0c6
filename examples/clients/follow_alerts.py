"""Tells of negative spikes as they come, one line each: pip install confluent-kafka.

    python follow_alerts.py                    # until Ctrl-C
    python follow_alerts.py --once             # what there is, then end: for a timer
    BOOTSTRAP=broker:9093 PROPERTIES=client.properties GROUP=pager python follow_alerts.py

An alert is one failure seen in one series; the alert that leads its incident is the one to tell people of. The record
is acknowledged after it was handled: after a crash the last one may be handled again, none is lost.
"""

import json
import os
import sys
from pathlib import Path

from confluent_kafka import Consumer, KafkaError


def properties() -> dict[str, str]:
    lines = Path(os.environ["PROPERTIES"]).read_text().splitlines() if "PROPERTIES" in os.environ else []
    pairs = [line.split("=", 1) for line in lines if "=" in line and not line.startswith("#")]
    return {name.strip(): value.strip() for name, value in pairs}


def handle(alert: dict) -> None:
    """Replace this by your pager, your chat or your ticket."""
    where = f"{alert['brand']} · {alert['dimension']} {alert['value']}"
    print(f"{alert['at'][:16]} {alert['state']:<7} {where}: ", end="")
    print(f"{alert['observed']:.0f} negative posts, {alert['expected']:.1f} expected", flush=True)
    for exemplar in alert.get("exemplars", [])[:2]:
        print(f"    {exemplar.get('translation') or exemplar['excerpt']}", flush=True)


def main() -> int:
    once = "--once" in sys.argv[1:]
    consumer = Consumer(
        {
            "bootstrap.servers": os.environ.get("BOOTSTRAP", "127.0.0.1:9092"),
            # a group of your own: it keeps your place, and shares the work between your processes
            "group.id": os.environ.get("GROUP", "alert-follower"),
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "enable.partition.eof": once,
            **properties(),
        }
    )
    newest: dict[str, int] = {}
    open_partitions: set[int] = set()
    ended: set[int] = set()

    def assigned(_, partitions):
        open_partitions.update(one.partition for one in partitions)

    consumer.subscribe([os.environ.get("TOPIC", "feedback.alerts.negative-spike")], on_assign=assigned)
    try:
        while not (once and open_partitions and ended >= open_partitions):
            record = consumer.poll(1.0)
            if record is None:
                continue
            if record.error():
                if record.error().code() == KafkaError._PARTITION_EOF:
                    ended.add(record.partition())
                    continue
                print(f"the broker says: {record.error().str()}", file=sys.stderr)
                if record.error().fatal():
                    return 1
                continue
            if record.value() is not None:
                alert = json.loads(record.value())
                # delivery is at least once: what is not newer was told already
                if alert["version"] > newest.get(alert["id"], -1):
                    newest[alert["id"]] = alert["version"]
                    if alert.get("leads") or alert.get("incident") is None:
                        handle(alert)
            consumer.commit(record, asynchronous=False)
    except KeyboardInterrupt:
        pass
    finally:
        consumer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
