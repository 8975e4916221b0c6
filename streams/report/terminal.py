"""The summary on stdout: about one screen. Posts are shown as plain text, whatever markup they hold."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from streams.report.episodes import episodes
from streams.report.model import Feelings, Group, Summary, Voice
from streams.report.words import day_name, language_name, negative_share, one_line, percent, period, trend

BAR = 76
COLOURS = {"negative": "red", "neutral": "bright_black", "positive": "green", "unscored": "dim"}
SIGNS = {"negative": "█", "neutral": "▒", "positive": "░", "unscored": "·"}
"""Told apart without colour too."""
LINES = 5


def print_summary(summary: Summary, console: Console | None = None) -> None:
    """Prints to stdout, or to the given console; without colour where it is not a terminal."""
    out = console or Console(highlight=False, emoji=False, markup=False)
    width = min(out.width, 120)
    _head(out, summary)
    if not summary.posts:
        return
    out.print()
    out.print(_groups(summary))
    for show in (_topics, _complaints, _alerts, _rest):
        out.print()
        show(out, summary, width)


def _head(out: Console, summary: Summary) -> None:
    head = Text("\n")
    head.append(f"{summary.posts} posts", style="bold")
    head.append(f", {period(summary)}" if summary.posts else ": nothing was indexed yet")
    if summary.company_posts:
        head.append(f"; {summary.company_posts} of them the company's own, left out below", style="dim")
    out.print(head)
    if summary.unread:
        out.print(
            Text(f"{summary.unread} more posts are stored but could not be read; they are not counted", style="yellow")
        )
    if summary.posts:
        feelings = summary.feelings
        counts = Text("  ").join(
            Text(f"{sign} {name} {getattr(feelings, name)}", style=COLOURS[name]) for name, sign in SIGNS.items()
        )
        out.print(_bar(feelings, min(out.width, BAR)))
        out.print(counts)


def _bar(feelings: Feelings, width: int) -> Text:
    """A stacked bar of exactly `width` characters, by largest remainders."""
    total = feelings.total or 1
    exact = {name: width * getattr(feelings, name) / total for name in SIGNS}
    cells = {name: int(value) for name, value in exact.items()}
    for name in sorted(exact, key=lambda one: cells[one] - exact[one])[: width - sum(cells.values())]:
        cells[name] += 1
    bar = Text()
    for name, sign in SIGNS.items():
        bar.append(sign * cells[name], style=COLOURS[name])
    return bar


def _groups(summary: Summary) -> Table:
    """Channels and languages, side by side."""
    grid = Table.grid(padding=(0, 3))
    grid.add_row(_group_table("channel", summary.channels[:LINES]), _languages(summary))
    return grid


def _languages(summary: Summary) -> Table:
    shown = summary.languages[:LINES]
    table = _group_table("language", shown)
    rest = summary.languages[LINES:]
    unsupported = sum(group.unsupported for group in summary.languages)
    if rest:
        table.add_row(Text(f"{len(rest)} more"), str(sum(group.posts for group in rest)), "")
    if unsupported:
        table.add_row(Text("no translation", style="yellow"), str(unsupported), "")
    return table


def _group_table(title: str, groups: tuple[Group, ...]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(title)
    table.add_column("posts", justify="right")
    table.add_column("negative", justify="right")
    for group in groups:
        label = language_name(group.name) if title == "language" else group.name
        table.add_row(Text(one_line(label, 18)), str(group.posts), negative_share(group.feelings))
    return table


def _topics(out: Console, summary: Summary, width: int) -> None:
    if not summary.topics:
        out.print(Text("no topic was born yet", style="dim"))
        return
    table = Table(box=None, pad_edge=False, header_style="bold", title_justify="left")
    table.add_column("topic", no_wrap=True, width=max(30, width - 42))
    table.add_column("posts", justify="right")
    table.add_column("negative", justify="right")
    table.add_column("last 7 days", no_wrap=True)
    for topic in summary.topics[: LINES + 1]:
        label = one_line(topic.label, max(30, width - 42))
        table.add_row(Text(label), str(topic.posts), percent(topic.negative, topic.posts), trend(topic))
    out.print(table)


def _complaints(out: Console, summary: Summary, width: int) -> None:
    if not summary.complaints:
        out.print(Text("no complaint was found", style="dim"))
        return
    out.print(Text("worst complaints", style="bold"))
    for voice in summary.complaints[:LINES]:
        out.print(_voice(voice, width))


def _voice(voice: Voice, width: int) -> Text:
    """Severity, where it comes from, and what it says in English, else in its own words."""
    line = Text(f" {voice.severity or 0:.2f} ", style="red")
    where = f"{voice.language} {one_line(voice.channel, 8)} "
    line.append(where, style="dim")
    if voice.author and voice.followers and voice.followers >= 10_000:
        where += (extra := f"{one_line(voice.author, 20)} ({voice.followers / 1000:.0f}k) ")
        line.append(extra, style="dim")
    line.append(one_line(voice.translation or voice.text, max(20, width - 7 - len(where))))
    line.no_wrap, line.overflow = True, "ellipsis"
    return line


def _alerts(out: Console, summary: Summary, width: int) -> None:
    if not summary.alerts_in_all:
        out.print(Text("no negative spike was found", style="dim"))
        return
    told = episodes(summary.alerts)
    out.print(Text(f"negative spikes: {len(told)}, in {summary.alerts_in_all} series", style="bold"))
    for episode in told[:3]:
        alert = episode.main
        line = Text(f" {one_line(alert.what, 34)}", style="red")
        line.append(f", {one_line(alert.brand, 20)}")
        if alert.peak_day is not None:
            line.append(f": {alert.peak} negatives on {day_name(alert.peak_day)}, usually {alert.usual:.1f} a day")
        line.no_wrap, line.overflow = True, "ellipsis"
        out.print(line, width=width)
        if episode.also:
            also = f"   seen also in {', '.join(one_line(other.what, 30) for other in episode.also[:4])}"
            out.print(Text(also, style="dim", no_wrap=True, overflow="ellipsis"), width=width)


def _doubts(out: Console, summary: Summary, width: int) -> None:
    for line in summary.ratings:
        if line.stands_out and line.elsewhere is not None:
            text = (
                f"{one_line(line.source, 30)}: {line.mean:.1f} stars; elsewhere its products get {line.elsewhere:.1f}"
            )
            out.print(Text(text, style="yellow", no_wrap=True, overflow="ellipsis"), width=width)
    if summary.flags:
        flags = ", ".join(f"{one_line(flag.name, 30)} {flag.posts}" for flag in summary.flags[:LINES])
        out.print(Text(f"doubts about authenticity: {flags}", style="yellow"))


def _rest(out: Console, summary: Summary, width: int) -> None:
    """What else is worth a word, on a few lines."""
    _doubts(out, summary, width)
    cases = ", ".join(f"{one_line(state, 20)} {count}" for state, count in summary.case_states)
    parts = [
        f"cases: {cases}" if cases else "no cases",
        f"{summary.suggestions} with a suggestion",
        f"{summary.two_topics} with two topics or more",
        f"{summary.rating_disagrees} whose stars and words disagree",
        f"{sum(count for _, count in summary.redactions)} redactions",
    ]
    if summary.failed_posts:
        names = ", ".join(f"{one_line(name, 20)} {count}" for name, count in summary.failed[:LINES])
        parts.append(f"{summary.failed_posts} posts on which an enricher failed ({names})")
    if summary.dead_letters is not None:
        parts.append(f"{summary.dead_letters} dead letters")
    out.print(Text("; ".join(parts)))
