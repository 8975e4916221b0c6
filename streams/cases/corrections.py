"""A person's word on a post: how corrections add up, and what a corrected post looks like. Pure functions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from enrichers.base import Draft
from schemas.cases import Case, CaseCommand, CaseEvent
from schemas.enriched import Correction, CorrectionNote, EnrichedPost, Intent, Relevance, Sentiment
from streams.cases.moves import evolve, full

FIELDS = ("sentiment", "intents", "topics", "language", "relevant")
"""What a person can correct."""
COMMANDS = 100
"""Ids of commands that a correction remembers."""
GIVEN_SCORE = {"negative": -0.5, "neutral": 0.0, "positive": 0.5}
"""The score of a label that only a person gave: the middle of its half, for a person gives no number."""

Cost = Callable[[Sequence[Draft]], list[Draft]]
"""The enricher `severity`: what a corrected post can cost is worked out again."""


def words_of(post: EnrichedPost) -> str:
    """SHA-256 of the words that a person saw."""
    return hashlib.sha256(post.clean_text.encode("utf-8", "replace")).hexdigest()


def lacking(command: CaseCommand) -> str | None:
    """What a correction needs and was not given."""
    if command.identity is None:
        return "correct needs `identity`, the 64 hex digits of the post"
    if command.correct is None:
        return "correct needs `correct` with at least one field; an empty object takes every correction back"
    if command.post_version is None and command.words is None:
        return "correct needs `post_version` or `words`: it holds for the words that its sender saw"
    return None


def conflict(known: Correction | None, command: CaseCommand) -> str | None:
    """Why a correction comes too late: somebody else has corrected the post since its sender looked."""
    step = known.step if known else 0
    if known is not None and command.id in known.commands:
        return None
    if command.expected is None or command.expected == step:
        return None
    who = f" by {known.actor}" if known else ""
    return f"the post was corrected since you looked (step {step}{who}). Look again first"


def merged(known: Correction | None, command: CaseCommand) -> Correction:
    """The correction of a post after one more; the newest word on a field counts. The same again for a repeat."""
    if known is not None and command.id in known.commands:
        return known
    fields = command.correct
    given = {name: value for name in FIELDS if (value := getattr(fields, name, None)) is not None}
    base = known or Correction(identity=command.identity or "", actor=command.actor, at=command.at, step=0)
    return replace(
        base,
        **(given or dict.fromkeys(FIELDS)),
        post_version=command.post_version,
        words=command.words,
        actor=command.actor,
        at=command.at,
        note=command.note,
        step=base.step + 1,
        commands=[*base.commands, command.id][-COMMANDS:],
        undone=not given,
    )


def followed(case: Case, command: CaseCommand, correction: Correction) -> Case:
    """The case of a corrected post: dismissed where what opened it was a mistake, as far as nobody has worked on it."""
    mark = f"command:{command.id}"
    if full(case) or any(event.identity == mark for event in case.history):
        return case
    wrong = correction.relevant is False or not _stands(case, correction)
    early = case.state in ("opened", "acknowledged")
    return evolve(
        case,
        CaseEvent(
            at=command.at,
            action="correct",
            actor=command.actor,
            note=command.note,
            identity=mark,
            state="dismissed" if wrong and early and not correction.undone else None,
        ),
    )


def _stands(case: Case, correction: Correction) -> bool:
    """Does the corrected post still belong in the case's queue?"""
    if correction.intents is not None and case.queue not in correction.intents:
        return False
    wanted = {"complaint": "negative", "praise": "positive"}.get(case.queue)
    return correction.sentiment is None or wanted is None or correction.sentiment == wanted


def applies(post: EnrichedPost, correction: Correction) -> bool:
    """True for the post whose words the person saw; an edit with other words is for somebody to look at again."""
    return correction.post_version == post.version or correction.words == words_of(post)


def corrected(post: EnrichedPost, correction: Correction, cost: Cost) -> EnrichedPost:
    """The post with a person's word in place of the models', whose own values stay in `correction.model`.

    Applied to a post that is corrected already, it starts from the models' values again.
    """
    if not applies(post, correction):
        return post
    post = uncorrected(post)
    changes: dict[str, Any] = {}
    if correction.sentiment is not None:
        score = post.sentiment.score if post.sentiment.label == correction.sentiment else None
        changes["sentiment"] = Sentiment(
            status="scored",
            label=correction.sentiment,
            score=GIVEN_SCORE[correction.sentiment] if score is None else score,
            confidence=1.0,
        )
    if correction.intents is not None:
        changes["intents"] = [Intent(label=label, confidence=1.0) for label in dict.fromkeys(correction.intents)]
    if correction.topics is not None:
        changes["topics"] = correction.topics
    if correction.language is not None:
        changes["language"] = correction.language
        changes["languages"] = list(dict.fromkeys([correction.language, *post.languages[1:]]))
    if correction.relevant is not None:
        changes["relevance"] = Relevance(relevant=correction.relevant, evidence=["a person says so"])
    fields = [name for name in FIELDS if getattr(correction, name) is not None]
    if not fields:
        return post
    before = {name: msgspec.to_builtins(getattr(post, name)) for name in changes}
    if "sentiment" in changes or "intents" in changes:
        before["severity"] = msgspec.to_builtins(post.severity)
    note = CorrectionNote(
        fields=fields,
        actor=correction.actor,
        at=correction.at,
        step=correction.step,
        note=correction.note,
        relevant=correction.relevant,
        model=before,
    )
    changed = replace(post, **changes, correction=note)
    return _costed(changed, cost) if "severity" in before else changed


def uncorrected(post: EnrichedPost) -> EnrichedPost:
    """The post with the models' own values."""
    if post.correction is None:
        return post
    kinds = {field.name: field.type for field in msgspec.structs.fields(EnrichedPost)}
    model = {name: msgspec.convert(value, kinds[name]) for name, value in post.correction.model.items()}
    return replace(post, **model, correction=None)


def _costed(post: EnrichedPost, cost: Cost) -> EnrichedPost:
    """The post with its severity worked out again; factors that only comparing with others gives stay."""
    after = cost([Draft(post=post)])[0].post
    if after.severity is None or post.severity is None:
        return after
    return replace(after, severity=replace(after.severity, factors={**post.severity.factors, **after.severity.factors}))
