"""How soon a burst of raw posts raises its alert: the real topics and models, on a real Kafka without Docker.

    python benchmarks/alerts.py [--brands 60] [--burst 20] [--gap 0.25]

Each brand has ten days of ordinary complaints as signals; then its burst is produced to the raw topic, one post every
`--gap` seconds, all brands spread over the run. The delay is from producing the post that crosses the line (an alert
names its time) to the alert at a consumer.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import msgspec
import numpy as np
from confluent_kafka import Consumer, Producer

from schemas.alerts import Alert
from schemas.codec import encode
from schemas.identity import from_millis, parse_time, to_millis
from schemas.raw import RawPost
from schemas.signals import Signal
from streams.settings import load_settings
from streams.spikes.baseline import DAY_MS
from streams.topics import Topics, topics_of

VOCERO = str(Path(sys.executable).with_name("vocero"))
SCRIPTS = Path(__file__).parents[1] / "deploy" / "local"
TEXTS = (
    "The parcel arrived late and broken, and nobody answers. Terrible service.",
    "Muy mal, el paquete no ha llegado y nadie contesta. Un desastre.",
    "Pessimo servizio, il pacco è rotto e nessuno risponde.",
)


def history(brand: str, now_ms: int, dice: random.Random) -> list[Signal]:
    """Two complaints a day for ten days, up to a day ago."""
    times = sorted(now_ms - dice.randrange(DAY_MS, 11 * DAY_MS) for _ in range(20))
    return [
        Signal(
            identity=uuid.UUID(int=dice.getrandbits(128)).hex * 2,
            version=1,
            brand=brand,
            event_time=at,
            channel="review",
            source="shop",
            post_id=str(at),
            sentiment="negative",
            severity=0.3,
        )
        for at in times
    ]


def produce(producer: Producer, topics: Topics, *, brands: int, burst: int, gap: float) -> None:
    """The bursts: brands take turns, so that the posts come at an even pace."""
    waves = max(1, brands // 10)
    for wave in range(waves):
        own = [f"brand{number}" for number in range(brands) if number % waves == wave]
        for number in range(burst):
            started = time.monotonic()
            for brand in own:
                now = from_millis(time.time_ns() // 1_000_000)
                post = RawPost(
                    id=f"{brand}-{number}",
                    source="shop",
                    channel="review",
                    text=f"{TEXTS[number % len(TEXTS)]} ({number})",
                    brand=brand,
                    created_at=now,
                )
                producer.produce(topics.raw["review"], encode(post), post.id.encode())
            producer.poll(0)
            time.sleep(max(0.0, gap * len(own) / 4 - (time.monotonic() - started)))
    producer.flush(30)


def started(consumer: Consumer, seconds: float) -> dict[str, float]:
    """Seconds from the crossing post to the first alert of each brand, as they come for so long."""
    found: dict[str, float] = {}
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is None or message.error() is not None:
            continue
        alert = msgspec.json.decode(message.value() or b"", type=Alert)
        moment = parse_time(alert.at)
        if alert.state == "started" and alert.brand not in found and moment is not None:
            found[alert.brand] = time.time() - to_millis(moment) / 1000
    return found


def main() -> None:
    """Prints the delays."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brands", type=int, default=60)
    parser.add_argument("--burst", type=int, default=20)
    parser.add_argument("--gap", type=float, default=0.25, help="Seconds between the posts of four brands.")
    parser.add_argument("--kafka", help="host:port of a broker that runs; by default one is started and stopped.")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environ = dict(os.environ)
        if chosen.kafka is None:
            environ["SERVERS_STATE"] = folder + "/servers"
        address = chosen.kafka or _out([str(SCRIPTS / "kafka-up.sh")], environ)
        try:
            measure(address, Path(folder), chosen)
        finally:
            if chosen.kafka is None:
                subprocess.run([str(SCRIPTS / "down.sh"), "kafka"], env=environ, check=True)


def measure(address: str, folder: Path, chosen: argparse.Namespace) -> None:
    """Runs `enrich` and `alert`, and prints how soon alerts came."""
    name = f"b{uuid.uuid4().hex[:8]}"
    own = {
        "VOCERO_KAFKA_BOOTSTRAP_SERVERS": address,
        "VOCERO_KAFKA_GROUP_PREFIX": name,
        "VOCERO_TOPIC_PREFIX": name,
        "VOCERO_STATE_DIR": str(folder / "state"),
        "VOCERO_REDACT_SECRET": "of the benchmark",
        "VOCERO_HISTORY_DAYS": "0.5",
    }
    environ = {**{n: v for n, v in os.environ.items() if not n.startswith("VOCERO_")}, **own}
    topics = topics_of(load_settings(environ=own))
    _out([VOCERO, "setup"], environ)
    producer = Producer({"bootstrap.servers": address, "partitioner": "murmur2_random", "linger.ms": 5})
    dice = random.Random(1)
    for number in range(chosen.brands):
        for signal in history(f"brand{number}", time.time_ns() // 1_000_000, dice):
            producer.produce(topics.signals, encode(signal), signal.brand.encode())
    producer.flush(60)
    consumer = Consumer({"bootstrap.servers": address, "group.id": name + "-bench", "auto.offset.reset": "earliest"})
    consumer.subscribe([topics.alerts])
    worker = subprocess.Popen([VOCERO, "run", "enrich", "alert"], env=environ, cwd=folder)
    try:
        _warm(producer, topics, address, name)
        print(f"load {os.getloadavg()[0]:.1f}", flush=True)
        from threading import Thread

        pushing = Thread(
            target=produce,
            args=(producer, topics),
            kwargs={"brands": chosen.brands, "burst": chosen.burst, "gap": chosen.gap},
        )
        pushing.start()
        found: dict[str, float] = {}
        while pushing.is_alive():
            found |= {brand: delay for brand, delay in started(consumer, 1.0).items() if brand not in found}
        found |= {brand: delay for brand, delay in started(consumer, 15.0).items() if brand not in found}
    finally:
        worker.terminate()
        worker.wait(timeout=60)
        consumer.close()
    delays = np.array(sorted(found.values()))
    print(f"{len(found)} of {chosen.brands} bursts raised an alert; load {os.getloadavg()[0]:.1f}")
    if len(delays):
        middle, tail = np.percentile(delays, [50, 99])
        print(f"seconds from the post that crosses the line: median {middle:.2f}, p99 {tail:.2f}, max {delays[-1]:.2f}")


def _warm(producer: Producer, topics: Topics, address: str, name: str) -> None:
    """One post through the flow: the models are loaded, and every stage has its partitions."""
    watch = Consumer({"bootstrap.servers": address, "group.id": name + "-warm", "auto.offset.reset": "earliest"})
    watch.subscribe([topics.alert_state])
    post = RawPost(id="warm", source="shop", channel="review", text=TEXTS[0], brand="warm")
    producer.produce(topics.raw["review"], encode(post), b"warm")
    producer.flush(30)
    deadline = time.monotonic() + 300
    try:
        while time.monotonic() < deadline:
            message = watch.poll(0.5)
            if message is not None and message.error() is None and message.key() == b"warm":
                return
    finally:
        watch.close()
    raise RuntimeError("the flow took nothing within five minutes")


def _out(words: list[str], environ: dict[str, str]) -> str:
    result = subprocess.run(words, env=environ, check=True, capture_output=True, text=True)
    return result.stdout.strip()


if __name__ == "__main__":
    main()
