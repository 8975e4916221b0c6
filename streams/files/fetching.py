"""A feed from the web: http and https only, with limits on time, size and redirects, and only anew where it changed.

Every address that a name stands for is looked at before one is connected to, on each redirect too, so that no feed
makes vocero ask a machine inside its own network. Proxies are not used.
"""

from __future__ import annotations

import hashlib
import ipaddress
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, SSLError
from urllib3.exceptions import TimeoutError as Late
from urllib3.response import BaseHTTPResponse

from schemas.errors import RejectedInput, SettingsError

SCHEMES = {"http": 80, "https": 443}
_PIECE = 64 * 1024
_MOVED = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """`seconds` for all of it, `wait` for one answer of the network; `size` in bytes, unpacked."""

    seconds: float = 60.0
    wait: float = 10.0
    size: int = 16 * 1024 * 1024
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Seen:
    """What a server said of its answer, to ask again by: only what has changed since is sent."""

    etag: str | None = None
    modified: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """`body` None: nothing has changed."""

    body: bytes | None
    seen: Seen


def is_address(name: str) -> bool:
    """True for what is written as a web address, whatever its scheme; such a name is never looked for on the disk."""
    return "://" in name


def check_address(name: str) -> SplitResult:
    """The address in parts. Raises SettingsError where it is none that is asked."""
    try:
        parts = urlsplit(name)
        port = parts.port
    except ValueError:
        raise SettingsError("an address is malformed: write it like https://shop.example/reviews.rss") from None
    if parts.scheme not in SCHEMES:
        raise SettingsError(f"{parts.scheme}:// addresses are not read: use http:// or https://, or the path of a file")
    if parts.username is not None or parts.password is not None:
        raise SettingsError("an address must hold no user and no password: they would stand in logs and states")
    if not parts.hostname or port == 0:
        raise SettingsError("an address names no host: write it like https://shop.example/reviews.rss")
    return parts


def shown(name: str) -> str:
    """The address without its query, which may hold a key; a digest tells two queries apart."""
    parts = urlsplit(name)
    query = f"?#{hashlib.sha256(parts.query.encode()).hexdigest()[:8]}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}{parts.path}{query}"


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Gets feeds. `private` lets it ask addresses inside a network, loopback too."""

    private: bool = False
    limits: FetchLimits = FetchLimits()
    clock: Callable[[], float] = time.monotonic

    def __call__(self, name: str, seen: Seen) -> Fetched:
        """What the address holds now. Raises RejectedInput where it cannot be had, SettingsError for a bad address."""
        until = self.clock() + self.limits.seconds
        for _ in range(self.limits.redirects + 1):
            parts = check_address(name)
            try:
                answer = self._asked(parts, seen, until)
                try:
                    if answer.status in _MOVED and (place := answer.headers.get("Location")):
                        name = self._moved(parts, name, place)
                        continue
                    return self._read(answer, seen, until)
                finally:
                    answer.close()
            except SSLError:
                raise RejectedInput(
                    "failed", "its certificate is not trusted: look whether the address is right"
                ) from None
            except NewConnectionError:
                raise RejectedInput("failed", "the server cannot be reached: check the address") from None
            except Late:
                raise RejectedInput("failed", "the server does not answer in time: try again later") from None
            except (HTTPError, OSError):
                raise RejectedInput("failed", "the server broke off: try again later") from None
        raise RejectedInput("failed", f"it redirects more than {self.limits.redirects} times: name the last address")

    def _moved(self, parts: SplitResult, name: str, place: str) -> str:
        try:
            to = urljoin(name, place)
            there = check_address(to)
        except (SettingsError, ValueError):
            raise RejectedInput("failed", "it redirects to an address that is not read: name another one") from None
        if parts.scheme == "https" and there.scheme == "http":
            raise RejectedInput("failed", "it redirects from https to http: name an address that stays encrypted")
        return to

    def _asked(self, parts: SplitResult, seen: Seen, until: float) -> BaseHTTPResponse:
        host, port = parts.hostname or "", parts.port or SCHEMES[parts.scheme]
        where = self._resolved(host, port)
        wait = urllib3.Timeout(connect=self.limits.wait, read=min(self.limits.wait, self._left(until)))
        pool: urllib3.HTTPConnectionPool
        if parts.scheme == "https":
            pool = urllib3.HTTPSConnectionPool(
                where, port, timeout=wait, cert_reqs="CERT_REQUIRED", server_hostname=host, assert_hostname=host
            )
        else:
            pool = urllib3.HTTPConnectionPool(where, port, timeout=wait)
        headers = {
            "Host": parts.netloc,
            "User-Agent": "vocero",
            "Accept": "application/rss+xml, application/atom+xml, application/xml, text/xml;q=0.9, */*;q=0.5",
            "Accept-Encoding": "gzip",
        }
        if seen.etag:
            headers["If-None-Match"] = seen.etag
        if seen.modified:
            headers["If-Modified-Since"] = seen.modified
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return pool.urlopen(
            "GET", path, headers=headers, retries=False, redirect=False, preload_content=False, assert_same_host=False
        )

    def _resolved(self, host: str, port: int) -> str:
        """One address of the host; refused where any of them lies inside a network and that is not allowed."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise RejectedInput("failed", "the host's name is not known: check the address") from None
        addresses = [str(one[4][0]) for one in found]
        if not self.private and not all(map(public, addresses)):
            raise RejectedInput(
                "failed",
                "the host lies inside a private network or on this machine: add --private-addresses if that is meant",
            )
        return addresses[0]

    def _read(self, answer: BaseHTTPResponse, seen: Seen, until: float) -> Fetched:
        if answer.status == 304:
            return Fetched(None, seen)
        if answer.status != 200:
            raise RejectedInput("failed", f"the server answers with status {answer.status} instead of the feed")
        pieces, size = [], 0
        while piece := answer.read1(_PIECE, decode_content=True):
            size += len(piece)
            if size > self.limits.size:
                raise RejectedInput("too-large", f"it holds more than {self.limits.size} bytes: name a shorter feed")
            pieces.append(piece)
            self._left(until)
        return Fetched(b"".join(pieces), Seen(_kept(answer, "ETag"), _kept(answer, "Last-Modified")))

    def _left(self, until: float) -> float:
        left = until - self.clock()
        if left <= 0:
            raise RejectedInput("failed", f"the server took more than {self.limits.seconds:.0f} s: try again later")
        return left


def public(address: str) -> bool:
    """True for an address of the open internet."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    found = mapped or found
    return found.is_global and not found.is_multicast


def _kept(answer: BaseHTTPResponse, name: str) -> str | None:
    value = answer.headers.get(name)
    return value if value and len(value) <= 1_000 and value.isprintable() else None
