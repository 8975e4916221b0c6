"""Who or what is to be erased, and whether a raw post is theirs. The words of a request stay in this process."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

import msgspec

from enrichers.clean import Clean
from enrichers.redact import Redact, author_hash, hidden_author
from schemas.erasures import SubjectKind
from schemas.identity import identity
from schemas.raw import RawPost
from sinks.base import Subject
from streams.intake import to_draft


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """A request. `value`: a post's identity, a customer's id, an author's handle, id or hash, an e-mail address."""

    kind: SubjectKind
    value: str
    secret: bytes

    @classmethod
    def post(cls, channel: str, source: str, post_id: str, secret: bytes) -> Asked:
        """One post, by the names that its channel gives it."""
        return cls("post", identity(channel, source, post_id), secret)

    @property
    def hashed(self) -> str:
        """What stands in the records instead of the value."""
        return hmac.new(self.secret, msgspec.json.encode([self.kind, self.value]), hashlib.sha256).hexdigest()

    @property
    def stored(self) -> Subject:
        """How documents name the same."""
        if self.kind == "post":
            return Subject(posts=(self.value,))
        if self.kind == "customer":
            return Subject(customer_ids=(self.value,))
        if self.kind == "email":
            return Subject(authors=(author_hash(self.value, self.secret),))
        return Subject(authors=(self.value,), handles=(self.value,))

    def owns(self, post: RawPost) -> bool:
        """True for a raw post of the subject."""
        author = post.author
        if self.kind == "post":
            return identity(post.channel, post.source, post.id) == self.value
        if self.kind == "customer":
            return author is not None and author.customer_id == self.value
        if self.kind == "email":
            return self._wrote(post)
        if author is None:
            return False
        if post.channel == "email" and hidden_author(author, self.secret).id == self.value:
            return True
        return self.value in (author.id, author.handle)

    def _wrote(self, post: RawPost) -> bool:
        """The author of a mail, as `enrich` makes it out; only mails that name the address are looked at."""
        if post.channel != "email" or self.value.lower() not in msgspec.json.encode(post).decode().lower():
            return False
        (draft,) = Redact(self.secret)(Clean()([to_draft(post, received_ms=0)]))
        author = draft.post.author
        return author is not None and author.id == author_hash(self.value, self.secret)
