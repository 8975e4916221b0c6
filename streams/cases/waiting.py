"""What came before the case that it is about, kept until the case comes: bounded in number and in time."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from schemas.cases import Waiting

WAITING_MS = 7 * 24 * 3600 * 1000


class WaitingRoom:
    """Found by id, or by what it waits for (`keys`), in the order in which it came."""

    def __init__(self, keys: Callable[[Waiting], Sequence[Hashable]], most: int) -> None:
        self._keys = keys
        self._most = most
        self._all: dict[str, Waiting] = {}
        self._by_key: dict[Hashable, dict[str, None]] = {}

    def get(self, key: str) -> Waiting | None:
        """One by its id."""
        return self._all.get(key)

    def add(self, one: Waiting) -> list[Waiting]:
        """Keeps it, in place of one of the same id; returns what has to give way for it."""
        if one.id in self._all:
            self.leave(one.id)
        self._all[one.id] = one
        for key in self._keys(one):
            self._by_key.setdefault(key, {})[one.id] = None
        return [self.leave(next(iter(self._all)))] if len(self._all) > self._most else []

    def leave(self, key: str) -> Waiting:
        """Takes one out."""
        one = self._all.pop(key)
        for waited in self._keys(one):
            theirs = self._by_key[waited]
            theirs.pop(key)
            if not theirs:
                del self._by_key[waited]
        return one

    def waiting_for(self, *keys: Hashable) -> list[Waiting]:
        """What waits for any of these."""
        return [self._all[name] for name in dict.fromkeys(name for key in keys for name in self._by_key.get(key, ()))]

    def of_post(self, post: str) -> list[str]:
        """Ids of what a post itself left here."""
        return [one.id for one in self._all.values() if one.signal is not None and one.signal.identity == post]

    def overdue(self, now_ms: int) -> list[Waiting]:
        """What has waited too long, oldest first."""
        found: list[Waiting] = []
        for one in self._all.values():
            if one.since >= now_ms - WAITING_MS:
                break  # they stand in the order in which they came
            found.append(one)
        return found
