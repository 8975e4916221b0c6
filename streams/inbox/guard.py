"""Who may see the inbox, and what a browser may do with it: Host names, token, CSRF, headers of every answer."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from schemas.errors import SettingsError

COOKIE = "vocero_inbox"
SESSION_SECONDS = 12 * 3600
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # with no-referrer a browser would not say from which origin a form was sent
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    # customers' words stay in no cache
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Session:
    """What a browser's signed cookie says: a nonce, whether the token was shown, a name, and a message to show once."""

    nonce: str
    known: bool = False
    actor: str = ""
    told: tuple[str, str] | None = None

    def state(self) -> dict[str, Any]:
        """As it is signed."""
        return {"n": self.nonce, "k": self.known, "a": self.actor, "t": self.told}


@dataclass(frozen=True)
class Guard:
    """`names` are the Host headers that are answered; `token` None: whoever reaches the page may use it."""

    names: frozenset[str]
    token: str | None = None
    secure: bool = False
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def serializer(self, salt: str) -> URLSafeTimedSerializer:
        """Signs with this process's own key: a restart signs everybody out."""
        return URLSafeTimedSerializer(self.secret, salt=salt)

    def host_allowed(self, request: Request) -> bool:
        """A page of another name that resolves to this address (DNS rebinding) gets nothing."""
        return request.headers.get("host", "").lower() in self.names

    def session(self, request: Request) -> Session:
        """The browser's session; a new one where the cookie is missing, old or forged."""
        try:
            state = self.serializer("session").loads(request.cookies.get(COOKIE, ""), max_age=SESSION_SECONDS)
            told = tuple(state["t"]) if state["t"] else None
            return Session(str(state["n"]), bool(state["k"]), str(state["a"]), told)
        except (BadSignature, KeyError, TypeError, ValueError):
            return Session(secrets.token_urlsafe(16))

    def remember(self, response: Response, session: Session) -> None:
        """Sets the cookie: no script reads it, no other site sends it."""
        response.set_cookie(
            COOKIE,
            self.serializer("session").dumps(session.state()),
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="strict",
            secure=self.secure,
            path="/",
        )

    def admitted(self, session: Session) -> bool:
        """May this browser see cases?"""
        return self.token is None or session.known

    def token_is(self, shown: str) -> bool:
        """Compared in constant time."""
        return self.token is not None and hmac.compare_digest(shown.encode(), self.token.encode())

    def csrf(self, session: Session) -> str:
        """What a form has to send back: only a page of ours can know it."""
        return self.serializer("csrf").dumps(session.nonce)

    def form_is_ours(self, request: Request, session: Session, sent: str) -> bool:
        """A form that our page made for this browser, sent from our page."""
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() not in self.names:
            return False
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return False
        try:
            nonce = self.serializer("csrf").loads(sent, max_age=SESSION_SECONDS)
        except BadSignature:
            return False
        return isinstance(nonce, str) and hmac.compare_digest(nonce, session.nonce)


def guard_for(
    host: str, port: int, *, token: str | None, names: Sequence[str], tls: bool, allow_cleartext: bool
) -> Guard:
    """The guard of a page at that address; raises SettingsError where it would stand open or bare beyond loopback."""
    own = {f"{name}:{port}" for name in ("localhost", "127.0.0.1", "[::1]")}
    if not loopback(host):
        if not token:
            raise SettingsError(
                "beyond loopback the inbox needs a token: set VOCERO_INBOX_TOKEN or VOCERO_INBOX_TOKEN_FILE"
            )
        if len(token) < 16:
            raise SettingsError("the inbox's token is too short to guard it: give at least 16 characters")
        if not tls and not allow_cleartext:
            raise SettingsError(
                "beyond loopback the inbox would send customers' words in the clear: set inbox_tls_certificate and "
                "inbox_tls_key, or allow_cleartext = true where something in front of it encrypts"
            )
        if not names:
            raise SettingsError(
                "name the hosts by which people reach the inbox: set inbox_names, such as inbox.example.org"
            )
    for name in names:
        own |= {name.lower(), f"{name.lower()}:{port}"}
    return Guard(frozenset(own), token or None, tls)


def loopback(host: str) -> bool:
    """True for an address that only this machine reaches."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
