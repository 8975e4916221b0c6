"""The process's own HTTP server: /metrics, /healthz, /readyz. Off unless a port is set, on loopback unless told."""

from __future__ import annotations

import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client.exposition import choose_encoder

from schemas.errors import SettingsError
from streams.metrics import Metrics

log = logging.getLogger(__name__)

TEXT = "text/plain; charset=utf-8"
REQUEST_SECONDS = 5.0
"""A client that has not sent its request by then is left."""


class MetricsServer:
    """Serves `metrics` on a thread of its own until closed. Port 0 takes a free one: see `port`."""

    def __init__(self, metrics: Metrics, host: str = "127.0.0.1", port: int = 0) -> None:
        """Raises SettingsError where the address cannot be used."""

        class Handler(_Handler):
            served = metrics

        try:
            self._server = ThreadingHTTPServer((host, port), Handler)
        except (OSError, OverflowError) as error:
            raise SettingsError(
                f"metrics cannot be served on {host}:{port} ({getattr(error, 'strerror', None) or error}): "
                "set metrics_host and metrics_port to an address of this machine and a free port"
            ) from None
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(1.0)


class _Handler(BaseHTTPRequestHandler):
    served: Metrics
    timeout = REQUEST_SECONDS
    server_version = "vocero"
    sys_version = ""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/metrics":
            encode, kind = choose_encoder(self.headers.get("Accept", ""))
            self._answer(200, kind, encode(self.served.registry))
        elif path == "/healthz":
            self._answer(200, TEXT, b"up\n")
        elif path == "/readyz":
            waiting = self.served.waiting()
            body = json.dumps({"ready": not waiting, "waiting": waiting}).encode() + b"\n"
            self._answer(503 if waiting else 200, "application/json", body)
        else:
            self._answer(404, TEXT, b"there are /metrics, /healthz and /readyz\n")

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ARG002 - as http.server calls it
        """A request is worth a line only when someone looks for it."""
        log.debug("metrics: a request was answered")
