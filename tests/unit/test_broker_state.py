"""State that a worker wrote late, after another had taken over, does not undo what the other wrote."""

from __future__ import annotations

import pytest

from streams.broker.state import APPLIED, _outdated

pytestmark = pytest.mark.unit


class Entry:
    def __init__(self, key: bytes, applied: str | None) -> None:
        self._key = key
        self._applied = applied

    def key(self) -> bytes:
        return self._key

    def headers(self) -> list[tuple[str, bytes]] | None:
        return None if self._applied is None else [("other", b"9"), (APPLIED, self._applied.encode())]


def test_what_knows_less_is_passed_over_key_by_key() -> None:
    applied: dict[bytes, int] = {}
    told = [(b"a", "5"), (b"a", "9"), (b"a", "7"), (b"b", "1"), (b"a", "9"), (b"a", None), (b"a", "3"), (b"a", "x")]
    assert [_outdated(Entry(*one), applied) for one in told] == [False, False, True, False, False, False, False, False]
