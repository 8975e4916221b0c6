"""`vocero inbox`: the page for people who work cases."""

from __future__ import annotations

import click

from streams.cli.common import errors_console, log_to_stderr, opened_store, settings_of


@click.command()
@click.option("--host", "inbox_host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", "inbox_port", type=click.IntRange(1, 65535), help="[default: 8787]")
@click.option("--names", "inbox_names", help="Beyond loopback: the host names by which people reach it, by commas.")
@click.option("--log-level", default="warning", show_default=True, type=click.Choice(["debug", "info", "warning"]))
@click.pass_context
def command(
    ctx: click.Context, inbox_host: str | None, inbox_port: int | None, inbox_names: str | None, log_level: str
) -> None:
    """Serve the inbox: queues by severity, each post beside its English, why it is where it is, and a button per step.

    On loopback whoever reaches this machine may use it. Beyond loopback it needs a token of at least 16 characters
    (VOCERO_INBOX_TOKEN or VOCERO_INBOX_TOKEN_FILE), TLS (inbox_tls_certificate, inbox_tls_key) and --names.

    \b
    Examples:
      vocero demo && vocero inbox                            # read only: the demo's broker is gone
      VOCERO_KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092 vocero inbox
    """
    from streams.inbox.serve import serve

    log_to_stderr(log_level)
    settings = settings_of(ctx, inbox_host=inbox_host, inbox_port=inbox_port, inbox_names=inbox_names)
    console = errors_console()
    with opened_store(settings) as sink:
        if not settings.kafka_bootstrap_servers:
            console.print(
                "read only: no Kafka broker is named (VOCERO_KAFKA_BOOTSTRAP_SERVERS), so no step can be taken"
            )
        serve(settings, sink, on_ready=lambda address: console.print(f"the inbox: {address}  (Ctrl-C stops it)"))
