"""May an enriched post leave? Only with its personal data marked; the one place that decides it."""

from __future__ import annotations

from enrichers.base import Draft
from schemas.errors import RejectedInput

NOT_SHOWN = "(not shown: personal data could not be marked)"


def refuse_unredacted(draft: Draft) -> None:
    """Raises RejectedInput for a post whose personal data may stand in it unmarked; pass `NOT_SHOWN` as its excerpt."""
    post = draft.post
    if "redact" in post.provenance.failed:
        raise RejectedInput("failed", "personal data could not be marked in the post, so it does not leave")
    if post.content_type == "message/rfc822":  # once read, a mail is text: what is encoded in this one is hidden
        raise RejectedInput("bad-mail", "the mail cannot be read, and encoded parts may hide personal data")
