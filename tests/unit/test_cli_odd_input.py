"""`vocero enrich` on odd and hostile files: each is a reject with its line or a post, and nobody is shown."""

from __future__ import annotations

import gzip
import json
import logging
import time
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from enrichers.chain import Chain
from enrichers.redact import Redact
from streams.files import Defaults, Options, Post, Reject, open_posts

pytestmark = pytest.mark.unit

ADDRESS, PHONE = "zoe.quill@correo.example", "+34 612 345 678"
PERSON = f"Write to {ADDRESS} or call {PHONE}."
GIVEN = Defaults(channel="review", source="shop")
MEGABYTES = 10_000_000


def line(**fields: Any) -> bytes:
    return json.dumps({"id": "1", "source": "shop", "channel": "review", "text": PERSON, **fields}).encode()


LINES: dict[str, tuple[bytes, str | None]] = {
    "200,000-deep JSON": (b'{"a":' * 200_000, "too-deep"),
    "200,000-deep label": (line()[:-1] + b', "b": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "too-deep"),
    "invalid UTF-8": (line().replace(b"Write", b"Wr\xffte"), "not-utf8"),
    "NUL": (line().replace(b"Write", b"Wr\0te"), "not-json"),
    "NUL in JSON's own way": (line(text=f"a\0b {PERSON}"), None),
    "a lone surrogate": (line().replace(b"Write", b"\\ud800"), "not-utf8"),
    "NaN": (line()[:-1] + b', "likes": NaN}', "not-json"),
    "a 5,000-digit number": (line()[:-1] + b', "likes": ' + b"9" * 5_000 + b"}", "not-json"),
    "an empty text": (line(text=""), None),
    "an id of null": (line(id=None), "missing-field"),
    "an id of numbers": (line(id=7), None),
    "the year 9999": (line(created_at="9999-12-31T23:59:59Z"), None),
    "no zone": (line(created_at="2026-03-01T10:00:00"), None),
    "10^18 likes": (line(likes=10**18), None),
    "10^30 likes": (line(likes=10**30), "bad-value"),
    "an unknown role": (line(author={"name": "Zoe Quill", "role": f"o'{ADDRESS}"}), "bad-value"),
    "an unknown channel": (line(channel="pigeon").replace(b"@", b"\\u0040"), "unknown-channel"),
    "unknown fields": (line(mail=ADDRESS, sentiment={"label": "positive"}), None),
    "a text of 10 MB": (line(text="palabra rota " * (MEGABYTES // 13)), None),
    "a line of 20 MB": (line(text="palabra rota " * (2 * MEGABYTES // 13)), "too-large"),
    "a mail of 200,000 parts": (
        line(
            text=f"From: {ADDRESS}\nContent-Type: multipart/mixed; boundary=b\n\n" + "--b\n\nx\n" * 200_000,
            content_type="message/rfc822",
        ),
        "bad-mail",
    ),
    "bidi overrides": (line(text=f"\u202e{PERSON}"), None),
    "100 kB of @": (line(text="@" * 100_000), None),
}


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> click.Command:
    import streams.wiring
    from streams.cli.enrich import command

    monkeypatch.setattr(streams.wiring, "build_chain", lambda settings: Chain([Redact(b"secret")]))
    monkeypatch.chdir(tmp_path)
    return command


def written(name: str) -> list[dict[str, Any]]:
    return [json.loads(text) for text in Path(name).read_bytes().splitlines()]


def enrich(command: click.Command, *arguments: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]], str]:
    """Posts, rejects and what was said."""
    flags = ["--output", "out.jsonl", "--rejects", "rejects.jsonl"]
    result = CliRunner().invoke(command, [*arguments, *flags])
    rejects = written("rejects.jsonl")
    assert result.exit_code == (1 if rejects else 0), result.output
    assert result.stdout == ""
    return written("out.jsonl"), rejects, result.stderr


def shows_nobody(*shown: object) -> None:
    text = json.dumps(shown, ensure_ascii=False, default=str)
    for secret in (ADDRESS, "zoe.quill", PHONE, "612 345 678", "612345678", "Quill"):
        assert secret not in text, text[max(0, text.find(secret) - 200) : text.find(secret) + 60]


def test_each_odd_line_is_a_post_or_a_reject_and_the_good_ones_between_go_on(
    command: click.Command, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    good = [line(id=f"good {number}", text="Bien") for number in range(len(LINES))]
    pairs = zip((odd for odd, _ in LINES.values()), good, strict=True)
    Path("odd.jsonl").write_bytes(b"\n".join(one for pair in pairs for one in pair) + b"\n")
    started = time.process_time()
    posts, rejects, said = enrich(command, "odd.jsonl")
    assert time.process_time() - started < 60
    expected = {number: reason for number, (_, reason) in zip(range(1, 999, 2), LINES.values(), strict=False)}
    assert {one["line"]: one["reason"] for one in rejects} == {at: why for at, why in expected.items() if why}
    assert {post["provenance"]["raw"]["line"] for post in posts} == {
        *(at for at, why in expected.items() if why is None),
        *range(2, 2 * len(LINES) + 1, 2),
    }
    assert [post["provenance"]["raw"]["line"] for post in posts] == sorted(
        post["provenance"]["raw"]["line"] for post in posts
    )
    shows_nobody(posts, rejects, said, caplog.text)


def bomb(parts: int) -> bytes:
    return b"From: zoe.quill@correo.example\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * parts


FILES: dict[str, tuple[bytes, list[str], int, int]] = {
    "words.txt": (("palabra rota " * (MEGABYTES // 13)).encode(), ["--channel", "review"], 1, 0),
    "too-big.txt": (b"a" * 2 * MEGABYTES, ["--channel", "review"], 0, 1),
    "one-line.txt": (b"a" * MEGABYTES, ["--channel", "review", "--lines"], 1, 0),
    "nul.txt": (b"a\0b", ["--channel", "review"], 0, 1),
    "latin.txt": (f"{PERSON} Señor".encode("latin-1"), ["--channel", "review"], 0, 1),
    "utf-16.txt": (PERSON.encode("utf-16"), ["--channel", "review"], 0, 1),
    "empty.txt": (b"", ["--channel", "review"], 0, 0),
    "space.txt": (b" \t\r\n" * 100_000, ["--channel", "review"], 0, 0),
    "emoji.txt": ("\U0001f600".encode() * 25_000, ["--channel", "social"], 1, 0),
    "bomb.eml": (bomb(200_000), [], 0, 1),
    "nested.eml": (
        b"From: a@b.example\n"
        + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(1_500)),
        [],
        0,
        1,
    ),
    "header.eml": (b"From: " + b"zoe.quill@correo.example, " * 400_000 + b"\n\nHello.\n", [], 0, 1),
    "no-mail.eml": (PERSON.encode(), [], 0, 1),
    "two.mbox": (
        b"From a Thu Jan  1 10:00:00 2026\n"
        + bomb(200_000)
        + b"\n\nFrom b Thu Jan  1 10:00:00 2026\nFrom: b@x.example\n"
        b"Message-ID: <2@x>\n\n" + PERSON.encode() + b"\n",
        [],
        1,
        1,
    ),
    "quote.csv": (
        b'id,text\n1,"never closed ' + ADDRESS.encode() + b"\n" + b"2,good\n" * 50_000,
        ["--channel", "review"],
        50_000,
        1,
    ),
    "wide.csv": (b"id,text\n1,a" + b",b" * 500_000 + b"\n2,good\n", ["--channel", "review"], 1, 1),
    "cell.csv": (b'id,text\n1,"' + b"a b " * (MEGABYTES // 4) + b'"\n2,good\n', ["--channel", "review"], 2, 0),
    "bomb.txt.gz": (gzip.compress(b"a" * 200 * 1024 * 1024, 1), ["--channel", "review"], 0, 1),
    "cut.jsonl.gz": (gzip.compress(line() + b"\n")[:-12], [], 0, 1),
}


@pytest.mark.parametrize("name", FILES)
def test_an_odd_file_is_told_and_ends(name: str, command: click.Command, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    data, flags, count, refused = FILES[name]
    Path(name).write_bytes(data)
    started = time.process_time()
    posts, rejects, said = enrich(command, name, *flags)
    assert time.process_time() - started < 60
    assert (len(posts), len(rejects)) == (count, refused), rejects
    shows_nobody(posts, rejects, said, caplog.text)


@pytest.mark.parametrize(
    "name", ["words.txt", "one-line.txt", "too-big.txt", "cell.csv", "bomb.eml", "header.eml", "long.jsonl"]
)
def test_reading_ten_megabytes_takes_less_than_a_second_of_processor_time(name: str, tmp_path: Path) -> None:
    long = line(text="palabra rota " * (MEGABYTES // 13))
    (tmp_path / name).write_bytes(FILES[name][0] if name in FILES else long)
    started = time.process_time()
    items = list(open_posts([tmp_path / name], Options(defaults=GIVEN)))
    spent = time.process_time() - started
    assert items
    assert all(isinstance(item, Post | Reject) for item in items)
    assert spent < 1.0
