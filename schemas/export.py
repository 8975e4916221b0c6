"""Writes the JSON Schema (draft 2020-12) of every topic from the types: `python -m schemas.export [FOLDER]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from schemas.alerts import Alert, AlertCommand
from schemas.cases import Case, CaseAnswer, CaseCommand, Waiting
from schemas.dead_letters import DeadLetter
from schemas.enriched import Compared, Correction, EnrichedPost, Relabel
from schemas.erasures import ErasedPost, Erasure
from schemas.links import LinkCommand
from schemas.raw import RawPost
from schemas.signals import Lesson, Signal
from schemas.topics import ForgetPost, LearnState, Sentence, Topic, TopicCommand

RECORDS: dict[str, type] = {
    "raw": RawPost,
    "enriched": EnrichedPost,
    "relabel": Relabel,
    "compared": Compared,
    "signals": Signal,
    "learn": Lesson,
    "learn.commands": TopicCommand,
    "learn.forget": ForgetPost,
    "topics": Topic,
    "topics.sentences": Sentence,
    "topics.state": LearnState,
    "alerts.negative-spike": Alert,
    "alerts.commands": AlertCommand,
    "cases": Case,
    "cases.commands": CaseCommand,
    "cases.answers": CaseAnswer,
    "cases.waiting": Waiting,
    "corrections": Correction,
    "links.commands": LinkCommand,
    "dead-letters": DeadLetter,
    "erasures": Erasure,
    "erasures.posts": ErasedPost,
}
"""Topic, less its prefix, to the type of its values."""


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema of one topic's records."""
    schema = msgspec.json.schema(RECORDS[name])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"vocero {name}", **schema}


def render(name: str) -> str:
    """The file's text: stable, so that a change of the types shows as a small diff."""
    return json.dumps(json_schema(name), indent=2, ensure_ascii=False) + "\n"


def main(folder: Path) -> None:
    """Writes one file per topic."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in RECORDS:
        (folder / f"{name}.schema.json").write_text(render(name), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "json")
