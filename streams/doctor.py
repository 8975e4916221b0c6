"""What is there and what is not, as findings in words. Nothing is changed and nothing is sent anywhere."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from schemas.errors import VoceroError
from streams.settings import Settings

SERVED = {"es": "Spanish", "it": "Italian", "pt": "Portuguese", "fr": "French", "ca": "Catalan"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `ok` None: not in use, neither good nor bad."""

    what: str
    ok: bool | None
    words: str


def examine(settings: Settings) -> Iterator[Finding]:
    """Every check, one after the other; none of them raises."""
    yield Finding("python", sys.version_info >= (3, 11), f"Python {sys.version.split()[0]}")
    yield _embedding()
    yield _translation()
    yield _store(settings)
    yield _broker(settings)
    yield _secret(settings)
    yield _hub(settings)
    yield _disk(settings)


def _embedding() -> Finding:
    from enrichers.engines.e5 import E5
    from enrichers.engines.minilm import MiniLM

    words = []
    try:
        for engine in (MiniLM(threads=1), E5(threads=1)):
            dimensions = engine.embed(["hello"]).shape[1]
            words.append(f"{engine.name} {engine.version} loads, {dimensions} dimensions")
    except VoceroError as error:
        return Finding("embedding", False, str(error))
    return Finding("embedding", True, "; ".join(words))


def _translation() -> Finding:
    from enrichers.engines.apertium import Apertium

    engine = Apertium()
    try:
        languages = engine.languages()
    finally:
        engine.close()
    have = [name for code, name in SERVED.items() if code in languages]
    missing = [name for code, name in SERVED.items() if code not in languages]
    if not missing:
        return Finding("translation", True, f"Apertium: {', '.join(have)} into English; others are `unsupported`")
    words = (
        f"Apertium cannot translate {', '.join(missing)} here: such posts are marked `unsupported`. Install Debian's "
        "packages: apt-get install apertium apertium-eng-spa apertium-spa-ita apertium-es-pt apertium-fr-es "
        "apertium-spa-cat apertium-eng-cat"
    )
    return Finding("translation", False, words)


def _store(settings: Settings) -> Finding:
    from streams.wiring import build_sink

    if settings.store == "memory":
        return Finding("store", True, "memory: ends with the process")
    if settings.store == "sqlite" and not settings.sqlite_file.exists():
        return Finding("store", None, f"SQLite: {settings.sqlite_file} does not exist yet; `vocero demo` fills it")
    try:
        sink = build_sink(settings)
        sink.open()
        counts = ", ".join(f"{sink.count(kind)} {kind}" for kind in ("posts", "cases", "alerts", "topics"))
        sink.close()
    except VoceroError as error:
        return Finding("store", False, str(error))
    return Finding("store", True, f"{settings.store}: {counts}")


def _broker(settings: Settings) -> Finding:
    if not settings.kafka_bootstrap_servers:
        return Finding("kafka", None, "no broker is named (VOCERO_KAFKA_BOOTSTRAP_SERVERS); demo and enrich need none")
    from streams.broker.client import reach
    from streams.topics import plan, topics_of

    try:
        there = reach(settings)
    except VoceroError as error:
        return Finding("kafka", False, str(error))
    missing = [one.name for one in plan(topics_of(settings), partitions=1) if one.name not in there]
    if missing:
        return Finding("kafka", False, f"Kafka answers, but these topics are missing: {', '.join(missing)}")
    return Finding("kafka", True, f"Kafka answers, all {len(plan(topics_of(settings), partitions=1))} topics are there")


def _secret(settings: Settings) -> Finding:
    if settings.redact_secret:
        return Finding("redaction", True, "e-mail authors are hashed with the secret that is set")
    return Finding("redaction", None, "no VOCERO_REDACT_SECRET: fine for demo and enrich, required on a shared broker")


def _hub(settings: Settings) -> Finding:
    """The profile, and whether what it needs is installed. Models of the hub are fetched when work starts."""
    try:
        have, good = f"sentence-transformers {version('sentence-transformers')} is installed", True
    except PackageNotFoundError:
        have, good = "the extra `hub` is not installed: pip install 'vocero[hub]'", False
    if settings.models == "local":
        return Finding("models", None, "profile local, nothing to install")
    return Finding("models", good, f"profile hub; {have}")


def _disk(settings: Settings) -> Finding:
    folder = Path(settings.state_dir)
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    return Finding("disk", free > 1.0, f"{free:.1f} GB free for {settings.state_dir}")
