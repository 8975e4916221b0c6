"""`vocero run`: stages against a broker, until Ctrl-C."""

from __future__ import annotations

import click

from streams.cli.common import errors_console, log_to_stderr, settings_of
from streams.wiring import STAGES


@click.command()
@click.argument("stages", nargs=-1, metavar="[STAGE]...")
@click.option("--embedded", is_flag=True, help="Run on a broker inside this process; nothing survives it.")
@click.option("--log-level", default="info", show_default=True, type=click.Choice(["debug", "info", "warning"]))
@click.pass_context
def command(ctx: click.Context, stages: tuple[str, ...], embedded: bool, log_level: str) -> None:
    """Run STAGEs (enrich, index, alert, case, learn); all of them in one process if none is named.

    Each stage is a consumer group of its own: start the same command on more machines to scale it. Ctrl-C or SIGTERM
    stops within seconds; what was not settled is read again by the next run.

    \b
    Examples:
      VOCERO_KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092 vocero run
      vocero run enrich
      vocero run index alert
    """
    from streams.broker.client import reach
    from streams.broker.embedded import EmbeddedBroker
    from streams.runner import Runner
    from streams.topics import plan
    from streams.wiring import build_flow

    log_to_stderr(log_level)
    console = errors_console()
    broker = EmbeddedBroker() if embedded else None
    flags = {"kafka_bootstrap_servers": broker.address} if broker else {}
    settings = settings_of(ctx, **flags)
    names = stages or STAGES
    flow = build_flow(settings, names, shared=broker is None)
    try:
        if broker is not None:
            broker.create([one.name for one in plan(flow.topics, partitions=4)])
            console.print(f"embedded broker: {broker.address}")
        else:
            reach(settings)
        console.print(f"running {', '.join(names)}; Ctrl-C stops")
        code = Runner(flow.apps, flow.stages).run()
    finally:
        flow.close()
        if broker is not None:
            broker.close()
    ctx.exit(code)
