"""The exception tree of vocero. Expected failures of single posts are values, not exceptions.

    VoceroError                      everything below; its text is one sentence and what to do next
    ├── SettingsError                an unknown, missing or contradictory setting (exit 2)
    ├── RejectedInput                one input cannot be used: becomes a dead letter or a reject line
    ├── EngineError                  a model or a translation engine failed on a batch
    │   └── EngineTimeout            it gave no answer within its time limit
    ├── MissingDependency            an optional package or a Debian package is not installed
    ├── StoreError                   a sink cannot be opened or read
    └── BrokerError                  Kafka cannot be reached or refuses what was asked

No message holds a value of the input: inputs carry personal data.
"""

from __future__ import annotations

from typing import Literal

Reason = Literal[
    "not-utf8",
    "not-json",
    "not-an-object",
    "too-large",
    "too-deep",
    "missing-field",
    "wrong-type",
    "bad-value",
    "unknown-channel",
    "bad-mail",
    "rejected-by-store",
    "failed",
]
"""Why an input was not used. Stable: people filter and replay dead letters by it."""


class VoceroError(Exception):
    """Base of every error that vocero raises on purpose."""


class SettingsError(VoceroError):
    """A setting is unknown, missing, malformed or contradicts another."""


class RejectedInput(VoceroError):
    """One input that cannot be used, with its reason. The message never holds the input's values."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason


class EngineError(VoceroError):
    """A model or a translation engine failed."""


class EngineTimeout(EngineError):
    """An engine gave no answer within its time limit."""


class MissingDependency(VoceroError):
    """A package that the asked-for feature needs is not installed; the message names it."""


class StoreError(VoceroError):
    """A sink cannot be opened, written or read."""


class BrokerError(VoceroError):
    """Kafka cannot be reached, or refuses what was asked."""
