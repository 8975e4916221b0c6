"""RSS and Atom feeds: entries become posts, odd feeds become rejects, words stay as they are."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from schemas.raw import RawPost
from streams.files import Caps, Defaults, Options, Post, Reject, open_posts
from streams.files.detect import by_content, by_name
from streams.files.feed import Feed

pytestmark = pytest.mark.unit

RSS = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>Reviews</title>
<item><guid>r1</guid><title>Rotto</title>
<description>&lt;p&gt;È arrivato &lt;b&gt;rotto&lt;/b&gt;&lt;/p&gt;</description>
<link>https://shop.example/r1</link>
<pubDate>Tue, 10 Mar 2026 09:30:00 +0100</pubDate><author>Ana</author></item>
<item><guid>r2</guid><description>Tutto bene &lt;script&gt;x()&lt;/script&gt;</description></item>
<item><pubDate>soon</pubDate></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry><id>tag:1</id><title>Hola</title>
<updated>2026-03-11T10:00:00Z</updated><published>2026-03-10T10:00:00Z</published>
<content type="text">No funciona nada</content><author><name>Pepe</name></author></entry></feed>"""


def read(text: str, **caps: int) -> list[Post | Reject]:
    reader = Feed(caps=Caps(**caps))
    return list(reader(io.BytesIO(text.encode()), Defaults(source="feed")))


def posts(text: str) -> list[RawPost]:
    return [item.raw for item in read(text) if isinstance(item, Post)]


def test_rss() -> None:
    first, second = posts(RSS)
    assert (first.id, first.channel, first.source, first.title) == ("r1", "social", "feed", "Rotto")
    assert first.text == "<p>È arrivato <b>rotto</b></p>"
    assert first.content_type == "text/html"
    assert first.created_at == "2026-03-10T08:30:00.000Z"
    assert first.author is not None
    assert first.author.name == "Ana"
    assert "x()" in second.text
    assert [item.line for item in read(RSS) if isinstance(item, Reject)] == [3]


def test_atom() -> None:
    (post,) = posts(ATOM)
    assert (post.id, post.text, post.content_type) == ("tag:1", "No funciona nada", "text/plain")
    assert post.updated_at == "2026-03-11T10:00:00.000Z"


@pytest.mark.parametrize("text", ["", "<html><body>no feed</body></html>", "hello"])
def test_what_is_no_feed_is_a_reject(text: str) -> None:
    (item,) = read(text)
    assert isinstance(item, Reject)
    assert item.reason == "bad-value"


def test_a_feed_that_is_too_large_is_a_reject() -> None:
    (item,) = read(RSS, record_bytes=100)
    assert isinstance(item, Reject)
    assert item.reason == "too-large"


def test_entities_do_not_grow_without_end() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )
    item = "<item><guid>1</guid><description>&j;</description></item>"
    text = f'<?xml version="1.0"?>{bomb}]><rss version="2.0"><channel>{item}</channel></rss>'
    for found in read(text):
        assert not isinstance(found, Post) or len(found.raw.text) < 1_000_000


def test_a_feed_is_told_by_its_name_and_by_its_beginning(tmp_path: Path) -> None:
    assert by_name("news.atom")[0] == by_name("news.rss")[0] == "feed"
    assert by_content(RSS.encode(), ()) == by_content(ATOM.encode(), ()) == "feed"
    file = tmp_path / "shop.rss"
    file.write_text(RSS, encoding="utf-8")
    first = next(iter(open_posts([file], Options())))
    assert isinstance(first, Post)
    assert first.raw.source == "shop"
