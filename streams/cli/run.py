"""`vocero run`: stages against a broker, until Ctrl-C."""

from __future__ import annotations

import logging
from contextlib import ExitStack

import click

from schemas.errors import SettingsError, VoceroError
from streams.cli.common import errors_console, log_to_stderr, settings_of
from streams.wiring import STAGES

log = logging.getLogger(__name__)


@click.command()
@click.argument("stages", nargs=-1, metavar="[STAGE]...")
@click.option("--embedded", is_flag=True, help="Run on a broker inside this process; nothing survives it.")
@click.option("--log-level", default="info", show_default=True, type=click.Choice(["debug", "info", "warning"]))
@click.option(
    "--log-format",
    default="text",
    show_default=True,
    type=click.Choice(["text", "json"]),
    help="For people, or one JSON object a line.",
)
@click.pass_context
def command(ctx: click.Context, stages: tuple[str, ...], embedded: bool, log_level: str, log_format: str) -> None:
    """Run STAGEs (enrich, index, alert, case, learn); all of them in one process if none is named.

    Each stage is a consumer group of its own: start the same command on more machines to scale it. Ctrl-C or SIGTERM
    stops within seconds; what was not settled is read again by the next run. With `metrics_port` set, /metrics,
    /healthz and /readyz are served there.

    \b
    Examples:
      VOCERO_KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092 vocero run
      vocero run enrich
      VOCERO_METRICS_PORT=9464 vocero run index alert --log-format json
    """
    as_json = log_format == "json"
    log_to_stderr(log_level, as_json=as_json)
    try:
        code = _run(ctx, stages or STAGES, embedded=embedded, as_json=as_json)
    except VoceroError as error:
        if not as_json:
            raise
        log.critical("%s", error)
        code = 2 if isinstance(error, SettingsError) else 1
    ctx.exit(code)


def _run(ctx: click.Context, names: tuple[str, ...], *, embedded: bool, as_json: bool) -> int:
    from streams.broker.client import reach
    from streams.broker.embedded import EmbeddedBroker
    from streams.metrics import Metrics
    from streams.runner import Runner
    from streams.serve import MetricsServer
    from streams.topics import plan
    from streams.wiring import build_flow

    def say(sentence: str) -> None:
        if as_json:
            log.info("%s", sentence)
        else:
            errors_console().print(sentence)

    with ExitStack() as opened:
        broker = opened.enter_context(EmbeddedBroker()) if embedded else None
        settings = settings_of(ctx, **({"kafka_bootstrap_servers": broker.address} if broker else {}))
        metrics = Metrics(names) if settings.metrics_port else None
        flow = build_flow(settings, names, shared=broker is None, observer=metrics)
        opened.callback(flow.close)
        if broker is not None:
            broker.create([one.name for one in plan(flow.topics, partitions=4)])
            say(f"embedded broker: {broker.address}")
        else:
            reach(settings)
        if metrics is not None:
            server = MetricsServer(metrics, settings.metrics_host, settings.metrics_port)
            opened.callback(server.close)
            say(f"metrics and health: http://{settings.metrics_host}:{server.port}")
        say(f"running {', '.join(names)}; Ctrl-C stops")
        return Runner(flow.apps, flow.stages).run()
