"""The life of a case: what opens it, what moves it, and that a repeat moves nothing."""

import pytest
from msgspec.structs import replace

from schemas.cases import CaseCommand
from schemas.signals import Signal
from streams.cases.rules import (
    MOVES,
    answers,
    case_id,
    moved_by_command,
    moved_by_post,
    opened,
    opens_case,
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


def command(action: str, number: int = 1) -> CaseCommand:
    return CaseCommand(
        id=str(number),
        case_id=case_id(COMPLAINT.identity),
        brand="Lumbre",
        action=action,  # type: ignore[arg-type]
        actor="ana",
        at="2026-04-01T10:00:00.000Z",
    )


def test_only_a_customers_negative_complaint_opens_a_case() -> None:
    assert opens_case(COMPLAINT)
    assert not opens_case(replace(COMPLAINT, role="company"))
    assert not opens_case(replace(COMPLAINT, intents=["suggestion"]))
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
        assert case.state == MOVES[step][1]  # type: ignore[index]
    assert case.version == 5


@pytest.mark.parametrize("step", ["resolve", "answer"])
def test_an_illegal_step_is_refused_with_a_reason_and_moves_nothing(step: str) -> None:
    case = moved_by_command(opened(COMPLAINT), command(step))
    assert case.state == "opened"
    assert case.history[-1].refused is not None
    assert "opened" in case.history[-1].refused
