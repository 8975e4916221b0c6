"""The labelled feedback posts under `benchmarks/feedback`: well formed, varied, and in the proportions they claim."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from schemas.enriched import IntentLabel, SentimentLabel

pytestmark = pytest.mark.unit

FOLDER = Path(__file__).parents[2] / "benchmarks" / "feedback"
LANGUAGES = ("de", "en", "es", "fr", "it", "pt")
FIELDS = {"id", "text", "language", "channel", "sentiment", "intents", "split"}
SHARES = {
    "sentiment": {"negative": (0.30, 0.44), "neutral": (0.24, 0.38), "positive": (0.27, 0.40)},
    "channel": {"review": (0.33, 0.47), "email": (0.18, 0.32), "social": (0.28, 0.42)},
}
RUN = 7
"""Words in a row that more than two posts sharing them would show to be made from a template."""

Post = dict[str, Any]


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def runs(text: str) -> Iterator[str]:
    found = words(text)
    return (" ".join(found[start : start + RUN]) for start in range(len(found) - RUN + 1))


def grams(text: str) -> set[str]:
    """Runs of four characters, words' ends included."""
    plain = f" {' '.join(words(text))} "
    return {plain[start : start + 4] for start in range(max(1, len(plain) - 3))}


@pytest.fixture(scope="module", params=LANGUAGES)
def posts(request: pytest.FixtureRequest) -> list[Post]:
    lines = (FOLDER / f"{request.param}.jsonl").read_text(encoding="utf-8").splitlines()
    read: list[Post] = [json.loads(line) for line in lines]
    assert {post["language"] for post in read} == {request.param}
    return read


def test_each_line_has_the_fields_and_only_allowed_labels(posts: list[Post]) -> None:
    for post in posts:
        assert post.keys() - {"english"} == FIELDS, post["id"]
        assert post["text"] == post["text"].strip() != "", post["id"]
        assert post.get("english", "given") != "", post["id"]
        assert post["channel"] in SHARES["channel"], post["id"]
        assert post["sentiment"] in get_args(SentimentLabel), post["id"]
        assert post["intents"], post["id"]
        assert len(set(post["intents"])) == len(post["intents"]), post["id"]
        assert set(post["intents"]) <= set(get_args(IntentLabel)), post["id"]


def test_there_are_at_least_five_hundred(posts: list[Post]) -> None:
    assert len(posts) >= 500


def test_ids_count_up_and_every_fifth_line_is_for_testing(posts: list[Post]) -> None:
    for number, post in enumerate(posts, start=1):
        assert post["id"] == f"{post['language']}-{number:04d}"
        assert post["split"] == ("test" if number % 5 == 0 else "train"), post["id"]


def test_no_text_comes_twice(posts: list[Post]) -> None:
    # an emoji alone has no words: then the text itself must differ
    seen = Counter(" ".join(words(post["text"])) or post["text"] for post in posts)
    assert [text for text, count in seen.items() if count > 1] == []


def test_no_run_of_words_betrays_a_template(posts: list[Post]) -> None:
    holders: defaultdict[str, set[str]] = defaultdict(set)
    for post in posts:
        for run in runs(post["text"]):
            holders[run].add(post["id"])
    assert {run: ids for run, ids in holders.items() if len(ids) > 2} == {}


@pytest.mark.parametrize("field", SHARES)
@pytest.mark.parametrize("split", ["all", "test"])
def test_shares_are_as_claimed(posts: list[Post], field: str, split: str) -> None:
    chosen = [post for post in posts if split in ("all", post["split"])]
    slack = 0.0 if split == "all" else 0.06  # about a hundred posts: one standard error is 5 points
    counts = Counter(post[field] for post in chosen)
    for label, (low, high) in SHARES[field].items():
        assert low - slack <= counts[label] / len(chosen) <= high + slack, label


def test_each_intent_is_there_to_learn_and_to_test(posts: list[Post]) -> None:
    for split in ("train", "test"):
        counts = Counter(intent for post in posts if post["split"] == split for intent in post["intents"])
        assert set(counts) == set(get_args(IntentLabel)), split
    assert sum(len(post["intents"]) > 1 for post in posts) >= 25


def test_lengths_vary(posts: list[Post]) -> None:
    lengths = [len(words(post["text"])) for post in posts]
    assert sum(length <= 5 for length in lengths) >= 0.015 * len(posts)
    assert sum(length >= 40 for length in lengths) >= 0.05 * len(posts)


def test_a_part_is_translated(posts: list[Post]) -> None:
    translated = sum("english" in post for post in posts)
    if posts[0]["language"] == "en":
        assert translated == 0
    else:
        assert translated >= 0.2 * len(posts)


ADDED = {"a": FOLDER / "added", "t": FOLDER.parent / "tweets"}
"""What is for training only, by what its ids have."""


@pytest.fixture(scope="module", params=ADDED)
def added(posts: list[Post], request: pytest.FixtureRequest) -> list[Post]:
    lines = (ADDED[request.param] / f"{posts[0]['language']}.jsonl").read_text(encoding="utf-8").splitlines()
    read: list[Post] = [json.loads(line) for line in lines]
    digits = 3 if request.param == "a" else 4
    assert [post["id"] for post in read] == [
        f"{posts[0]['language']}-{request.param}{number:0{digits}d}" for number in range(1, len(read) + 1)
    ]
    return read


def test_what_was_added_is_well_formed_and_for_training_only(posts: list[Post], added: list[Post]) -> None:
    for post in added:
        assert post.keys() == FIELDS, post["id"]
        assert (post["language"], post["split"]) == (posts[0]["language"], "train"), post["id"]
        assert post["text"] == post["text"].strip() != "", post["id"]
        assert post["channel"] in SHARES["channel"], post["id"]
        assert post["sentiment"] in get_args(SentimentLabel), post["id"]
        assert post["intents"], post["id"]
        assert set(post["intents"]) <= set(get_args(IntentLabel)), post["id"]


def test_nothing_added_is_like_a_post_that_measures(posts: list[Post], added: list[Post]) -> None:
    judged = (FOLDER.parent / "sets" / "intents.jsonl").read_text(encoding="utf-8").splitlines()
    apart = [grams(post["text"]) for post in (*posts, *map(json.loads, judged)) if post.get("split") != "train"]
    for post in added:
        own = grams(post["text"])
        assert max(len(own & other) / len(own | other) for other in apart) < 0.4, post["id"]
    texts = [" ".join(words(post["text"])) for post in (*posts, *added)]
    known = Counter(texts[: len(posts)])
    assert [text for text in texts[len(posts) :] if known[text]] == []


def test_addresses_are_nobodys(posts: list[Post], added: list[Post]) -> None:
    address = re.compile(r"(?:https?://|www\.)(\S+)|\b[\w-]+\.(com|org|net|info|eu|uk|de|fr|es|it|pt|br|at|ch|be|ca)\b")
    assert [post["id"] for post in (*posts, *added) if address.search(post["text"])] == []
