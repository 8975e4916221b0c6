"""Fills `clean_text`: what the author wrote, without markup, quoted mail, templates and broken characters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import eldc
import msgspec

from enrichers.base import Draft
from enrichers.text.boilerplate import strip_boilerplate
from enrichers.text.characters import tidy
from enrichers.text.glued import PROTECTED, has_glued_words, separate
from enrichers.text.html import html_to_text
from enrichers.text.mail import Mail, MailLimits, parse_mail, thread_of
from enrichers.text.quoting import rejoin, strip_quotes
from schemas.enriched import EnrichedPost
from schemas.errors import RejectedInput
from schemas.identity import parse_time, plausible, to_millis
from schemas.raw import Author

_MARKUP = re.compile(r"\s*<(?:!doctype|html|body|div|p|span|table|article|section)\b", re.IGNORECASE)
_MARKUP_END = re.compile(r"</(?:html|body|div|p|span|table|article|section)\s*>\s*\Z", re.IGNORECASE)
MAX_CLEANED = 100_000
"""Characters of a post that `clean_text` covers; `text` keeps all of them."""
_ROUNDS = 6  # until nothing changes: one cut may bare the next


class Clean:
    """The first enricher. `text` stays as it is, except that a mail's source becomes the text that it carries."""

    name = "clean"
    version = "1"

    def __init__(self, limits: MailLimits | None = None) -> None:
        self.limits = limits or MailLimits()
        eldc.init()
        self._detector = eldc.instance()

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Drafts with `clean_text`; never raises for a post's sake."""
        return [self._clean(draft) for draft in drafts]

    def close(self) -> None:
        """Nothing to free."""

    def clean(self, text: str, *, mail: bool = False) -> str:
        """Plain text as its author meant it. `clean(clean(text)) == clean(text)`."""
        for _ in range(_ROUNDS):
            before = text
            text = self._once(text, mail=mail)
            if text == before:
                break
        return text

    def _once(self, text: str, *, mail: bool) -> str:
        text = tidy(text)
        if _MARKUP.match(text) and _MARKUP_END.search(text[-40:]):
            text = tidy(html_to_text(text, mark_quotes=mail))
        text = strip_boilerplate(strip_quotes(text, mail=mail))
        if mail:
            text = rejoin(text)
        language = self._language(text) if has_glued_words(text) else None
        return tidy(separate(text, language))

    def _language(self, text: str) -> str | None:
        """The language whose dictionary decides about glued words."""
        found = self._detector.detect_details(PROTECTED.sub(" ", text[:2000]).replace("\x00", " "))
        return str(found.language) if found.reliable else None

    def _clean(self, draft: Draft) -> Draft:
        mail = draft.post.channel == "email"
        if draft.post.content_type == "message/rfc822":
            mail = True
            try:
                parsed = parse_mail(draft.post.text, self.limits)
            except RejectedInput as error:
                draft = draft.noted(f"clean: the mail could not be read ({error.reason}) and was taken as plain text")
            else:
                draft = draft.with_post(**_from_mail(draft.post, parsed))
        text = draft.post.text
        if draft.post.content_type == "text/html":
            text = html_to_text(text, mark_quotes=mail)
        # a tenth more, for the spaces that cleaning puts in
        if len(text) > MAX_CLEANED * 1.1:
            text = text[:MAX_CLEANED]
            draft = draft.noted(f"clean: only the first {MAX_CLEANED} characters are in clean_text")
        return draft.with_post(clean_text=self.clean(text, mail=mail))


def _from_mail(post: EnrichedPost, mail: Mail) -> dict[str, Any]:
    """The fields that a mail fills: only those that its producer left empty, and `text`."""
    fields: dict[str, Any] = {"text": mail.body or "", "content_type": "text/plain"}
    if not post.title and mail.subject:
        fields["title"] = mail.subject
    if not post.created_at and mail.date:
        fields["created_at"] = mail.date
        arrived, written = parse_time(post.event_time), parse_time(mail.date)
        if arrived and written and plausible(written, to_millis(arrived)):
            fields["event_time"] = mail.date
    if not post.attachments and mail.attachments:
        fields["attachments"] = list(mail.attachments)
    if not post.in_reply_to and mail.in_reply_to:
        fields["in_reply_to"] = mail.in_reply_to
    if not post.thread_id:
        fields["thread_id"] = thread_of(mail)
    author = post.author or Author()
    if not (author.id or author.handle) and mail.sender_address:
        name = author.name or mail.sender_name
        fields["author"] = msgspec.structs.replace(author, id=mail.sender_address, name=name)
    if mail.automatic:
        fields["labels"] = {**post.labels, "auto_reply": True}
    return fields
