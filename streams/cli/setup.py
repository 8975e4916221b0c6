"""`vocero setup`: what a broker, a store and a Kibana must hold before stages run. Idempotent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import click
from rich.progress import Progress

from schemas.errors import SettingsError, StoreError
from sinks.base import KINDS
from streams.cli.common import errors_console, json_option, print_json, settings_of
from streams.settings import Settings

PARTS = ("kafka", "store", "kibana")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing of the plan: where it is, what it is, and what there is to do about it."""

    system: str
    what: str
    name: str
    action: str
    detail: str = ""
    more: dict[str, Any] = field(default_factory=dict)


@click.command()
@click.option("--partitions", default=4, show_default=True, type=click.IntRange(1, 10_000), help="Of each topic.")
@click.option(
    "--replication", default=1, show_default=True, type=click.IntRange(1, 15), help="Copies of each partition."
)
@click.option("--shards", default=1, show_default=True, type=click.IntRange(1, 1_024), help="Of each new index.")
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="Set up only this; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Show the plan and touch nothing.")
@click.option("--reindex", is_flag=True, help="Copy indices whose mapping has changed into new ones, under load.")
@click.option(
    "--keep-old", is_flag=True, help="With --reindex: keep the old index, without its alias, for writing shut."
)
@click.option("--print-roles", is_flag=True, help="Print the least privileges that each part needs, and do nothing.")
@json_option
@click.pass_context
def command(ctx: click.Context, /, *, print_roles: bool, **options: Any) -> None:
    """Create the Kafka topics, the store's tables or indices, and Kibana's dashboards, where they are missing.

    Run it once before `vocero run`, and after each upgrade; running it again is harmless. What is there is left as it
    is, but for new fields, which are added to Elasticsearch's indices. Partitions decide how far the stages scale.
    Dashboards are imported where VOCERO_KIBANA_URL is set.

    \b
    Examples:
      vocero setup --dry-run
      vocero setup --partitions 6 --replication 3 --shards 2
      vocero setup --only store --reindex       after an upgrade that changed the mapping; stages go on running
      vocero setup --print-roles --json
    """
    settings = settings_of(ctx)
    if print_roles:
        _print_roles(settings, as_json=options["as_json"])
        return
    ctx.exit(_set_up(settings, **options))


def _set_up(
    settings: Settings,
    *,
    partitions: int,
    replication: int,
    shards: int,
    only: tuple[str, ...],
    dry_run: bool,
    reindex: bool,
    keep_old: bool,
    as_json: bool,
) -> int:
    if reindex and settings.store != "elasticsearch":
        raise SettingsError("--reindex is for Elasticsearch: the other stores have no mapping")
    parts: dict[str, Callable[[], list[Line]]] = {
        "kafka": lambda: _topics(settings, partitions, replication, dry_run=dry_run),
        "store": lambda: _store(settings, shards, dry_run=dry_run, reindex=reindex, keep_old=keep_old),
        "kibana": lambda: _kibana(settings, dry_run=dry_run),
    }
    lines: list[Line] = []
    for name, part in parts.items():
        if not only or name in only:
            made = part()
            _show(made, dry_run=dry_run, as_json=as_json)
            lines += made
    stuck = [line for line in lines if line.action == "reindex"]
    console = errors_console()
    if stuck and not dry_run:
        names = ", ".join(line.name for line in stuck)
        console.print(f"the mapping of {names} does not fit this version: run `vocero setup --only store --reindex`")
        return 1
    changes = sum(line.action not in ("none", "differs") for line in lines)
    done = "would be done; nothing was touched" if dry_run else "done"
    console.print(f"{changes} changes {done}; {len(lines) - changes} things are as they should be or left as they are")
    return 0


def _topics(settings: Settings, partitions: int, replication: int, *, dry_run: bool) -> list[Line]:
    from streams.broker.admin import create_topics, differences, missing_topics
    from streams.topics import plan, topics_of

    wanted = plan(topics_of(settings), partitions=partitions)
    missing = missing_topics(settings, wanted)
    there = differences(settings, [one for one in wanted if one not in missing])
    lines = []
    for one in wanted:
        action = "create" if one in missing else "differs" if one.name in there else "none"
        shape = f"{one.partitions} partitions, replication {replication}, {_kept(one.config)}"
        detail = there.get(one.name, "") if action != "create" else shape
        more = {"partitions": one.partitions, "replication": replication, "config": one.config}
        lines.append(Line("kafka", "topic", one.name, action, detail, more if action == "create" else {}))
    if not dry_run:
        create_topics(settings, missing, replication=replication)
    return lines


def _kept(config: dict[str, str]) -> str:
    if config.get("cleanup.policy") == "compact":
        return "compacted"
    return f"kept {int(config['retention.ms']) / 86_400_000:g} days"


def _store(settings: Settings, shards: int, *, dry_run: bool, reindex: bool, keep_old: bool) -> list[Line]:
    from streams.wiring import build_administration, build_sink

    if settings.store != "elasticsearch":
        there = settings.store == "sqlite" and settings.sqlite_file.exists()
        if not dry_run:
            sink = build_sink(settings)
            sink.open()
            sink.close()
        name = str(settings.sqlite_file) if settings.store == "sqlite" else settings.store
        return [Line("store", settings.store, name, "none" if there else "create")]
    administration = build_administration(settings, shards=shards)
    try:
        steps = administration.plan() if dry_run else administration.apply()
        lines = [Line("elasticsearch", one.what, one.name, one.action, one.detail) for one in steps]
        if not reindex or dry_run:
            return lines
        console = errors_console()
        with Progress(console=console, transient=True) as bar:
            task = bar.add_task("copy", total=None)

            def progress(what: str, done: int, total: int) -> None:
                bar.update(task, description=what, completed=done, total=total)

            done = {kind: administration.reindex(kind, keep_old=keep_old, progress=progress) for kind in KINDS}
        moved = {one.old: one for one in done.values() if one is not None}
        return [
            line
            if line.name not in moved
            else replace(line, name=moved[line.name].new, action="reindexed", detail=moved[line.name].words)
            for line in lines
        ]
    finally:
        administration.close()


def _kibana(settings: Settings, *, dry_run: bool) -> list[Line]:
    from streams.kibana import Kibana, objects, shipped_file

    if not settings.kibana_url:
        return []
    file = shipped_file()
    found = objects(file)
    if not dry_run:
        kibana = Kibana(settings)
        try:
            imported = kibana.import_objects(file)
        finally:
            kibana.close()
        if imported != len(found):
            raise StoreError(f"Kibana imported {imported} of {len(found)} objects; run this again, its log says more")
    return [Line("kibana", one.type, one.title, "import", one.id) for one in found]


def _show(lines: Sequence[Line], *, dry_run: bool, as_json: bool) -> None:
    for line in lines:
        if as_json:
            found = asdict(line)
            print_json({**{key: value for key, value in found.items() if key != "more"}, **found["more"]})
        elif line.action != "none":
            done = f"would {line.action}" if dry_run and line.action != "differs" else line.action
            click.echo(f"{done} {line.what} {line.name}{': ' if line.detail else ''}{line.detail}")


def _print_roles(settings: Settings, *, as_json: bool) -> None:
    from streams.access import acl_commands, roles

    for role in roles(settings).values():
        store = role.descriptor()
        if as_json:
            print_json(
                {
                    "role": role.name,
                    "purpose": role.purpose,
                    "kafka": [asdict(one) for one in role.kafka],
                    "elasticsearch": store,
                }
            )
            continue
        click.echo(f"{role.name}: {role.purpose}")
        for words in acl_commands(role):
            click.echo(f"  kafka-acls.sh {words}")
        for cluster in [store["cluster"]] if store["cluster"] else []:
            click.echo(f"  Elasticsearch cluster: {', '.join(cluster)}")
        for one in store["indices"]:
            click.echo(f"  Elasticsearch indices {', '.join(one['names'])}: {', '.join(one['privileges'])}")
        for one in store.get("applications", []):
            click.echo(f"  Kibana, in {', '.join(one['resources'])}: {', '.join(one['privileges'])}")
