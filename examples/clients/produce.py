"""Sends posts to vocero from Python, without vocero installed: pip install confluent-kafka.

    python produce.py < reviews.jsonl          # one JSON object a line, as docs/clients.md says
    BOOTSTRAP=broker:9093 PROPERTIES=client.properties TOPIC=feedback.raw.social python produce.py < posts.jsonl

PROPERTIES is a file of librdkafka's `name=value` lines: TLS and passwords belong there.
"""

import json
import os
import sys
from pathlib import Path

from confluent_kafka import Producer


def properties() -> dict[str, str]:
    lines = Path(os.environ["PROPERTIES"]).read_text().splitlines() if "PROPERTIES" in os.environ else []
    pairs = [line.split("=", 1) for line in lines if "=" in line and not line.startswith("#")]
    return {name.strip(): value.strip() for name, value in pairs}


def main() -> int:
    producer = Producer(
        {
            "bootstrap.servers": os.environ.get("BOOTSTRAP", "127.0.0.1:9092"),
            # a record is on every replica before it counts, and a retry never doubles it
            "enable.idempotence": True,
            "compression.type": "zstd",
            # keys land in the same partition as those of Kafka's Java clients
            "partitioner": "murmur2_random",
            **properties(),
        }
    )
    topic = os.environ.get("TOPIC", "feedback.raw.reviews")
    sent, failed = 0, []

    def delivered(error, record):
        nonlocal sent
        if error is None:
            sent += 1
        else:
            failed.append(str(error))

    for number, line in enumerate(sys.stdin, start=1):
        if not line.strip():
            continue
        post = json.loads(line)
        # the same key for every version of a post: its edits stay in order
        key = f"{post['source']}/{post['id']}"
        while True:
            try:
                producer.produce(topic, line.strip(), key, on_delivery=delivered)
                break
            except BufferError:  # the broker is slower than the file: wait for it
                producer.poll(0.5)
        producer.poll(0)
    left = producer.flush(60)
    print(f"{sent} posts sent to {topic}", file=sys.stderr)
    if failed or left:
        reason = failed[0] if failed else "the broker did not answer within a minute"
        print(f"{len(failed) + left} posts were not taken: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
