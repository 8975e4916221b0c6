"""`vocero run`: stages against a broker, until Ctrl-C."""

from __future__ import annotations

import logging
from contextlib import ExitStack

import click

from schemas.errors import SettingsError, VoceroError
from streams.cli.common import errors_console, log_to_stderr, millis_option, settings_of
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
@click.option(
    "--reenrich",
    metavar="LABEL",
    help="With `enrich` alone: enrich what is on the raw topics once more, then end. Workers of a LABEL share it.",
)
@click.option("--since", metavar="TIME", help="With --reenrich: only posts that arrived at or after this time.")
@click.pass_context
def command(
    ctx: click.Context,
    stages: tuple[str, ...],
    embedded: bool,
    log_level: str,
    log_format: str,
    reenrich: str | None,
    since: str | None,
) -> None:
    """Run STAGEs (enrich, index, alert, case, link, learn); all of them in one process if none is named.

    Each stage is a consumer group of its own: start the same command on more machines to scale it. Ctrl-C or SIGTERM
    stops within seconds; what was not settled is read again by the next run. With `metrics_port` set, /metrics,
    /healthz and /readyz are served there.

    After an upgrade of a model, --reenrich reads the raw topics once more into the same documents: it raises no alert,
    counts nothing twice and keeps what people corrected. Upgrade the running `enrich` workers first.

    \b
    Examples:
      VOCERO_KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092 vocero run
      vocero run enrich
      VOCERO_METRICS_PORT=9464 vocero run index alert --log-format json
      vocero run enrich --reenrich minilm-v3 --since 2026-01-01
    """
    if reenrich is not None and (stages != ("enrich",) or embedded):
        raise click.UsageError("--reenrich goes with the stage `enrich` alone, on a broker that keeps the raw topics")
    if since is not None and reenrich is None:
        raise click.UsageError("--since goes with --reenrich")
    since_ms = millis_option(ctx, "--since", since)
    as_json = log_format == "json"
    log_to_stderr(log_level, as_json=as_json)
    try:
        code = _run(ctx, stages or STAGES, embedded=embedded, as_json=as_json, reenrich=reenrich, since_ms=since_ms)
    except VoceroError as error:
        if not as_json:
            raise
        log.critical("%s", error)
        code = 2 if isinstance(error, SettingsError) else 1
    ctx.exit(code)


def _run(
    ctx: click.Context,
    names: tuple[str, ...],
    *,
    embedded: bool,
    as_json: bool,
    reenrich: str | None,
    since_ms: int | None,
) -> int:
    from streams.broker.client import client_config, reach
    from streams.broker.embedded import EmbeddedBroker
    from streams.broker.rights import check_rights
    from streams.metrics import Metrics
    from streams.reenrich import Finish, again
    from streams.runner import Runner
    from streams.serve import MetricsServer
    from streams.stages.enrich import EnrichStage
    from streams.topics import plan, topics_of
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
        wanted = finish = None
        if reenrich is not None:
            reach(settings)
            config = client_config(settings)
            wanted = again(config, topics_of(settings), reenrich, since_ms=since_ms)
            finish = Finish(config, f"{settings.kafka_group_prefix}-{wanted.group}", wanted.ends)
            if finish.done():
                say(f"everything on the raw topics was enriched again as {reenrich}: nothing is left to do")
                return 0
        flow = build_flow(settings, names, shared=broker is None, observer=metrics, again=wanted)
        opened.callback(flow.close)
        if broker is not None:
            broker.create([one.name for one in plan(flow.topics, partitions=4)])
            say(f"embedded broker: {broker.address}")
        else:
            reach(settings)
            check_rights(settings, names)
        if metrics is not None:
            metrics.caches = lambda: {
                k: v for one in flow.stages if isinstance(one, EnrichStage) for k, v in one.caches().items()
            }
            server = MetricsServer(metrics, settings.metrics_host, settings.metrics_port)
            opened.callback(server.close)
            say(f"metrics and health: http://{settings.metrics_host}:{server.port}")
        say(f"running {', '.join(names)}; Ctrl-C stops")
        runner = Runner(flow.apps, flow.stages)
        if finish is not None:
            opened.callback(finish.close)
            finish.start(runner.stop)
        return runner.run()
