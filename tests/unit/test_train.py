"""`vocero train sentiment`: what it reads, what it keeps apart, and that what it writes is a model that works."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from enrichers.scoring.combine import LABELS
from enrichers.scoring.features import Utterance
from enrichers.scoring.heads import CARD, Inputs
from enrichers.sentiment import HeadReader
from schemas.errors import RejectedInput, SettingsError
from streams.cli import cli
from streams.settings import load_settings
from streams.training.labelled import TEST_SHARE, read_labelled
from streams.training.sentiment import Example, fit, measure, write
from streams.wiring import build_chain

pytestmark = [pytest.mark.unit, pytest.mark.timeout(600)]

WORDS = {
    "negative": ["terrible", "broken", "rude", "late", "awful", "refund", "never again", "horrible"],
    "neutral": ["tuesday", "blue", "box", "size", "number", "street", "opens at nine", "monday"],
    "positive": ["lovely", "great", "kind", "fast", "perfect", "thanks", "will be back", "excellent"],
}


def _lines(count: int) -> list[str]:
    draw = random.Random(3)
    rows = []
    for index in range(count):
        label = LABELS[index % 3]
        words = draw.sample(WORDS[label], 3)
        rows.append(json.dumps({"text": f"{', '.join(words)} {index}", "language": "en", "sentiment": label}))
    return rows


def _examples(count: int) -> list[Example]:
    """The label stands in the first three dimensions, under noise."""
    draw = np.random.default_rng(7)
    rows = []
    for index in range(count):
        vector = draw.normal(0, 0.3, 384).astype(np.float32)
        vector[index % 3] += 3
        inputs = Inputs(np.zeros(13, np.float32), np.array([index % 50]), 1.0, vector)
        rows.append(Example(inputs, index % 3, "en", test=index % 5 == 0))
    return rows


def test_a_line_that_cannot_be_used_is_named_without_its_words(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    for bad in (
        '{"text": "secret", "sentiment": "angry"}',
        '{"sentiment": "neutral"}',
        "no json secret",
        '{"text": " "}',
    ):
        path.write_text("\n" + bad + "\n", encoding="utf-8")
        with pytest.raises(RejectedInput, match="line 2") as caught:
            read_labelled([path])
        assert "secret" not in str(caught.value)
    with pytest.raises(RejectedInput, match="cannot be read"):
        read_labelled([tmp_path / "none.jsonl"])


def test_every_fifth_or_so_is_kept_apart_and_always_the_same(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_text("\n".join(_lines(600)), encoding="utf-8")
    first, second = read_labelled([path]), read_labelled([path])
    assert first == second
    assert sum(one.test for one in first) / 600 == pytest.approx(TEST_SHARE, abs=0.05)


def test_the_heads_learn_what_is_there_and_come_back_from_their_file(tmp_path: Path) -> None:
    examples = _examples(300)
    heads = fit(examples)
    apart = [one for one in examples if one.test]
    assert measure(heads["full"], apart).macro_f1 > 90
    assert measure(heads["words"], apart).macro_f1 < 60  # what they learn from stands in the vector
    first = write(tmp_path / "a", heads, name="own", version="1", languages=["en"], measured={})
    assert write(tmp_path / "b", fit(examples), name="own", version="1", languages=["en"], measured={}) == first
    assert HeadReader(source=tmp_path / "a").version == "own-1"


def test_too_few_posts_are_refused() -> None:
    with pytest.raises(RejectedInput, match="at least 20"):
        fit(_examples(30))


def test_the_command_writes_a_model_that_the_chain_takes(tmp_path: Path) -> None:
    posts = tmp_path / "posts.jsonl"
    posts.write_text("\n".join(_lines(180)), encoding="utf-8")
    result = CliRunner().invoke(cli, ["train", "sentiment", str(posts), "--output", str(tmp_path / "m"), "--name", "x"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["measured"]["all"]["macro-F1"] > 80
    found = HeadReader(source=tmp_path / "m").read([Utterance("awful, rude, broken", "en")])[0]
    assert found is not None
    assert found.argmax() == 0
    chain = build_chain(load_settings(environ={"VOCERO_SENTIMENT_MODEL": str(tmp_path / "m")}))
    assert next(e.version for e in chain.enrichers if e.name == "sentiment") == "x-1"
    chain.close()


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    settings = load_settings(environ={"VOCERO_SENTIMENT_MODEL": str(tmp_path)})
    with pytest.raises(SettingsError, match=CARD):
        build_chain(settings)
