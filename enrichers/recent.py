"""What was worked out for a text not long ago: shares and templates say the same again. Bounded in bytes, counted."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Asked:
    """How often something was looked for, and how often it was there."""

    asked: int
    found: int


class Recent(Generic[K, V]):
    """Answers by key, the ones that were not asked for longest leaving first. Thread-safe."""

    def __init__(self, most_bytes: int, weigh: Callable[[K, V], int], *, largest: int) -> None:
        """`weigh` gives about the bytes of an entry; one above `largest` hardly ever returns and is not kept."""
        self._most = most_bytes
        self._largest = largest
        self._weigh = weigh
        self._held: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._bytes = 0
        self._asked = self._found = 0
        self._lock = threading.Lock()

    def known(self, keys: Iterable[K]) -> dict[K, V]:
        """The answers that are here."""
        answers: dict[K, V] = {}
        with self._lock:
            for key in keys:
                self._asked += 1
                if (entry := self._held.get(key)) is not None:
                    self._found += 1
                    self._held.move_to_end(key)
                    answers[key] = entry[0]
        return answers

    def remember(self, answers: Mapping[K, V]) -> None:
        """Keeps answers, as far as they are small."""
        with self._lock:
            for key, answer in answers.items():
                size = self._weigh(key, answer)
                if key in self._held or size > self._largest:
                    continue
                self._held[key] = (answer, size)
                self._bytes += size
            while self._bytes > self._most:
                _, (_, size) = self._held.popitem(last=False)
                self._bytes -= size

    def counts(self) -> Asked:
        """How much it was of use so far."""
        with self._lock:
            return Asked(self._asked, self._found)
