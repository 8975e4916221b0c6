"""Odd headers, clocks and excerpts: nothing in a record's surroundings stops a stage or shows a person."""

from __future__ import annotations

import json

import msgspec
import pytest

from enrichers.redact import redact_text
from schemas.codec import decode_raw
from schemas.dead_letters import DeadLetter
from schemas.errors import RejectedInput
from streams.delivery.dead_letters import dead_letter
from streams.delivery.harness import believable
from streams.excerpts import excerpt
from streams.headers import RAW, VERSION, raw_address, version_header
from streams.records import Record

pytestmark = pytest.mark.unit
ADDRESS, PHONE = "zoe.quill@correo.example", "612 345 678"
POST = {"id": "1", "source": "shop", "channel": "review"}
NOW = 1_800_000_000_000


def shown(data: bytes, *, cut: bool = False) -> str:
    return excerpt(data, 400, lambda text: redact_text(text)[0], cut=cut)


@pytest.mark.parametrize(
    "text",
    [
        f"{ADDRESS} and +34 {PHONE}",
        f"Tel:\n+34 {PHONE}\nE-mail:\n{ADDRESS}\n",
        f"Teléfono:\u00a0+34\u00a0{PHONE}, correo:\u00a0{ADDRESS}",
        f"\u200b{ADDRESS}\t+34 {PHONE}",
    ],
)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_an_excerpt_of_json_shows_no_address_behind_escapes(text: str, ascii_only: bool) -> None:
    data = json.dumps({**POST, "text": text}, ensure_ascii=ascii_only).replace("@", "\\u0040").encode()
    found = shown(data)
    assert "[EMAIL]" in found
    assert "[PHONE]" in found
    for secret in (ADDRESS, "zoe.quill", PHONE, PHONE.replace(" ", "")):
        assert secret not in found.replace("\u00a0", " ")


def test_an_excerpt_shows_no_author_and_nothing_that_may_be_base64() -> None:
    author = {"name": "Zoë Quill", "id": ADDRESS}
    data = json.dumps({**POST, "author": author, "text": "em9lLnF1aWxsQGNvcnJlby5leGFtcGxl" * 4}).encode()
    found = shown(data)
    assert "Quill" not in found
    assert "em9l" not in found
    assert '"author":"[AUTHOR]"' in found
    assert "Quill" not in shown(data[: data.index(b"Quill") + 5])


@pytest.mark.parametrize("length", range(1_560, 1_640, 3))
def test_what_a_cut_went_through_is_not_shown(length: int) -> None:
    # redaction makes the text short, so that the end of what was read would stand within the excerpt
    long_address = b"a" * 60 + b"." + b"b" * 60 + b"@" + b"c" * 60 + b".example.org "
    data = (long_address * 9)[:length] + b" zoe.quill@correo.example +34 612 345 678 "
    found = shown(data)
    for secret in ("zoe", "612 345", "612"):
        assert secret not in found


def test_an_excerpt_of_odd_bytes_is_text() -> None:
    for data in (
        b"",
        b"\xff\xfe\x00",
        b'"\\ud800 \\udc00"',
        b"\\u00",
        b"\\",
        b'{"author":' * 50,
        "\u202e\u0000".encode() * 900,
    ):
        shown(data).encode("utf-8")
    assert shown(b'"\\ud83d\\ude00"') == '"\U0001f600"'


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"/",
        b"a/1",
        b"a/1/x",
        b"a/\xc2\xb2/1",
        b"a/1/" + b"9" * 5000,
        b"a/1/" + b"9" * 30,
        b"\xff/1/2",
        b"a b/1/2",
        b"a/-1/2",
    ],
)
def test_a_hostile_raw_address_is_not_believed_and_stops_nothing(value: bytes) -> None:
    record = Record("feedback.raw.reviews", 3, 7, None, b"{", NOW, {RAW: value, VERSION: value})
    assert raw_address(record) == raw_address(Record("feedback.raw.reviews", 3, 7, None, b"{", NOW))
    assert version_header(record.headers) is None
    letter = msgspec.json.decode(
        dead_letter("dead", "enrich", record, RejectedInput("not-json", "no")).value, type=DeadLetter
    )
    assert (letter.topic, letter.partition, letter.offset) == ("feedback.raw.reviews", 3, 7)


@pytest.mark.parametrize("seconds", [None, -1.0, -0.001, 2.0**62, NOW / 1000 + 3 * 86_400])
def test_a_producers_clock_that_cannot_be_right_gives_way_to_ours(seconds: float | None) -> None:
    assert believable(seconds, NOW) == NOW


def test_a_plausible_clock_is_kept() -> None:
    assert believable(1_700_000_000.5, NOW) == 1_700_000_000_500


def test_what_the_broker_stamped_is_believed_whatever_our_own_clock_says() -> None:
    days_ahead = NOW / 1000 + 3 * 86_400
    assert believable(days_ahead, NOW, by_broker=True) == days_ahead * 1000


@pytest.mark.parametrize(
    "value", [f"o'{ADDRESS}", f"o'{ADDRESS}'s", f"\"'{ADDRESS}'\"", f"{ADDRESS} - at `$.x`", ADDRESS]
)
def test_no_message_holds_the_value_it_refuses(value: str) -> None:
    for odd in ({"content_type": value}, {"author": {"role": value}}, {"likes": value}, {"created_at": {value: value}}):
        with pytest.raises(RejectedInput) as caught:
            decode_raw(json.dumps({**POST, "text": "x", **odd}).encode())
        assert "zoe" not in str(caught.value)
        assert caught.value.reason in {"bad-value", "wrong-type"}


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 5000, "9" * 40, str(2**63)])
def test_a_number_that_no_store_can_hold_is_refused(number: str) -> None:
    with pytest.raises(RejectedInput) as caught:
        decode_raw(b'{"id":"1","source":"s","channel":"review","text":"x","likes":%s}' % number.encode())
    assert caught.value.reason in {"not-json", "bad-value", "wrong-type"}


@pytest.mark.parametrize("likes", [10**18, -(10**18), 2**63 - 1, 0, -1])
def test_counts_that_a_store_can_hold_are_taken(likes: int) -> None:
    assert decode_raw(json.dumps({**POST, "text": "x", "likes": likes}).encode()).likes == likes
