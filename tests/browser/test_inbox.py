"""The inbox in a real browser: steps with and without script, keys, live updates, a phone, axe, and hostile posts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from schemas.enriched import (
    Authenticity,
    EnrichedPost,
    Flag,
    Intent,
    Sentiment,
    Span,
    TopicRef,
    Translation,
)
from schemas.identity import identity
from schemas.raw import Author, Rating
from schemas.topics import Topic
from sinks.base import Query
from sinks.documents import topic_document
from sinks.memory import MemorySink
from streams.links.saying import word_on

pytestmark = pytest.mark.browser
ATTACKS = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "\"><svg onload=alert(3)><a href='javascript:alert(4)'>x</a>' onmouseover='alert(5)' x='",
    "</title></textarea></option></select><base href=https://evil.example/><iframe srcdoc='<script>alert(6)</script>'>",
    "\u202eevil\u202c " + "W" * 300,
)
ORIGINAL = "Llevo tres semanas esperando. Nobody answers my mails!"


def post(number: int, text: str = ORIGINAL, **fields: Any) -> EnrichedPost:
    raw: dict[str, Any] = {"id": str(number), "source": "chirper", "channel": "social", "brand": "Lumbre", **fields}
    return EnrichedPost(
        **{
            "identity": identity(raw["channel"], raw["source"], raw["id"]),
            "version": 1,
            "event_time": f"2026-03-{1 + number % 28:02d}T10:00:00.000Z",
            "text": text,
            "clean_text": text,
            "language": "es",
            "languages": ["es", "en"],
            "spans": [
                Span(
                    start=0,
                    end=29,
                    language="es",
                    translation=Translation(status="translated", text="I have been waiting for three weeks."),
                    sentiment=Sentiment(status="scored", label="negative", score=-0.6, confidence=0.9),
                ),
                Span(start=30, end=len(text), language="en", translation=Translation(status="identity")),
            ],
            "translation": Translation(status="translated", text="I have been waiting. Nobody answers my mails!"),
            "sentiment": Sentiment(status="scored", label="negative", score=-0.9 + number / 100, confidence=0.9),
            "intents": [Intent(label="complaint", confidence=0.9)],
            "author": Author(handle=f"@p{number}", followers=100_000 >> number),
            "topics": [TopicRef(status="assigned", id="t1", label="late delivery", keywords=["late", "courier"])],
            "product": "Alba dress",
            **raw,
        }
    )


def story() -> Iterator[EnrichedPost]:
    for number in range(8):
        yield post(number)
    yield post(20, "We are so sorry", in_reply_to="0", author=Author(handle="@lumbre", role="company"))
    for number, attack in enumerate(ATTACKS, start=30):
        yield post(
            number,
            attack,
            source=attack,
            product=attack,
            place=attack,
            title=attack,
            url="javascript:alert(8)",
            author=Author(handle=attack, name=attack),
            rating=Rating(value=1),
            spans=[],
            topics=[TopicRef(status="assigned", id=attack, label=attack)],
            authenticity=Authenticity(flags=[Flag(name=attack, evidence=attack)]),
        )
    yield post(50, "You could offer more colours", intents=[Intent(label="suggestion", confidence=0.9)], spans=[])


@dataclass
class Inbox:
    """A served inbox, and what pages did while they were looked at."""

    address: str
    world: Any
    browser: Browser
    dialogs: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def page(
        self, path: str = "/", width: int = 1280, scheme: Literal["light", "dark"] = "light", **given: Any
    ) -> Page:
        page = self.browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme, **given)

        def dismissed(dialog: Any) -> None:
            self.dialogs.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", dismissed)
        page.on("console", lambda message: self.console.append(message.text))
        page.on("pageerror", lambda error: self.console.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith(self.address) else self.foreign.append(asked.url))
        page.goto(self.address + path)
        return page

    def cases(self, text: str = "", queue: str = "complaint") -> list[dict[str, Any]]:
        query = Query(kind="cases", queue=queue, text=text, sort="severity", limit=100)
        return [found.body["feedback"]["case"] for found in self.world.sink.search(query).documents]


@pytest.fixture
def inbox(chromium: Browser, inbox_world: Any) -> Iterator[Inbox]:
    world = inbox_world.World(MemorySink())
    world.tell(story())
    with inbox_world.served(world) as address:
        made = Inbox(address, world, chromium)
        yield made
        for context in chromium.contexts:
            context.close()
    assert made.dialogs == []
    assert made.foreign == []
    assert made.console == []


LOOKS: list[tuple[int, Literal["light", "dark"]]] = [(1280, "light"), (390, "dark"), (390, "light")]


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_no_page_has_a_serious_fault_or_scrolls_sideways(
    inbox: Inbox, width: int, scheme: Literal["light", "dark"]
) -> None:
    hostile = inbox.cases("alert")[0]["id"]
    for path in ("/queue/complaint", f"/case/{inbox.cases()[0]['id']}", f"/case/{hostile}", "/suggestions", "/nowhere"):
        page = inbox.page(path, width, scheme)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found = Axe().run(page).response["violations"]
        serious = [
            (fault["id"], [node["html"][:150] for node in fault["nodes"][:3]])
            for fault in found
            if fault["impact"] in ("serious", "critical")
        ]
        assert serious == [], path
        wide = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide[0] <= wide[1], path
        page.close()
    inbox.console[:] = [line for line in inbox.console if "404" not in line]  # of /nowhere


@pytest.mark.parametrize("script", [True, False])
def test_a_case_is_worked_to_its_end_by_buttons(inbox: Inbox, script: bool) -> None:
    page = inbox.page("/queue/complaint", java_script_enabled=script)
    page.locator("a[data-case]").first.click()
    assert page.locator(".spans .said").first.inner_text() == "Llevo tres semanas esperando."
    assert page.locator(".spans .english").first.inner_text() == "I have been waiting for three weeks."
    assert "We are so sorry" in page.locator(".ours").inner_text()
    for step in ("contact", "resolve"):
        page.locator("#actor").fill("ana")
        page.locator("#note").fill(f"about {step}")
        page.locator(f"#steps button[value={step}]").click()
        page.wait_for_selector(".told.good")
    page.locator("summary", has_text="Answered in public").click()
    page.locator("#text-answer").fill("It was our mistake.")
    page.locator("#steps button[value=answer]").click()
    page.wait_for_selector(".told.good")
    case = next(one for one in inbox.cases() if one["author"] == "@p0")
    assert (case["state"], case["status"], case["reply"]["text"]) == ("answered", "closed", "It was our mistake.")
    assert [event.get("actor") for event in case["history"][-3:]] == ["ana"] * 3
    assert "It was our mistake." in page.locator(".ours").inner_text()


def test_a_refused_step_says_why(inbox: Inbox) -> None:
    page = inbox.page(f"/case/{inbox.cases()[0]['id']}")
    other = inbox.page(f"/case/{inbox.cases()[0]['id']}")
    for one in (page, other):
        one.locator("#actor").fill("ana" if one is page else "luis")
        one.locator("#steps button[value=contact]").click()
        one.wait_for_selector(".told")
    told = other.locator(".told[role=alert]").inner_text()
    assert "moved on since you looked" in told
    assert "ana" in told
    assert "refused" in other.locator(".history .refused").inner_text()


def test_the_keyboard_is_enough(inbox: Inbox) -> None:
    page = inbox.page("/queue/complaint")
    page.keyboard.press("j")
    page.keyboard.press("j")
    second = page.evaluate("document.activeElement.textContent")
    assert second == page.locator("a[data-case]").nth(1).text_content()
    page.keyboard.press("Enter")
    page.wait_for_url("**/case/**")
    page.keyboard.press("s")
    assert page.evaluate("document.activeElement.id") == "actor"
    page.keyboard.type("jku")
    page.keyboard.press("Escape")
    page.keyboard.press("k")
    page.wait_for_selector("h1")
    page.keyboard.press("u")
    page.wait_for_url("**/queue/complaint**")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "text"
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    page.wait_for_url("**/queue/suggestion**")
    page.keyboard.press("Tab")
    assert "Skip" in page.evaluate("document.activeElement.textContent")


def test_a_new_case_appears_by_itself_and_an_open_page_is_told(inbox: Inbox) -> None:
    queue = inbox.page("/queue/complaint")
    case = inbox.page(f"/case/{inbox.cases()[0]['id']}")
    before = queue.locator("a[data-case]").count()
    case.locator("#note").fill("half a thought")
    inbox.world.tell([post(60, author=Author(handle="@new", followers=900_000))])
    queue.wait_for_selector("text=@new")
    assert queue.locator("a[data-case]").count() == before + 1
    assert queue.locator(".top a[aria-current] .count").inner_text().startswith(str(before + 1))
    thanks = Sentiment(status="scored", label="positive", score=0.9, confidence=0.9)
    praise = [Intent(label="praise", confidence=0.9)]
    inbox.world.tell([post(27, "Gracias!", sentiment=thanks, intents=praise, author=Author(handle="@p0"), spans=[])])
    case.wait_for_selector("#fresh:not([hidden])")
    assert case.locator("#note").input_value() == "half a thought"
    case.locator("#reload").click()
    case.wait_for_selector(".chip.s-recovered")


def test_a_correction_by_form(inbox: Inbox) -> None:
    page = inbox.page(f"/case/{next(one for one in inbox.cases() if one['state'] == 'opened')['id']}")
    page.locator("summary", has_text="Put it right").click()
    page.locator("#actor-correct").fill("ana")
    page.locator("#sentiment").select_option("neutral")
    page.get_by_label("question").check()
    page.get_by_role("button", name="Correct it").click()
    page.wait_for_selector(".told.good")
    assert "dismissed" in page.locator(".head").inner_text()
    assert "ana corrected sentiment, intents" in page.locator(".why").inner_text()


@pytest.mark.parametrize("script", [True, False])
def test_a_link_is_undone_by_a_button(inbox: Inbox, script: bool) -> None:
    tellings = [post(0), post(1)]
    inbox.world.compare(tellings)
    inbox.world.say(word_on(tellings[0], tellings[1], "link", "luis"))
    case = next(one for one in inbox.cases() if one["post_id"] == "0")
    page = inbox.page(f"/case/{case['id']}", java_script_enabled=script)
    assert "linked by a person" in page.locator(".thread").inner_text()
    page.locator("summary", has_text="Not the same complaint").click()
    if script:
        serious = [one for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")]
        assert serious == []
    page.locator("#actor-part-1").fill("ana")
    page.get_by_role("button", name="Undo the link").click()
    page.wait_for_selector(".told.good")
    assert page.locator("summary", has_text="Not the same complaint").count() == 0
    found = inbox.world.sink.get("posts", [one.identity for one in tellings])
    assert [one.body["feedback"].get("links", []) for one in found] == [[], []]


def test_another_topic_is_chosen_from_those_that_there_are(inbox: Inbox) -> None:
    for topic in (Topic(id="t9", label="torn seams", count=4), Topic(id="t8", label="<b>gone", status="retired")):
        inbox.world.sink.write([topic_document(topic)])
    case = next(one for one in inbox.cases() if one["post_id"] == "0")
    page = inbox.page(f"/case/{case['id']}")
    page.locator("summary", has_text="Put it right").click()
    page.locator("#actor-correct").fill("ana")
    assert page.locator("#topic option").all_inner_texts() == ["as they are", "none of them fits", "torn seams"]
    page.locator("#topic").select_option(label="torn seams")
    page.get_by_role("button", name="Correct it").click()
    page.wait_for_selector(".told.good")
    (found,) = inbox.world.sink.get("posts", [case["identity"]])
    assert [topic["id"] for topic in found.body["feedback"]["topics"]] == ["t9"]
    assert "ana corrected topics" in page.locator(".why").inner_text()


def test_hostile_words_are_shown_and_run_nothing(inbox: Inbox) -> None:
    for case in [one for one in inbox.cases() if int(one["post_id"]) >= 30]:
        page = inbox.page(f"/case/{case['id']}")
        attack = ATTACKS[int(case["post_id"]) - 30]
        assert attack in page.locator(".words").inner_text()
        assert page.locator("script, iframe, img, base, object, embed").count() == 1
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        for one in page.locator("bdi").all()[:6]:
            one.hover()
        page.close()


def test_what_got_in_anyway_would_not_run(inbox: Inbox) -> None:
    """The second line of defence: the policy."""
    page = inbox.page("/queue/complaint")
    page.evaluate(
        """document.querySelector('main').insertAdjacentHTML('beforeend',
            '<img src=x onerror=alert(1)><iframe srcdoc="<script>alert(2)</script>"></iframe>')"""
    )
    page.wait_for_timeout(300)
    assert len([line for line in inbox.console if "Content Security Policy" in line]) >= 2
    inbox.console.clear()


def test_dark_and_light_differ_and_it_is_read_at_a_phones_width(inbox: Inbox) -> None:
    colours = set()
    for width, scheme in LOOKS:
        page = inbox.page(f"/case/{inbox.cases()[0]['id']}", width, scheme)
        colours.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        said, english = (page.locator(f".spans .{name}").first.bounding_box() for name in ("said", "english"))
        assert said is not None
        assert english is not None
        beside = english["x"] > said["x"] + said["width"] / 2
        assert beside == (width > 640)
        for button in page.locator("#steps .buttons button:visible").all():
            box = button.bounding_box()
            assert box is not None
            assert box["height"] >= 40
        page.close()
    assert len(colours) == 2
