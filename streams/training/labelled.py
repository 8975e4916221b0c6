"""Labelled posts to train on: JSONL with a text and its sentiment, and what a person may say beside them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from enrichers.scoring.features import UNKNOWN, Utterance
from schemas.enriched import SentimentLabel
from schemas.errors import RejectedInput

MAX_CHARACTERS = 20_000
TEST_SHARE = 0.2


class Row(msgspec.Struct, frozen=True):
    """A line of the file; other fields are let be."""

    text: str
    sentiment: SentimentLabel
    language: str | None = None
    english: str | None = None
    split: Literal["train", "test"] | None = None


@dataclass(frozen=True, slots=True)
class Labelled:
    """Something said, what a person hears in it, and whether it is kept apart to measure on."""

    said: Utterance
    sentiment: SentimentLabel
    test: bool


def read_labelled(paths: Sequence[Path]) -> list[Labelled]:
    """All lines of the files; raises RejectedInput with the file and line that cannot be used.

    A line without a split is kept apart by a hash of its text, every fifth one: the same line always falls alike.
    """
    return [_labelled(row) for path in paths for row in _rows(path)]


def _rows(path: Path) -> Iterator[Row]:
    decoder = msgspec.json.Decoder(Row)
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                if not line.strip():
                    continue
                try:
                    row = decoder.decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    raise RejectedInput(
                        "bad-value",
                        f"{path}, line {number}: {_reason(error)}. Each line is a JSON object with `text` and "
                        "`sentiment` (negative, neutral or positive), and `language`, `english`, `split` where known",
                    ) from None
                if not row.text.strip() or len(row.text) > MAX_CHARACTERS:
                    raise RejectedInput(
                        "bad-value", f"{path}, line {number}: a text has 1 to {MAX_CHARACTERS} characters"
                    )
                yield row
    except OSError as error:
        raise RejectedInput("bad-value", f"{path} cannot be read ({error.strerror})") from None


def _reason(error: Exception) -> str:
    """What is wrong, without the line's words."""
    return str(error) if isinstance(error, msgspec.ValidationError) else "it is not JSON in UTF-8"


def _labelled(row: Row) -> Labelled:
    apart = row.split == "test" if row.split else _share(row.text) < TEST_SHARE
    return Labelled(Utterance(row.text, row.language or UNKNOWN, row.english), row.sentiment, apart)


def _share(text: str) -> float:
    """A number in [0, 1) that depends on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:6]) / 2**48
