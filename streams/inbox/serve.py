"""Serves the inbox: checks the address, opens the store, runs uvicorn until it is told to stop."""

from __future__ import annotations

from collections.abc import Callable

import uvicorn

from schemas.errors import SettingsError
from schemas.links import LinkCommand
from sinks.base import Sink
from streams.cases.line import CaseLine
from streams.cli.sending import send_command
from streams.inbox.app import build_app
from streams.inbox.desk import Desk
from streams.inbox.guard import guard_for
from streams.settings import Settings
from streams.topics import topics_of

NO_BROKER = (
    "Read only: no Kafka broker is named here, so no step can be taken. Steps are records on Kafka, taken by a running "
    "worker (vocero run): set VOCERO_KAFKA_BOOTSTRAP_SERVERS and start the inbox again"
)


def desk_of(settings: Settings) -> Desk:
    """The desk that sends steps to the settings' broker; a closed one that says so where none is named."""
    if not settings.kafka_bootstrap_servers:
        return Desk(None, f"{NO_BROKER}.")
    topic = topics_of(settings).link_commands

    def send_link(order: LinkCommand) -> None:
        send_command(settings, topic, order.brand, order, kind="link.command")

    return Desk(lambda: CaseLine(settings, sender="inbox"), send_link=send_link)


def serve(settings: Settings, sink: Sink, *, on_ready: Callable[[str], None] = lambda _: None) -> None:
    """Blocks until Ctrl-C or SIGTERM. `sink` is open. Raises SettingsError where the address cannot or may not be used.

    `on_ready` gets the page's address once it is served.
    """
    host, port = settings.inbox_host, settings.inbox_port
    tls = bool(settings.inbox_tls_certificate and settings.inbox_tls_key)
    names = [name.strip() for name in (settings.inbox_names or "").split(",") if name.strip()]
    guard = guard_for(
        host, port, token=settings.inbox_token, names=names, tls=tls, allow_cleartext=settings.allow_cleartext
    )
    desk = desk_of(settings)
    config = uvicorn.Config(
        build_app(sink, guard, desk, stopping=lambda: server.should_exit),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
        limit_concurrency=200,
        timeout_graceful_shutdown=4,
        ssl_certfile=settings.inbox_tls_certificate if tls else None,
        ssl_keyfile=settings.inbox_tls_key if tls else None,
    )
    server = _Server(config, lambda: on_ready(f"{'https' if tls else 'http'}://{names[0] if names else host}:{port}/"))
    try:
        server.run()
    except SystemExit:  # uvicorn leaves so where it cannot bind
        raise SettingsError(
            f"the inbox cannot be served on {host}:{port}: set inbox_host and inbox_port to an address of this machine "
            "and a free port"
        ) from None
    finally:
        desk.close()


class _Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        """Listens, then tells."""
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            self._ready()
