"""`vocero cases`: what is followed up; `move` takes a step and tells what became of it, `suggestions` counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from schemas.cases import CaseAction, CaseQueue, CaseState
from schemas.errors import StoreError
from sinks.base import Query, Sink
from streams.cli.common import errors_console, json_option, opened_store, print_json, settings_of, short

if TYPE_CHECKING:
    from schemas.cases import CaseAnswer, CaseCommand
    from streams.settings import Settings

QUEUES = list(get_args(CaseQueue))
STATES = ["open", "closed", *get_args(CaseState)]
STEPS = [action for action in get_args(CaseAction) if action != "correct"]
AT_MOST = 10_000


@click.group(invoke_without_command=True)
@click.option("--queue", type=click.Choice(QUEUES), help="Only complaints, suggestions or praise.")
@click.option("--state", type=click.Choice(STATES), help="Only cases in this state.")
@click.option("--brand", help="Only of this company, rerouted cases too.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, AT_MOST))
@json_option
@click.pass_context
def command(
    ctx: click.Context, queue: str | None, state: str | None, brand: str | None, limit: int, as_json: bool
) -> None:
    """List cases, the most severe first. `vocero cases move CASE STEP` takes one on.

    \b
    Examples:
      vocero cases --queue complaint --state open
      vocero cases show case-3f2a…
      vocero cases move case-3f2a… contact --actor ana --note "called, no answer"
      vocero cases suggestions
    """
    if ctx.invoked_subcommand:
        return
    query = Query(kind="cases", sort="severity", queue=queue, state=state, brand=brand, limit=limit)
    with opened_store(settings_of(ctx)) as sink:
        cases = _cases(sink, query)
    if as_json:
        for case in cases:
            print_json(case)
        return
    console = Console(highlight=False)
    if not cases:
        console.print("no case was opened yet" if state is None else f"no case is {state}")
        return
    for case in cases:
        head = Text(f"{case['id']}  ")
        head.append(f"{case['state']:<13}", style="green" if case["state"] == "recovered" else "bold")
        head.append(f"{case['queue']:<11}severity {case.get('severity', 0):.2f}  {case['opened_at'][:10]}  ")
        head.append(f"{case['channel']}  {short(case.get('author') or 'unknown', 30)}  {short(case.get('place'), 30)}")
        console.print(head, soft_wrap=True)
        words = case.get("translation") or case.get("excerpt")
        console.print(Text(f"    {short(words, max(40, console.width - 6))}", style="dim"), soft_wrap=True)


@command.command()
@click.argument("case")
@json_option
@click.pass_context
def show(ctx: click.Context, case: str, as_json: bool) -> None:
    """Show a CASE: its words, the company's answer, what happened, and which steps are possible now."""
    from streams.cases.moves import legal
    from streams.cases.reading import case_of

    with opened_store(settings_of(ctx)) as sink:
        body = _stored(sink, case)
    steps = legal(case_of(body))
    if as_json:
        print_json({**body, "steps": steps})
        return
    console = Console(highlight=False)
    console.print(
        Text(f"{body['id']}  {body['queue']}  {body['state']} ({body['status']}), step {body.get('step', 0)}")
    )
    for name in ("excerpt", "translation", "our_version"):
        if body.get(name):
            console.print(Text(f"  {name.replace('_', ' '):<12} {short(body[name], 400)}"))
    if reply := body.get("reply"):
        console.print(Text(f"  {'reply':<12} {short(reply['text'], 400)}"))
    for event in body.get("history", []):
        line = Text(f"  {event['at'][:16].replace('T', ' ')}  {short(event['action'], 20):<16}", style="dim")
        line.append(short(" ".join(filter(None, (event.get("actor"), event.get("note")))), 200))
        if event.get("refused"):
            line.append(f"  refused: {short(event['refused'], 300)}", style="red")
        console.print(line, soft_wrap=True)
    console.print(Text(f"  possible now: {', '.join(steps)}"))


@command.command()
@click.argument("case")
@click.argument("step", type=click.Choice(STEPS))
@click.option("--actor", required=True, help="Who takes the step.")
@click.option("--note", help="Why, or how.")
@click.option("--text", help="The public reply (answer), or the company's own version (our-version).")
@click.option("--company", help="With reroute: the company that it belongs to.")
@click.option("--department", help="With reroute: the department that it belongs to.")
@click.option("--expected", type=int, help="The case's step as you saw it. By default as the store shows it now.")
@click.option("--brand", help="Of a case that the store does not know yet: the brand that its post names.")
@click.option("--wait", default=15.0, show_default=True, type=click.FloatRange(0, 600), help="Seconds to wait.")
@json_option
@click.pass_context
def move(
    ctx: click.Context,
    /,
    case: str,
    step: str,
    actor: str,
    expected: int | None,
    brand: str | None,
    wait: float,
    as_json: bool,
    **fields: str | None,
) -> None:
    """Take a STEP in a CASE: sent to Kafka, answered by the `case` stage. A refused step says why, and exits with 1.

    \b
    acknowledge, contact (in private), mediate, resolve, answer (in public), request-removal (recorded; the post
    stays), done (a suggestion), dismiss (no case at all), reopen, reroute, our-version, note
    """
    from streams.cases.line import new_command

    settings = settings_of(ctx)
    with opened_store(settings) as sink:
        found = sink.get("cases", [case])[0]
    if found is not None:
        known = found.body["feedback"]["case"]
        expected = known.get("step", 0) if expected is None else expected
    elif brand:
        known = {"id": case, "brand": brand}
    else:
        raise StoreError(f"there is no case {case}: `vocero cases` lists them; name --brand if its post is on its way")
    try:
        order = new_command(known, step, actor, expected=expected, **fields)
    except msgspec.ValidationError as error:
        raise click.UsageError(f"the step does not fit its schema: {error}") from None
    take(ctx, settings, order, case, step, seconds=wait, as_json=as_json)


def take(
    ctx: click.Context, settings: Settings, order: CaseCommand, what: str, step: str, *, seconds: float, as_json: bool
) -> None:
    """Sends a command, waits for its answer, and tells it."""
    from streams.cases.line import CaseLine

    line = CaseLine(settings, sender="cli")
    try:
        answer = line.send(order, seconds=seconds)
    finally:
        line.close()
    told(ctx, what, step, answer, as_json=as_json)


def told(ctx: click.Context, what: str, step: str, answer: CaseAnswer | None, *, as_json: bool) -> None:
    """Tells what became of a command; exits with 1 where it is not done."""
    console = errors_console()
    if as_json and answer is not None:
        print_json(msgspec.to_builtins(answer))
    if answer is None:
        console.print("Kafka keeps the step, but no `case` worker has answered yet: it is taken when one runs")
    elif answer.outcome == "done":
        state = f": it is {answer.state} now (step {answer.step})" if answer.state else ""
        console.print(f"done: {step} for {what}{state}")
    else:
        console.print(f"{answer.outcome}: {answer.reason}")
    if answer is None or answer.outcome != "done":
        ctx.exit(1)


@command.command()
@click.option("--brand", help="Only of this company.")
@json_option
@click.pass_context
def suggestions(ctx: click.Context, brand: str | None, as_json: bool) -> None:
    """Count suggestions by product: how many are open, done, or dismissed."""
    from streams.cases.reading import suggestions_by_product

    with opened_store(settings_of(ctx)) as sink:
        counted, whole = suggestions_by_product(sink, brand)
    if as_json:
        for product, states in counted:
            print_json({"product": product, "total": sum(states.values()), **states})
        return
    console = Console(highlight=False)
    if not counted:
        console.print("nobody has suggested anything yet")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("suggestions", "open", "done", "dismissed", "product"):
        table.add_column(name, justify="left" if name == "product" else "right")
    for product, states in counted:
        row = (sum(states.values()), states["open"], states["done"], states["dismissed"])
        table.add_row(*map(str, row), Text(short(product or "no product named", 60)))
    console.print(table)
    if not whole:
        errors_console().print(f"only the first {AT_MOST} suggestions are counted", style="dim")


@command.command()
@json_option
@click.pass_context
def replay(ctx: click.Context, as_json: bool) -> None:
    """Read the topic of cases from its start, fold every case's events again, and say whether all agree.

    Exits with 1 where a case's record is not what its events make of it, or the store shows another state.
    """
    from streams.cases.reading import Replayed, replayed_topic

    settings = settings_of(ctx)
    with opened_store(settings) as sink:
        found: Replayed = replayed_topic(settings, sink)
    if as_json:
        print_json(msgspec.to_builtins(found))
    else:
        Console(highlight=False).print(
            f"{found.cases} cases with {found.events} events replayed; {len(found.damaged)} are not what their events "
            f"make of them, {len(found.elsewhere)} stand otherwise in the store"
        )
        for case in [*found.damaged, *found.elsewhere][:20]:
            errors_console().print(case)
    if found.damaged or found.elsewhere:
        ctx.exit(1)


def _cases(sink: Sink, query: Query) -> list[dict[str, Any]]:
    return [document.body["feedback"]["case"] for document in sink.search(query).documents]


def _stored(sink: Sink, case: str) -> dict[str, Any]:
    found = sink.get("cases", [case])[0]
    if found is None:
        raise StoreError(f"there is no case {case}: `vocero cases` lists them")
    body: dict[str, Any] = found.body["feedback"]["case"]
    return body
