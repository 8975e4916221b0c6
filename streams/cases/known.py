"""People's corrections, followed on their topic by `enrich` and `index`: a post enriched again keeps them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from enrichers.base import Draft
from enrichers.severity import Severity
from schemas.enriched import Correction
from streams.broker.state import Entry, Follower
from streams.cases.corrections import Cost, corrected


class KnownCorrections:
    """Applies to drafts what people have said of their posts, as of the last record seen. Thread-safe.

    A post that is enriched while its correction is on the way gets it from `index`, which is told of each correction on
    the topic of the posts themselves too (`note`): it comes there before the post that does not know of it, or after.
    """

    def __init__(self, config: dict[str, Any], topic: str, cost: Cost | None = None) -> None:
        self._cost = cost or Severity()
        self._decode = msgspec.json.Decoder(Correction).decode
        self._known: dict[str, Correction] = {}
        self._lock = threading.Lock()
        self._follower = Follower(config, topic, self.apply)

    def start(self) -> None:
        """Starts following."""
        self._follower.start()

    def wait(self, *, seconds: float) -> bool:
        """True once every correction that stood on the topic at the start is known; False after `seconds`."""
        return self._follower.ready.wait(seconds)

    def apply(self, entries: Sequence[Entry]) -> None:
        """Takes over what is new on the topic."""
        with self._lock:
            for key, value in entries:
                name = (key or b"").decode("utf-8", "replace")
                if value is None:
                    self._known.pop(name, None)
                    continue
                try:
                    correction = self._decode(value)
                except msgspec.MsgspecError:
                    continue  # not ours
                self._known[name] = correction

    def note(self, correction: Correction) -> None:
        """Takes over a correction that came another way; an older one than is known changes nothing."""
        with self._lock:
            known = self._known.get(correction.identity)
            if known is None or known.step <= correction.step:
                self._known[correction.identity] = correction

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        """The drafts, those that a person corrected with her word in place of the models'."""
        with self._lock:
            known = {draft.post.identity: self._known.get(draft.post.identity) for draft in drafts}
        return [
            draft if (one := known[draft.post.identity]) is None or one.undone else self._corrected(draft, one)
            for draft in drafts
        ]

    def _corrected(self, draft: Draft, correction: Correction) -> Draft:
        return replace(draft, post=corrected(draft.post, correction, self._cost))

    def close(self) -> None:
        """Stops following."""
        self._follower.close()
