"""How many records make a batch: few while they trickle, so that nobody waits; many under a backlog. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

T = TypeVar("T")

LEAST: Final = 16
"""A smaller batch costs more than it saves."""
PROMPT_SECONDS: Final = 0.5
"""A batch should take no longer than this: what is in it is seen when all of it is settled."""
BACKLOG_SECONDS: Final = 2.0
"""The same while so much waits that a batch's own time no longer counts."""
_NEWEST = 0.3


@dataclass(slots=True)
class Sizing:
    """The size of the next batch, from how quickly those before it were settled and how much waits."""

    most: int
    rate: float = 0.0
    """Records settled a second, the newest batches counting most; 0: not known yet."""

    def settled(self, records: int, seconds: float) -> None:
        """A batch of so many records took so long."""
        if records > 0 and seconds > 0:
            now = records / seconds
            self.rate = now if not self.rate else (1 - _NEWEST) * self.rate + _NEWEST * now

    def size(self, waiting: int) -> int:
        """Records of the next batch, where `waiting` are there already."""
        if not self.rate:
            return min(self.most, max(LEAST, self.most // 4))
        prompt = self.rate * PROMPT_SECONDS
        wanted = prompt if waiting <= 4 * prompt else self.rate * BACKLOG_SECONDS
        return int(min(self.most, max(LEAST, wanted)))


def cut(items: Sequence[T], size: Callable[[], int]) -> Iterator[Sequence[T]]:
    """The items in order, in batches; each is as large as `size` says when its turn comes."""
    start = 0
    while start < len(items):
        end = start + size()
        yield items[start:end]
        start = end
