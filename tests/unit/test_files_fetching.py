"""Feeds from the web against a local server: only what changed, within limits, and never into a private network."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from schemas.errors import RejectedInput, SettingsError
from streams.files.fetching import Fetcher, FetchLimits, Seen, check_address, public, shown

pytestmark = pytest.mark.unit
BODY = b"<rss version='2.0'><channel><item><guid>1</guid><title>Bien</title></item></channel></rss>"
NONE = Seen()

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """A web server on loopback whose pages are functions; `asked` holds the headers of each request."""

    def __init__(self) -> None:
        self.pages: dict[str, Answer] = {}
        self.asked: list[dict[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(dict(self.headers.items()))
                outer.pages[self.path.partition("?")[0]](self)

            def log_message(self, *_: Any) -> None:
                """Nothing is told."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()


def page(status: int = 200, body: bytes = BODY, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@pytest.fixture
def web() -> Iterator[Server]:
    server = Server()
    yield server
    server.server.shutdown()
    server.server.server_close()


FETCH = Fetcher(private=True, limits=FetchLimits(size=100_000))


def test_a_feed_is_asked_for_anew_only_where_it_changed(web: Server) -> None:
    web.pages["/feed"] = page(ETag='"v1"', Last_Modified="Thu, 01 Jan 2026 10:00:00 GMT")
    got = FETCH(f"{web.address}/feed?key=secret", NONE)
    assert got.body == BODY
    web.pages["/feed"] = page(304, b"")
    again = FETCH(f"{web.address}/feed", got.seen)
    assert (again.body, again.seen) == (None, got.seen)
    assert web.asked[1]["If-None-Match"] == '"v1"'
    assert web.asked[1]["If-Modified-Since"] == "Thu, 01 Jan 2026 10:00:00 GMT"


def test_redirects_are_followed_and_capped(web: Server) -> None:
    web.pages["/a"] = page(301, b"", Location="/b")
    web.pages["/b"] = page(302, b"", Location=f"{web.address}/feed")
    web.pages["/feed"] = page()
    assert FETCH(f"{web.address}/a", NONE).body == BODY
    web.pages["/feed"] = page(302, b"", Location="/feed")
    with pytest.raises(RejectedInput, match="redirects more than 5 times"):
        FETCH(f"{web.address}/feed", NONE)
    web.pages["/out"] = page(302, b"", Location="file:///etc/passwd")
    with pytest.raises(RejectedInput, match="an address that is not read"):
        FETCH(f"{web.address}/out", NONE)


def test_size_is_capped_unpacked(web: Server) -> None:
    web.pages["/packed"] = page(body=gzip.compress(BODY), Content_Encoding="gzip")
    assert FETCH(f"{web.address}/packed", NONE).body == BODY
    web.pages["/bomb"] = page(body=gzip.compress(bytes(50_000_000)), Content_Encoding="gzip")
    with pytest.raises(RejectedInput, match="more than 100000 bytes"):
        FETCH(f"{web.address}/bomb", NONE)


def test_time_is_capped(web: Server) -> None:
    stop = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not stop.wait(0.05):
            try:
                handler.wfile.write(b" ")
            except OSError:
                return

    web.pages["/slow"] = drip
    try:
        with pytest.raises(RejectedInput, match=r"took more than|not answer in time"):
            Fetcher(private=True, limits=FetchLimits(seconds=0.5, wait=0.3))(f"{web.address}/slow", NONE)
    finally:
        stop.set()


def test_errors_are_said_in_words(web: Server) -> None:
    web.pages["/gone"] = page(404, b"not here")
    with pytest.raises(RejectedInput, match="answers with status 404"):
        FETCH(f"{web.address}/gone", NONE)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(RejectedInput, match="cannot be reached"):
            FETCH(f"http://127.0.0.1:{unused.getsockname()[1]}/", NONE)
    with pytest.raises(RejectedInput, match="name is not known"):
        FETCH("http://nowhere.invalid/", NONE)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0", "2130706433", "[::ffff:127.0.0.1]"])
def test_this_machine_is_refused_unless_that_is_meant(web: Server, host: str) -> None:
    port = web.server.server_port
    web.pages["/feed"] = page()
    with pytest.raises(RejectedInput, match="--private-addresses"):
        Fetcher()(f"http://{host}:{port}/feed", NONE)
    assert web.asked == []


def test_a_redirect_into_the_network_is_refused(web: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    web.pages["/feed"] = page(302, b"", Location=f"{web.address}/inside")
    web.pages["/inside"] = page()
    allowed = iter([True])
    monkeypatch.setattr("streams.files.fetching.public", lambda _: next(allowed, False))
    with pytest.raises(RejectedInput, match="--private-addresses"):
        Fetcher()(f"{web.address}/feed", NONE)
    assert len(web.asked) == 1


@pytest.mark.parametrize(
    ("address", "open_"),
    [
        ("93.184.216.34", True), ("2606:2800:220:1::1", True), ("10.0.0.1", False), ("192.168.1.1", False),
        ("169.254.169.254", False), ("fe80::1%eth0", False), ("fd00::1", False), ("224.0.0.1", False),
        ("::ffff:10.0.0.1", False), ("100.64.0.1", False), ("nonsense", False),
    ],
)  # fmt: skip
def test_which_addresses_are_public(address: str, open_: bool) -> None:
    assert public(address) is open_


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("file:///etc/passwd", "file:// addresses are not read"),
        ("ftp://x.example/feed", "ftp:// addresses are not read"),
        ("https://ana:pw@x.example/feed", "no user and no password"),
        ("https:///feed", "names no host"),
        ("https://x.example:99999/feed", "malformed"),
    ],
)
def test_addresses_that_are_not_asked(address: str, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        check_address(address)
    assert said in str(refused.value)
    assert "pw" not in str(refused.value)


def test_an_address_is_shown_without_its_query() -> None:
    one, other = shown("https://x.example/feed?key=secret"), shown("https://x.example/feed?key=other")
    assert "secret" not in one
    assert one != other
