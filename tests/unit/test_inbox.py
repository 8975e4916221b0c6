"""The inbox by HTTP: who is let in, what a form may do, what an answer carries, and that hostile posts are inert."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from schemas.enriched import Authenticity, EnrichedPost, Flag, Intent, Sentiment, Span, TopicRef, Translation
from schemas.errors import BrokerError, SettingsError
from schemas.identity import identity
from schemas.raw import Author, Rating
from sinks.base import Query
from sinks.memory import MemorySink
from streams.inbox.app import build_app
from streams.inbox.desk import Desk
from streams.inbox.guard import POLICY, Guard, guard_for
from streams.inbox.reading import lines_of

pytestmark = pytest.mark.unit
HOST = "127.0.0.1:8787"
GUARD = Guard(frozenset({HOST}))
ATTACK = "\"><script>alert(1)</script><img src=x onerror=alert(2)>' onmouseover='alert(3)' {{ 7*7 }}"


def complaint(number: int = 1, **fields: Any) -> EnrichedPost:
    text = fields.pop("text", "El paquete no llegó. Nobody answers.")
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
            "translation": Translation(status="translated", text="The parcel did not come. Nobody answers."),
            "sentiment": Sentiment(status="scored", label="negative", score=-0.8, confidence=0.9),
            "intents": [Intent(label="complaint", confidence=0.9)],
            "author": Author(handle="@marta", customer_id="C-1", followers=1000),
            **raw,
        }
    )


class Browser:
    """A client that keeps cookies and sends what a page's form holds."""

    def __init__(self, app: Any) -> None:
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=f"http://{HOST}")

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers=headers)

    async def post(self, path: str, data: dict[str, Any], **headers: str) -> httpx.Response:
        return await self.client.post(path, data=data, headers=headers)

    async def csrf(self, path: str) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', (await self.get(path)).text)
        assert found is not None
        return found[1]


@pytest.fixture
def world(inbox_world: Any) -> Any:
    made = inbox_world.World(MemorySink())
    made.tell([complaint()])
    return made


@pytest.fixture
def browser(world: Any) -> Browser:
    return Browser(build_app(world.sink, GUARD, Desk(lambda: world)))


def only_case(world: Any, queue: str = "complaint") -> dict[str, Any]:
    (document,) = world.sink.search(Query(kind="cases", queue=queue)).documents
    return document.body["feedback"]["case"]


async def step(browser: Browser, world: Any, action: str, **fields: Any) -> httpx.Response:
    case = only_case(world)
    path = f"/case/{case['id']}"
    form = {"csrf": await browser.csrf(path), "actor": "ana", "action": action, "expected": str(case["step"])}
    done = await browser.post(f"{path}/step", form | fields)
    assert done.status_code == 303, done.text
    return await browser.get(done.headers["location"])


async def test_the_queue_leads_to_a_case_with_original_translation_and_reasons(browser: Browser, world: Any) -> None:
    queue = await browser.get("/queue/complaint")
    assert queue.status_code == 200
    case = only_case(world)
    assert f"/case/{case['id']}" in queue.text
    page = (await browser.get(f"/case/{case['id']}")).text
    for words in ("El paquete no llegó", "The parcel did not come", "Severity is how negative", "1,000 followers"):
        assert words in html.unescape(page)


async def test_steps_are_taken_and_refused_with_the_reason_on_the_page(browser: Browser, world: Any) -> None:
    assert "Done." in (await step(browser, world, "contact", note="called")).text
    assert (only_case(world)["state"], world.commands[-1].note) == ("contacted", "called")
    page = await step(browser, world, "request-removal")
    assert "not possible from contacted" in page.text
    assert only_case(world)["state"] == "contacted"
    assert "Refused" not in (await browser.get(f"/case/{only_case(world)['id']}")).text  # told once
    assert 'value="ana"' in page.text  # the name is remembered


async def test_who_was_slower_is_told_who_was_quicker(browser: Browser, world: Any) -> None:
    seen = str(only_case(world)["step"])
    await step(browser, world, "contact")
    page = await step(browser, world, "acknowledge", expected=seen)
    assert "moved on since you looked" in html.unescape(page.text)
    assert only_case(world)["state"] == "contacted"


async def test_a_step_without_a_name_and_an_unknown_one_do_nothing(browser: Browser, world: Any) -> None:
    assert "give your name" in (await step(browser, world, "contact", actor=" ")).text
    assert "none of those" in (await step(browser, world, "explode")).text
    assert "none of those" in (await step(browser, world, "note", note="x" * 6000)).text
    assert world.commands == []


async def test_a_correction_reaches_the_post_and_can_be_taken_back(browser: Browser, world: Any) -> None:
    post = complaint().identity
    form = {"csrf": await browser.csrf(f"/post/{post}"), "actor": "ana", "sentiment": "neutral", "action": "correct"}
    done = await browser.post(f"/post/{post}/correct", form | {"intents": ["question", "other", "nonsense"]})
    page = html.unescape((await browser.get(done.headers["location"])).text)
    assert "ana corrected sentiment, intents" in page
    assert "The models said of sentiment: negative" in page
    assert only_case(world)["state"] == "dismissed"
    await browser.post(f"/post/{post}/correct", form | {"action": "undo"})
    assert "Put it right" in (await browser.get(f"/post/{post}")).text
    assert world.sink.count("posts", Query(sentiment="negative")) == 1
    assert "say at least one thing" in html.unescape(
        (
            await browser.get(
                (await browser.post(f"/post/{post}/correct", form | {"sentiment": ""})).headers["location"]
            )
        ).text
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda form, headers: form.pop("csrf"),
        lambda form, headers: form.update(csrf="forged"),
        lambda form, headers: form.update(csrf=Guard(frozenset({HOST})).serializer("csrf").dumps("x")),
        lambda form, headers: headers.update(origin="https://evil.example"),
        lambda form, headers: headers.update(origin="null"),
        lambda form, headers: headers.update({"sec-fetch-site": "cross-site"}),
    ],
)
async def test_a_form_that_is_not_ours_does_nothing(
    browser: Browser, world: Any, change: Callable[[dict[str, str], dict[str, str]], Any]
) -> None:
    path = f"/case/{only_case(world)['id']}"
    form = {"csrf": await browser.csrf(path), "actor": "ana", "action": "contact", "expected": "1"}
    headers: dict[str, str] = {}
    change(form, headers)
    assert (await browser.post(f"{path}/step", form, **headers)).status_code == 403
    assert world.commands == []


async def test_anothers_csrf_is_no_good(browser: Browser, world: Any) -> None:
    path = f"/case/{only_case(world)['id']}"
    other = Browser(build_app(world.sink, GUARD, Desk(lambda: world)))
    form = {"csrf": await other.csrf(path), "actor": "ana", "action": "contact"}
    await browser.get(path)
    assert (await browser.post(f"{path}/step", form)).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8787", "127.0.0.1", "127.0.0.1:8788", ""])
async def test_another_host_name_gets_nothing(browser: Browser, host: str) -> None:
    for path in ("/queue/complaint", "/static/inbox.css", "/enter", "/live"):
        answer = await browser.get(path, host=host)
        assert answer.status_code == 421
        assert "Lumbre" not in answer.text


async def test_every_answer_carries_the_policy_and_stays_in_no_cache(browser: Browser, world: Any) -> None:
    for path in ("/queue/complaint", f"/case/{only_case(world)['id']}", "/nowhere", "/static/inbox.js", "/case/none"):
        answer = await browser.get(path)
        assert answer.headers["content-security-policy"] == POLICY
        assert "unsafe" not in POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
    cookie = (await browser.get("/queue/complaint")).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


async def test_a_token_is_asked_for_and_opens(world: Any) -> None:
    token = "a token that is long enough"
    browser = Browser(build_app(world.sink, Guard(frozenset({HOST}), token=token), Desk(lambda: world)))
    for path in ("/", "/queue/complaint", f"/case/{only_case(world)['id']}", "/live", "/suggestions"):
        answer = await browser.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/enter")
    assert (await browser.post(f"/case/{only_case(world)['id']}/step", {"action": "contact"})).status_code == 303
    wrong = await browser.post("/enter", {"csrf": await browser.csrf("/enter"), "token": "guessed"})
    assert wrong.status_code == 403
    assert (await browser.get("/queue/complaint")).status_code == 303
    right = await browser.post("/enter", {"csrf": await browser.csrf("/enter"), "token": token})
    assert right.status_code == 303
    assert (await browser.get("/queue/complaint")).status_code == 200
    assert world.commands == []


def test_beyond_loopback_it_needs_a_token_tls_and_a_name() -> None:
    given: dict[str, Any] = {"token": None, "names": (), "tls": False, "allow_cleartext": False}
    assert guard_for("127.0.0.1", 1, **given).token is None
    for change, words in (
        ({}, "needs a token"),
        ({"token": "short"}, "too short"),
        ({"token": "x" * 16}, "in the clear"),
        ({"token": "x" * 16, "tls": True}, "name the hosts"),
    ):
        with pytest.raises(SettingsError, match=words):
            guard_for("0.0.0.0", 1, **(given | change))  # noqa: S104
    guard = guard_for("0.0.0.0", 1, **(given | {"token": "x" * 16, "tls": True, "names": ("Inbox.example",)}))  # noqa: S104
    assert {"inbox.example", "inbox.example:1"} <= guard.names
    assert guard.secure


async def test_without_a_broker_it_is_read_only_and_says_how_to_act(world: Any) -> None:
    browser = Browser(build_app(world.sink, GUARD, Desk(None, "Read only: no Kafka broker is named.")))
    case = only_case(world)
    page = (await browser.get(f"/case/{case['id']}")).text
    assert "no Kafka broker is named" in page
    assert re.search(r'value="contact"[^>]* disabled', page)
    form = {"csrf": await browser.csrf(f"/case/{case['id']}"), "actor": "ana", "action": "contact"}
    told = await browser.post(f"/case/{case['id']}/step", form)
    assert "Nothing was done" in (await browser.get(told.headers["location"])).text


async def test_a_broker_that_is_away_is_said_so_and_tried_again(world: Any) -> None:
    class Away:
        tries = 0

        def __call__(self) -> Any:
            self.tries += 1
            if self.tries == 1:
                raise BrokerError("Kafka does not answer")
            return world

    browser = Browser(build_app(world.sink, GUARD, Desk(Away())))
    assert "Kafka does not answer" in (await step(browser, world, "contact")).text
    assert "Done." in (await step(browser, world, "contact")).text


async def test_hostile_words_in_every_field_are_inert(inbox_world: Any) -> None:
    world = inbox_world.World(MemorySink())
    post = complaint(
        7,
        text=ATTACK,
        source=ATTACK,
        brand=ATTACK,
        product=ATTACK,
        place=ATTACK,
        title=ATTACK,
        url="javascript:alert(1)",
        language=ATTACK,
        author=Author(handle=ATTACK, name=ATTACK),
        rating=Rating(value=1),
        thread_id=ATTACK,
        spans=[Span(start=0, end=10, language="es", translation=Translation(status="translated", text=ATTACK))],
        topics=[TopicRef(status="assigned", id=ATTACK, label=ATTACK, keywords=[ATTACK])],
        authenticity=Authenticity(flags=[Flag(name=ATTACK, evidence=ATTACK)]),
    )
    world.tell([post, complaint(8, text=ATTACK, thread_id=ATTACK, source=ATTACK)])
    browser = Browser(build_app(world.sink, GUARD, Desk(lambda: world)))
    case = next(c.body["feedback"]["case"] for c in world.sink.search(Query(kind="cases", text="alert")).documents)
    await browser.get(f"/case/{case['id']}")
    form = {"csrf": await browser.csrf(f"/case/{case['id']}"), "actor": ATTACK, "note": ATTACK, "action": "note"}
    await browser.post(f"/case/{case['id']}/step", form | {"query": f"x={ATTACK}"})
    for path in (
        "/queue/complaint",
        f"/case/{case['id']}",
        f"/post/{post.identity}",
        f"/queue/complaint?text={ATTACK}",
    ):
        page = (await browser.get(path)).text
        elements = HTMLParser(page).css("*")
        assert [one.attributes for one in elements if one.tag == "script"] == [
            {"src": "/static/inbox.js", "defer": None}
        ]
        assert not {one.tag for one in elements} & {"img", "iframe", "object", "embed", "base", "style"}
        assert not [name for one in elements for name in one.attributes if name.startswith("on") or name == "style"]
        links = [one.attributes["href"] or "" for one in elements if "href" in one.attributes]
        assert all(link.startswith(("/", "#", "https://")) or link == "" for link in links), links
        assert "49" not in HTMLParser(page).css("main")[0].text().split()


@pytest.mark.parametrize(
    "path",
    [
        "/queue/nonsense",
        "/case/none",
        "/case/%00",
        "/case/%ff",
        "/post/none",
        "/queue/complaint?page=0",
        "/queue/complaint?page=99999999999999999999",
        "/queue/complaint?page=%F0%9D%9F%9B",
        "/queue/complaint?state=nonsense&language=%00&text=%22",
        "/queue/complaint?text=" + "x" * 3000,
        "/static/../app.py",
        "/static/%2e%2e/app.py",
    ],
)
async def test_odd_addresses_get_a_page_and_no_error(browser: Browser, path: str) -> None:
    answer = await browser.get(path)
    assert answer.status_code in (200, 404)
    assert "def " not in answer.text


async def test_large_and_strange_forms_are_refused(browser: Browser, world: Any) -> None:
    path = f"/case/{only_case(world)['id']}/step"
    csrf = await browser.csrf(path.removesuffix("/step"))
    assert (await browser.post(path, {"csrf": csrf, "note": "x" * 100_000})).status_code == 413
    strange = await browser.client.post(path, content=b"{}", headers={"content-type": "application/json"})
    assert strange.status_code == 415


async def test_the_thread_holds_replies_and_the_same_customer(browser: Browser, world: Any) -> None:
    reply = complaint(2, text="We are sorry", in_reply_to="1", author=Author(handle="@lumbre", role="company"))
    elsewhere = complaint(3, text="Told by mail too", channel="email", source="support")
    world.tell([reply, elsewhere])
    page = html.unescape((await browser.get(f"/case/{only_case_of(world)}")).text)
    assert "the company, replies to it" in page
    assert "same customer" in page
    assert "Answered in public" in page


async def test_threads_that_point_at_themselves_or_at_each_other_are_shown_once(browser: Browser, world: Any) -> None:
    own = complaint(1, in_reply_to="1", thread_id="1", version=2)
    one = complaint(5, in_reply_to="6", thread_id="6", author=Author(handle="@one"), text="The first of two")
    two = complaint(6, in_reply_to="5", thread_id="5", author=Author(handle="@two"), text="The second of two")
    world.tell([own, one, two])
    for post, others in ((own, 0), (one, 1), (two, 1)):
        page = await browser.get(f"/post/{post.identity}")
        assert page.status_code == 200
        assert page.text.count("All about it") == others


def only_case_of(world: Any) -> str:
    case = world.sink.search(Query(kind="cases", channel="social")).documents[0]
    return str(case.id)


def test_no_word_of_a_post_is_left_out_between_spans() -> None:
    text = "Uno. Two.   Drei!"
    spans = [
        Span(start=0, end=4, language="es", translation=Translation(status="translated", text="One.")),
        Span(start=5, end=9, language="en", translation=Translation(status="identity")),
    ]
    lines = lines_of(complaint(text=text, spans=spans))
    assert [line.text for line in lines] == ["Uno.", "Two.   Drei!"]
    assert [line.english for line in lines] == ["One.", None]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.inbox.desk.INDEX_SECONDS", 0.0)
