"""An e-mail (RFC 5322, MIME) to what its author wrote, with caps before parsing: no mail, however odd, hurts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr, parsedate_to_datetime

from enrichers.text.mime import Body, read_body
from schemas.errors import RejectedInput
from schemas.identity import from_millis, to_millis
from schemas.raw import Attachment


@dataclass(frozen=True, slots=True)
class MailLimits:
    """Caps on one mail: bytes of it, of its header, of one `Content-` field; parts, levels of nesting."""

    max_bytes: int = 16 * 1024 * 1024
    max_header_bytes: int = 1024 * 1024
    max_content_bytes: int = 8 * 1024
    max_headers: int = 2_000
    max_parts: int = 500
    max_depth: int = 30
    max_work: int = 20_000_000  # lines × declared containers: what a nested mail costs to parse


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail. Identifiers come without angle brackets; `date` is RFC 3339 in UTC.

    `body` is the decoded plain text, made from the HTML (quotes marked by "> ") where a part has no plain form;
    None where the mail holds no text at all. `html` is the first HTML part as it came. `automatic`: an absence
    note, a bounce, or another answer that no person wrote.
    """

    message_id: str | None
    subject: str | None
    sender_name: str | None
    sender_address: str | None
    date: str | None
    in_reply_to: str | None
    references: tuple[str, ...]
    body: str | None
    html: str | None
    attachments: tuple[Attachment, ...]
    automatic: bool


_CONTAINER = re.compile(rb"multipart|message/", re.IGNORECASE)
_BOUNDARY = re.compile(rb"boundary\s{0,8}=\s{0,8}\"?([^\"\r\n;]{1,200})", re.IGNORECASE)
_ODD_BOUNDARY = re.compile(rb"boundary\*", re.IGNORECASE)
_FOLDED = re.compile(rb"\n(?=[ \t])")
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"[!-9;-~]{1,80}[ \t]*:")
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,500})>")
_ADDRESS = re.compile(r"[^\s<>@\"(),;:]{1,64}@[^\s<>@\"(),;:]{1,255}")
_AUTOMATIC_SUBJECT = re.compile(
    r"(?:automatic reply|auto(?:matic)?[ -]?(?:reply|response)|out of (?:the )?office|respuesta automática|"
    r"fuera de la oficina|risposta automatica|fuori sede|resposta automática|ausência temporária|réponse automatique|"
    r"absence du bureau|automatische antwort|abwesenheitsnotiz|undeliverable|undelivered mail|mail delivery failed|"
    r"delivery status notification|returned mail|no se puede entregar|non remis)",
    re.IGNORECASE,
)
_LONGEST_VALUE = 4_000  # characters of a header that are read: the standard parser is quadratic


def parse_mail(data: bytes | str, limits: MailLimits = MailLimits()) -> Mail:
    """One mail from its source; raises RejectedInput: `too-large`, `too-deep`, or `bad-mail` if it is none."""
    decoded = isinstance(data, str)  # then its declared 8-bit charsets no longer hold
    source = data.encode("utf-8", "replace") if isinstance(data, str) else data
    source = source.replace(b"\x00", b"").lstrip(b"\r\n")
    if source.startswith(b"From "):  # the separator line of an mbox
        source = source.partition(b"\n")[2]
    _check(source, limits)
    try:
        message = message_from_bytes(source, policy=policy.default)
        body = read_body(message, limits.max_parts, limits.max_depth, prefer_utf8=decoded)
        return _mail(message, body)
    except RecursionError:
        raise RejectedInput("too-deep", "the mail's parts are nested too deeply") from None
    except RejectedInput:
        raise
    except Exception as error:  # noqa: BLE001 - on hostile mail the standard parser raises nearly anything
        raise RejectedInput("bad-mail", f"the mail cannot be parsed ({type(error).__name__})") from None


def _check(source: bytes, limits: MailLimits) -> None:
    """Refuses what would be slow or deep to parse, by counting in its bytes."""
    if len(source) > limits.max_bytes:
        raise RejectedInput("too-large", f"the mail is larger than {limits.max_bytes} bytes")
    if not _FIELD.match(source):
        raise RejectedInput("bad-mail", "the mail does not begin with a header such as `From:`")
    end = _HEADER_END.search(source)
    header = source[: end.start()] if end else source
    if header.count(b"\n") > limits.max_headers or len(header) > limits.max_header_bytes:
        raise RejectedInput("too-large", "the mail's header is too long")
    containers = sum(1 for _ in _CONTAINER.finditer(source))
    lines = source.count(b"\n") + 1
    if containers > 1 and lines * min(containers, lines) > limits.max_work:
        raise RejectedInput("too-deep", "the mail holds too many nested parts")
    dashes = source.count(b"\n--")
    if dashes > limits.max_parts and _delimiters(source) > 2 * limits.max_parts:
        raise RejectedInput("too-large", f"the mail holds more than {limits.max_parts} parts")
    if containers > 4 * limits.max_parts:
        raise RejectedInput("too-deep", f"the mail holds more than {limits.max_parts} parts")
    if any(len(line) > limits.max_content_bytes or line.count(b";") > 50 for line in _unfolded(source)):
        raise RejectedInput("too-large", "a header field of the mail is too long")


def _delimiters(source: bytes) -> int:
    """How many lines could begin a part."""
    if _ODD_BOUNDARY.search(source):
        return source.count(b"\n--")
    names = {match[1].strip() for _, match in zip(range(2_000), _BOUNDARY.finditer(source), strict=False)}
    if len(names) > 50:
        return source.count(b"\n--")
    return sum(source.count(b"\n--" + name) for name in names)


def _unfolded(source: bytes) -> list[bytes]:
    """Lines that name a content header, with those that continue them."""
    lines = _FOLDED.sub(b"", source).split(b"\n")
    return [line for line in lines if line[:8].lower() == b"content-"]


def _mail(message: EmailMessage, body: Body) -> Mail:
    header = _Header(message)
    subject = header.text("subject")
    name, address = _sender(header)
    references = tuple(_MESSAGE_ID.findall(header.text("references") or ""))[:100]
    parents = _MESSAGE_ID.findall(header.text("in-reply-to") or "")
    own = _MESSAGE_ID.findall(header.text("message-id") or "")
    return Mail(
        message_id=own[0] if own else None,
        subject=subject,
        sender_name=name,
        sender_address=address,
        date=_date(header.raw("date")),
        in_reply_to=parents[0] if parents else (references[-1] if references else None),
        references=references,
        body=body.plain,
        html=body.html,
        attachments=tuple(body.attachments),
        automatic=_automatic(header, message, subject, address),
    )


class _Header:
    """The outermost header, each field cut before it is parsed."""

    def __init__(self, message: EmailMessage) -> None:
        self.factory = policy.default.header_factory
        self.fields: dict[str, str] = {}
        for name, value in message.raw_items():
            self.fields.setdefault(name.lower().strip(), str(value)[:_LONGEST_VALUE])

    def raw(self, name: str) -> str:
        return self.fields.get(name, "")

    def text(self, name: str) -> str | None:
        """The field decoded (RFC 2047, raw UTF-8) in one line, or None."""
        value = self.raw(name)
        if not value:
            return None
        value = _eight_bit(" ".join(value.split()))
        if "=?" in value:
            # an unstructured field's rules: they decode encoded words anywhere, and fail on nothing
            value = str(self.factory("subject", value))
        return " ".join(_eight_bit(value).split()) or None


def _eight_bit(value: str) -> str:
    """Raw bytes of a header, which the parser keeps as surrogates, read as UTF-8 or else Latin-1."""
    if value.isascii():
        return value
    data = value.encode("utf-8", "surrogateescape")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _sender(header: _Header) -> tuple[str | None, str | None]:
    raw = _eight_bit(" ".join(header.raw("from").split())) or header.text("sender") or ""
    # the standard parser recurses into comments
    name, address = parseaddr(raw) if raw.count("(") < 20 else ("", "")
    if "@" not in address:
        found = _ADDRESS.search(raw)
        address = found[0] if found else ""
    if "=?" in name:
        name = str(header.factory("subject", name))
    return (" ".join(name.split()) or None), (address.strip() or None)


def _date(value: str) -> str | None:
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:  # "-0000": the zone is unknown, the time is UTC (RFC 5322, 3.3)
            from_text = f"{moment.isoformat()}+00:00"
            return from_millis(to_millis(type(moment).fromisoformat(from_text)))
        return from_millis(to_millis(moment))
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None


def _automatic(header: _Header, message: EmailMessage, subject: str | None, address: str | None) -> bool:
    submitted = header.raw("auto-submitted").strip().lower()
    if submitted and not submitted.startswith("no"):
        return True
    if any(header.raw(name) for name in ("x-autoreply", "x-autorespond", "x-autoresponse", "x-failed-recipients")):
        return True
    if header.raw("precedence").strip().lower() in ("auto_reply", "auto-reply"):
        return True
    if header.raw("return-path").strip() == "<>" or message.get_content_type() == "multipart/report":
        return True
    if (address or "").lower().startswith(("mailer-daemon@", "postmaster@")):
        return True
    return bool(subject and _AUTOMATIC_SUBJECT.match(subject))


def thread_of(mail: Mail) -> str | None:
    """The id of the first mail of the thread, as far as the mail tells."""
    roots: Sequence[str | None] = (*mail.references[:1], mail.in_reply_to, mail.message_id)
    return next((root for root in roots if root), None)
