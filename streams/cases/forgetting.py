"""A case without the words of a post that was erased."""

from __future__ import annotations

from msgspec.structs import replace

from schemas.cases import Case


def quotes(case: Case, identity: str) -> bool:
    """True where a post that did not open the case has left words in it."""
    reply = case.reply
    return (reply is not None and reply.identity == identity) or any(
        event.identity == identity and (event.text or event.translation) for event in case.history
    )


def without_post(case: Case, identity: str) -> Case:
    """The case, its events kept, the words of that post gone from them. One version newer."""
    history = [
        replace(event, text=None, translation=None) if event.identity == identity else event for event in case.history
    ]
    reply = None if case.reply is not None and case.reply.identity == identity else case.reply
    return replace(case, history=history, reply=reply, version=case.version + 1)
