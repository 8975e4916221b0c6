"""`vocero train`: a sentiment model of one's own from labelled posts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.progress import track
from rich.table import Table

from schemas.errors import MissingDependency
from streams.cli.common import errors_console, print_json, settings_of

if TYPE_CHECKING:
    from enrichers.scoring.features import Utterance
    from streams.settings import Settings
    from streams.training.labelled import Labelled
    from streams.training.sentiment import Example


@click.group()
def command() -> None:
    """Train models on labelled posts of your own."""


@command.command()
@click.argument("files", metavar="LABELLED...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--output", "-o", required=True, type=click.Path(path_type=Path), help="Folder for the model.")
@click.option("--name", default="own-sentiment", show_default=True, help="What provenance calls the model.")
@click.option("--model-version", default="1", show_default=True, help="Raise it when you train again.")
@click.pass_context
def sentiment(ctx: click.Context, /, files: tuple[Path, ...], output: Path, name: str, model_version: str) -> None:
    """Fit the sentiment heads, measure them on posts kept apart, and write them with their card.

    LABELLED is JSONL: `text` and `sentiment` (negative, neutral or positive), and, where you know them, `language`,
    `english` (else this translates) and `split` (train or test; else every fifth post is kept apart).

    \b
    Examples:
      vocero correct export --output labelled.jsonl
      vocero train sentiment labelled.jsonl --output models/sentiment
      VOCERO_SENTIMENT_MODEL=models/sentiment vocero enrich posts.jsonl --output out.jsonl

    What it measures goes to standard output as one JSON object; a table for people goes to standard error.
    """
    if find_spec("sklearn") is None:
        raise MissingDependency("training needs the extra `train`: pip install 'vocero[train]'")
    from streams.training.labelled import read_labelled
    from streams.training.sentiment import fit, measure, write

    settings = settings_of(ctx)
    console = errors_console()
    examples = _examples(settings, read_labelled(files))
    with console.status("fitting, with five folds to calibrate"):
        heads = fit(examples)
    apart = [one for one in examples if one.test]
    languages = sorted({one.language for one in examples if not one.test} - {"und"})
    groups = {"all": apart, **{code: [one for one in apart if one.language == code] for code in languages}}
    measured = {group: measure(heads["full"], own) for group, own in groups.items()}
    table = Table("posts kept apart", "number", "macro-F1", "calibration error", box=None)
    for group, one in measured.items():
        table.add_row(group, str(one.posts), f"{one.macro_f1:.1f}", f"{one.calibration_error:.1f}")
    console.print(table)
    report = {
        group: {
            "posts": one.posts,
            "macro-F1": round(one.macro_f1, 1) if one.posts else None,
            "ECE": round(one.calibration_error, 1) if one.posts else None,
        }
        for group, one in measured.items()
    }
    digest = write(output, heads, name=name, version=model_version, languages=languages, measured=report)
    console.print(f"wrote {output}: set VOCERO_SENTIMENT_MODEL={output} to use it")
    print_json({"folder": str(output), "name": name, "version": model_version, "sha256": digest, "measured": report})


def _examples(settings: Settings, labelled: Sequence[Labelled]) -> list[Example]:
    """The posts as the pipeline would read them: language, English, vector, features."""
    from enrichers.scoring.combine import LABELS
    from enrichers.scoring.features import Reader
    from streams.training.sentiment import Example

    reader = Reader()
    said = _understood(settings, [one.said for one in labelled])
    return [
        Example(reader(own).inputs, LABELS.index(one.sentiment), own.language, one.test)
        for own, one in zip(said, labelled, strict=True)
    ]


def _understood(settings: Settings, said: Sequence[Utterance]) -> list[Utterance]:
    from enrichers.engines.e5 import E5
    from enrichers.text.detector import Detector
    from streams.training.understanding import understood
    from streams.wiring import build_translation

    engines, embedder, detector = build_translation(settings), E5(threads=settings.model_threads), Detector()
    known = [replace(one, language=detector(one.text).language) if one.language == "und" else one for one in said]
    try:
        return understood(known, engines, embedder, partial(track, description="reading", console=errors_console()))
    finally:
        embedder.close()
        for engine in engines:
            engine.close()
