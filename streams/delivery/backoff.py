"""How long to wait before trying again: a pure function of the attempt and of a random number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Capped exponential backoff with full jitter (Brooker, "Exponential Backoff And Jitter", AWS, 2015)."""

    base: float = 0.1
    cap: float = 10.0

    def delay(self, attempt: int, chance: float) -> float:
        """Seconds before attempt `attempt` (1, 2, ...); `chance` in [0, 1) comes from the caller's generator."""
        ceiling = min(self.cap, self.base * 2.0 ** min(attempt - 1, 30))
        return ceiling * (0.5 + 0.5 * chance)
