"""The demo tells the sample's story: a person's mails join her other posts, the shop's mails are its answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from enrichers.redact import Redact
from schemas.codec import decode_raw
from schemas.errors import RejectedInput
from schemas.raw import RawPost
from streams.demo import parcels, sample_folder
from streams.files import Defaults, Options, Post, open_posts
from streams.intake import to_draft
from streams.settings import load_settings
from streams.topics import topics_of

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def told() -> dict[str, RawPost]:
    """The posts that the demo sends, by source/id; of an edited one the edit."""
    found: dict[str, RawPost] = {}
    for parcel in parcels(sample_folder(), topics_of(load_settings(environ={}))):
        try:
            post = decode_raw(parcel.value)
        except RejectedInput:
            continue
        found[f"{post.source}/{post.id}"] = post
    return found


@pytest.fixture(scope="module")
def story() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((sample_folder() / "story.json").read_bytes())
    return loaded


def test_every_post_of_the_ledger_is_sent(told: dict[str, RawPost], story: dict[str, Any]) -> None:
    assert set(story["posts"]) <= set(told)


def test_one_voice_on_three_channels_is_one_customer(told: dict[str, RawPost], story: dict[str, Any]) -> None:
    marta = story["three_channels"]
    posts = [told[name] for name in (*marta["complaints"], *marta["thanks"])]
    assert {post.channel for post in posts} == {"review", "email", "social"}
    assert {post.author.customer_id for post in posts if post.author} == {marta["customer_id"]}
    assert {post.brand for post in posts} == {"Lumbre"}


def test_the_shops_own_posts_are_answers_even_after_redaction(told: dict[str, RawPost], story: dict[str, Any]) -> None:
    redact = Redact(b"secret")
    for name in (*story["three_channels"]["answers"], *story["spike"]["answers"]):
        (draft,) = redact([to_draft(told[name], received_ms=1_800_000_000_000)])
        assert draft.post.author is not None
        assert draft.post.author.role == "company"
        assert "lumbre.example" not in (draft.post.author.id or "")
    roles = [post.author.role for post in told.values() if post.channel == "email" and post.author]
    assert roles.count("company") == 4
    complaints = [told[name].author for name in story["three_channels"]["complaints"]]
    assert [author.role for author in complaints if author] == [None, None, None]


def test_the_spikes_mails_know_their_place(told: dict[str, RawPost], story: dict[str, Any]) -> None:
    assert {told[name].place for name in story["spike"]["emails"]} == {"Valencia"}


@pytest.mark.parametrize("given", ["@lumbre", "LUMBRE", "Lumbre <shop@lumbre.example>", "shop@lumbre.example"])
def test_the_company_is_known_by_handle_or_id_too(tmp_path: Path, given: str) -> None:
    file = tmp_path / "posts.jsonl"
    record = {"id": "1", "source": "s", "channel": "social", "text": "t", "author": {"handle": given, "followers": 9}}
    file.write_text(json.dumps(record) + "\n" + json.dumps({**record, "author": {"id": given}}) + "\n")
    company = frozenset({"Lumbre", "shop@LUMBRE.example"})
    posts = [
        item.raw for item in open_posts([file], Options(defaults=Defaults(company=company))) if isinstance(item, Post)
    ]
    assert [post.author.role for post in posts if post.author] == ["company", "company"]
    assert posts[0].author is not None
    assert (posts[0].author.handle, posts[0].author.followers) == (given, 9)
