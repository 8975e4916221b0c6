"""The contracts: checked-in JSON Schemas equal the types, and odd bytes are refused with a reason."""

import contextlib
import hashlib
import json
import time
from pathlib import Path

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Limits, decode_raw, encode
from schemas.errors import RejectedInput
from schemas.export import RECORDS, json_schema, render
from schemas.identity import from_millis, identity, parse_time, plausible, to_millis, version_of

pytestmark = pytest.mark.unit

FOLDER = Path(__file__).parents[2] / "schemas" / "json"
GOOD = {"id": "1", "source": "shop", "channel": "review", "text": "hola"}


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_checked_in_schema_equals_the_types(name: str) -> None:
    assert (FOLDER / f"{name}.schema.json").read_text(encoding="utf-8") == render(name), "run `make schemas`"


def test_no_schema_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{name}.schema.json" for name in RECORDS}


def test_a_raw_post_fits_its_schema_and_a_bad_one_does_not() -> None:
    validator = jsonschema.Draft202012Validator(json_schema("raw"))
    assert list(validator.iter_errors(GOOD)) == []
    assert list(validator.iter_errors({**GOOD, "text": 5}))
    assert list(validator.iter_errors({name: value for name, value in GOOD.items() if name != "id"}))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xfe", "not-utf8"),
        (b'{"a":"\xff"}', "not-utf8"),
        (b"not json", "not-json"),
        (b"[1]", "not-an-object"),
        (b'{"id":"1","source":"s","channel":"review","text":"a","likes":NaN}', "not-json"),
        (b'{"id":"1","source":"s","channel":"review","text":"a","rating":{"value":1e999}}', "not-json"),
        (b'{"id":"1","source":"s","channel":"review","text":"a","likes":' + b"9" * 5000 + b"}", "not-json"),
        (b'{"id":"1","source":"s","channel":"review","text":"\\udc00"}', "not-utf8"),
        (b'{"id":"1","source":"s","channel":"review","text":"\\ud83d x"}', "not-utf8"),
        (b"[" * 200_000, "too-deep"),
        (b'{"a":' * 200_000, "too-deep"),
        (b'{"id":null,"source":"s","channel":"review","text":"a"}', "missing-field"),
        (b'{"source":"s","channel":"review","text":"a"}', "missing-field"),
        (b'{"id":"","source":"s","channel":"review","text":"a"}', "bad-value"),
        (b'{"id":true,"source":"s","channel":"review","text":"a"}', "wrong-type"),
        (b'{"id":"1","source":"s","channel":"review","text":7}', "wrong-type"),
        (b'{"id":"1","source":"s","channel":"review","text":"a","labels":[]}', "wrong-type"),
        (b'{"id":"1","source":"s","channel":"review","text":"a","author":{"role":"spy"}}', "bad-value"),
        (b'{"id":"1","source":"s","channel":"review","text":"' + b"x" * 2000 + b'"}', "too-large"),
    ],
)
def test_odd_bytes_are_refused_with_a_reason_and_at_once(data: bytes, reason: str) -> None:
    started = time.process_time()
    limits = Limits(max_bytes=1000) if reason == "too-large" else Limits()
    with pytest.raises(RejectedInput) as refused:
        decode_raw(data, limits)
    assert refused.value.reason == reason
    assert time.process_time() - started < 1.0


def test_a_message_never_holds_the_inputs_values() -> None:
    with pytest.raises(RejectedInput) as refused:
        decode_raw(json.dumps({**GOOD, "author": {"role": "maria@example.org"}}).encode())
    assert "maria" not in str(refused.value)


def test_unknown_fields_are_kept_under_labels_and_numbers_may_be_ids() -> None:
    post = decode_raw(json.dumps({**GOOD, "id": 17, "mood": "blue", "labels": {"a": 1}}).encode())
    assert post.id == "17"
    assert post.labels == {"mood": "blue", "a": 1}


def test_ten_megabytes_of_brackets_in_a_string_are_text() -> None:
    started = time.process_time()
    post = decode_raw(json.dumps({**GOOD, "text": "[" * 10_000_000}).encode())
    assert len(post.text) == 10_000_000
    assert time.process_time() - started < 1.0


@given(st.dictionaries(st.text(), st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists)))
def test_any_object_gives_a_post_or_a_reason(fields: dict[str, object]) -> None:
    with contextlib.suppress(RejectedInput):
        post = decode_raw(json.dumps({**GOOD, **fields}).encode())
        assert decode_raw(encode(post)) == post


@given(st.binary())
def test_any_bytes_give_a_post_or_a_reason(data: bytes) -> None:
    with contextlib.suppress(RejectedInput):
        assert decode_raw(data).id


def test_identity_is_the_hash_of_the_json_array() -> None:
    assert identity("review", "tienda ñ", "1") == hashlib.sha256('["review","tienda ñ","1"]'.encode()).hexdigest()
    assert identity("review", "a", "bc") != identity("review", "ab", "c")


@given(st.integers(min_value=0, max_value=4_000_000_000_000))
def test_times_round_trip(millis: int) -> None:
    moment = parse_time(from_millis(millis))
    assert moment is not None
    assert to_millis(moment) == millis


def test_versions_come_from_a_plausible_updated_at_and_else_from_kafka() -> None:
    arrived = 1_700_000_000_000
    assert version_of("2023-11-14T00:00:00Z", arrived) == 1_699_920_000_000
    assert version_of("9999-12-31T23:59:59Z", arrived) == arrived
    assert version_of("0001-01-01T00:00:00+14:00", arrived) == arrived
    assert version_of("yesterday", arrived) == arrived
    assert version_of(None, arrived) == arrived
    assert not plausible(parse_time("9999-01-01"), arrived)


def test_every_record_type_can_be_decoded() -> None:
    for kind in RECORDS.values():
        msgspec.json.Decoder(kind)
