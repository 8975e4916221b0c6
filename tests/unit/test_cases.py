"""The life of a case: what opens it, what moves it, and that a repeat moves nothing."""

from typing import Any

import pytest
from msgspec.structs import replace

from schemas.cases import Case, CaseCommand
from schemas.signals import Signal
from streams.cases.moves import MAX_EVENTS, legal, refusal, replayed
from streams.cases.rules import (
    MOVES,
    answers,
    case_id,
    moved_by_command,
    moved_by_post,
    opened,
    opens_case,
    queues,
    recovers,
)

pytestmark = pytest.mark.unit

COMPLAINT = Signal(
    identity="a" * 64,
    version=1,
    brand="Lumbre",
    event_time=1_774_000_000_000,
    channel="social",
    source="chirper",
    post_id="77",
    sentiment="negative",
    intents=["complaint"],
    author="@marta",
    customer_id="C-1",
    severity=0.8,
)
REPLY = replace(
    COMPLAINT, identity="b" * 64, post_id="78", role="company", in_reply_to="77", sentiment="neutral", author="@lumbre"
)
THANKS = replace(
    COMPLAINT, identity="c" * 64, post_id="99", sentiment="positive", intents=["praise"], event_time=1_775_000_000_000
)


def command(action: str, number: int = 1, **fields: Any) -> CaseCommand:
    return CaseCommand(
        id=str(number),
        case_id=case_id(COMPLAINT.identity),
        brand="Lumbre",
        action=action,  # type: ignore[arg-type]
        actor="ana",
        at=f"2026-04-{1 + number % 28:02d}T10:00:00.000Z",
        **fields,
    )


def walked(case: Case, *steps: str) -> Case:
    for number, step in enumerate(steps, start=100 + len(case.history)):
        case = moved_by_command(case, command(step, number))
        assert case.history[-1].refused is None, case.history[-1]
    return case


def test_only_a_customers_negative_complaint_opens_a_case() -> None:
    assert opens_case(COMPLAINT)
    assert not opens_case(replace(COMPLAINT, role="company"))
    assert queues(replace(COMPLAINT, intents=["suggestion"])) == ["suggestion"]
    assert not opens_case(replace(COMPLAINT, intents=["question"]))
    assert not opens_case(replace(COMPLAINT, sentiment=None))


def test_the_companys_reply_answers_and_thanks_recover() -> None:
    case = opened(COMPLAINT)
    assert answers(case, REPLY)
    assert not answers(case, replace(REPLY, in_reply_to="1"))
    assert not answers(case, replace(REPLY, source="elsewhere"))
    case = moved_by_post(case, REPLY)
    assert (case.state, case.version) == ("answered", 2)
    assert recovers(case, THANKS)
    case = moved_by_post(case, THANKS)
    assert (case.state, case.version) == ("recovered", 3)
    assert [event.action for event in case.history] == ["open", "public-answer", "thanks"]


def test_a_stranger_or_an_earlier_praise_recovers_nothing() -> None:
    case = opened(COMPLAINT)
    stranger = replace(THANKS, customer_id="C-2", author="@other")
    assert not recovers(case, stranger)
    assert not recovers(case, replace(THANKS, event_time=COMPLAINT.event_time - 1))
    assert not recovers(case, replace(THANKS, role="company"))
    assert recovers(case, replace(THANKS, customer_id=None))  # the same handle on the same source


def test_a_redelivered_post_or_command_changes_nothing() -> None:
    case = moved_by_post(opened(COMPLAINT), REPLY)
    assert moved_by_post(case, REPLY) is case
    moved = moved_by_command(opened(COMPLAINT), command("acknowledge"))
    assert moved_by_command(moved, command("acknowledge")) is moved


def test_every_legal_path_reaches_its_state() -> None:
    case = opened(COMPLAINT)
    for number, step in enumerate(("acknowledge", "contact", "resolve", "answer")):
        case = moved_by_command(case, command(step, number))
        assert case.state == MOVES["complaint"][step].target  # type: ignore[index]
    assert case.version == 5


@pytest.mark.parametrize("step", ["resolve", "answer"])
def test_an_illegal_step_is_refused_with_a_reason_and_moves_nothing(step: str) -> None:
    case = moved_by_command(opened(COMPLAINT), command(step))
    assert case.state == "opened"
    assert case.history[-1].refused is not None
    assert "opened" in case.history[-1].refused


def test_removal_is_the_last_step_and_only_recorded() -> None:
    case = opened(COMPLAINT)
    for steps in ((), ("acknowledge",), ("acknowledge", "contact"), ("contact", "resolve")):
        assert refusal(walked(case, *steps), "request-removal") is not None
    replied = moved_by_post(case, REPLY)  # answered in public, but nobody has spoken to the person
    assert replied.state == "answered"
    assert "last step" in (refusal(replied, "request-removal") or "")
    asked = walked(case, "contact", "mediate", "answer", "request-removal")
    assert (asked.state, asked.status) == ("removal-requested", "closed")
    assert asked.excerpt == COMPLAINT.excerpt
    assert asked.identity == COMPLAINT.identity


def test_the_person_is_answered_before_the_public() -> None:
    acknowledged = walked(opened(COMPLAINT), "acknowledge")
    assert "contacted" in (refusal(acknowledged, "answer") or "")
    steps = legal(walked(acknowledged, "contact", "resolve"))
    assert steps == ["answer", "reroute", "our-version", "note", "reopen"]


def test_a_mail_is_contacted_and_closed_without_a_public() -> None:
    mail = opened(replace(COMPLAINT, channel="email"))
    replied = moved_by_post(mail, replace(REPLY, channel="email"))
    assert (replied.state, replied.history[-1].action) == ("contacted", "private-reply")
    done = walked(replied, "resolve")
    assert done.status == "closed"
    assert "not written in public" in (refusal(done, "answer") or "")


def test_each_queue_has_moves_of_its_own() -> None:
    idea = opened(replace(COMPLAINT, intents=["suggestion"]), "suggestion")
    assert "no step of a suggestion" in (refusal(idea, "resolve") or "")
    assert "no step of a complaint" in (refusal(opened(COMPLAINT), "done") or "")
    done = walked(idea, "done")
    assert (done.state, done.status) == ("done", "closed")
    assert walked(done, "reopen").status == "open"
    kind = replace(COMPLAINT, sentiment="positive", intents=["praise"], reach=0.5)
    assert queues(kind) == ["praise"]
    assert queues(replace(kind, reach=0.0)) == []
    assert queues(replace(kind, reach=0.0, intents=["praise", "question"])) == ["praise"]
    assert queues(replace(COMPLAINT, intents=["complaint", "suggestion"])) == ["complaint", "suggestion"]
    assert walked(opened(kind, "praise"), "answer").status == "closed"


def test_two_people_at_once_lose_no_step() -> None:
    seen = opened(COMPLAINT)
    one = moved_by_command(seen, command("contact", 1, expected=seen.step))
    two = moved_by_command(one, command("acknowledge", 2, expected=seen.step))
    assert one.state == two.state == "contacted"
    assert "moved on" in (two.history[-1].refused or "")
    assert "ana" in (two.history[-1].refused or "")
    # a refusal is no step: who looked before it may go on
    three = moved_by_command(two, command("resolve", 3, expected=one.step))
    assert three.state == "resolved"


def test_times_are_measured_once() -> None:
    case = opened(COMPLAINT)
    case = moved_by_command(case, command("contact", 2))
    waited = case.first_contact_seconds
    assert waited is not None
    assert waited > 0
    case = walked(case, "resolve", "answer")
    assert case.first_contact_seconds == waited
    assert (case.resolution_seconds or 0) > 0
    again = walked(case, "reopen")
    assert (again.resolution_seconds, again.resolved_at, again.first_contact_seconds) == (None, None, waited)


def test_rerouting_and_the_two_versions_stand_in_the_case() -> None:
    case = moved_by_command(opened(COMPLAINT), command("reroute", 1))
    assert "needs the company or the department" in (case.history[-1].refused or "")
    case = moved_by_command(case, command("reroute", 2, company="Courier GmbH", department="claims"))
    case = moved_by_command(case, command("our-version", 3, text="The parcel was held by customs."))
    case = moved_by_post(case, replace(REPLY, excerpt="We are so sorry."))
    assert (case.company, case.department, case.brand) == ("Courier GmbH", "claims", "Lumbre")
    assert case.our_version == "The parcel was held by customs."
    assert case.reply is not None
    assert (case.reply.text, case.reply.identity) == ("We are so sorry.", REPLY.identity)


def test_a_post_edited_into_praise_recovers_its_own_case() -> None:
    case = opened(COMPLAINT)
    edited = replace(COMPLAINT, version=2, sentiment="positive", intents=["praise"])
    assert recovers(case, edited)
    assert not recovers(case, replace(edited, version=1))
    after = moved_by_post(case, edited)
    assert after.state == "recovered"
    assert moved_by_post(after, edited) is after


def test_strangers_of_one_name_and_praise_for_another_product_recover_nothing() -> None:
    nobody = opened(replace(COMPLAINT, author="Anonymous", customer_id=None))
    assert not recovers(nobody, replace(THANKS, author="Anonymous", customer_id=None))
    dress = opened(replace(COMPLAINT, product="Alba dress"))
    assert not recovers(dress, replace(THANKS, product="Brisa shirt"))
    assert recovers(dress, THANKS)


def test_the_events_alone_make_the_case_again() -> None:
    case = moved_by_post(walked(opened(COMPLAINT), "acknowledge", "contact"), replace(REPLY, excerpt="Sorry"))
    case = moved_by_command(case, command("done", 50))
    case = moved_by_post(moved_by_command(case, command("our-version", 51, text="x")), THANKS)
    assert case.state == "recovered"
    assert replayed(case) == case
    assert replayed(replace(case, state="opened")) != replace(case, state="opened")
    assert replayed(replace(case, first_contact_seconds=1)) != replace(case, first_contact_seconds=1)


def test_a_full_case_takes_no_step_and_stays_as_it_is() -> None:
    case = opened(COMPLAINT)
    for number in range(MAX_EVENTS - 1):
        case = moved_by_command(case, command("note", number, note="x"))
    assert legal(case) == []
    assert moved_by_command(case, command("contact", 9999)) is case
    assert moved_by_post(case, THANKS) is case
