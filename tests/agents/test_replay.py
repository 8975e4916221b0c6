"""Dead letters driven again on the embedded broker, by real agents, once what caused them is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sinks.base import Query

if TYPE_CHECKING:
    from tests.agents.conftest import Bench

pytestmark = pytest.mark.agents


def test_what_enrich_could_not_use_arrives_when_the_cause_is_gone_and_a_newer_edit_wins(bench: Bench) -> None:
    def story() -> None:
        bench.send(*(bench.post(number, channel="survey", text="late") for number in range(1, 4)), bench.post(4))
        bench.until(lambda: bench.letters() == 3 and bench.text(4) is not None)
        tried = bench.replay(dry_run=True)
        assert tried.total("replayed") == 3
        assert len(bench.records(bench.topics.dead_letters)) == 3
        bench.channels["survey"] = bench.topics.raw["review"]
        bench.send(bench.post(3, channel="survey", text="an edit that came since"))
        bench.until(lambda: bench.text(3) is not None)
        assert bench.replay(reasons=["not-json"]).total("replayed") == 0
        assert bench.replay(reasons=["unknown-channel"]).total("replayed") == 3
        bench.until(lambda: bench.text(1) is not None and bench.text(2) is not None)
        second = bench.replay()
        assert (second.total("replayed"), second.total("already")) == (0, 3)
        bench.until(lambda: len(bench.records(bench.topics.enriched)) == 5)
        bench.send(bench.post(5))
        bench.until(lambda: bench.text(5) is not None)

    bench.while_running(story)
    assert bench.text(3) == "an edit that came since"
    raw = bench.records(bench.topics.raw["review"])
    originals = {record.timestamp_ms for record in raw if "vocero_raw" not in record.headers}
    (second,) = [one for one in bench.sink.search(Query(limit=100)).documents if one.body["feedback"]["id"] == "2"]
    assert second.version in originals
    assert bench.sink.count("posts") == 5
    assert bench.letters() == 3


def test_what_fails_again_is_a_dead_letter_again_and_can_be_driven_again(bench: Bench) -> None:
    def story() -> None:
        bench.send(bench.post(1, channel="survey"))
        bench.until(lambda: bench.letters() == 1)
        assert bench.replay().total("replayed") == 1
        bench.until(lambda: bench.letters() == 2)
        again = bench.replay()
        assert (again.total("replayed"), again.total("already")) == (1, 1)

    bench.while_running(story)


def test_what_the_store_refused_is_driven_to_the_store_alone(bench: Bench) -> None:
    def story() -> None:
        bench.sink.refused = "posts"
        bench.send(*(bench.post(number, text="bad") for number in range(3)))
        bench.until(lambda: bench.letters() == 3 and bench.sink.count("cases") == 3)
        bench.sink.refused = "cases"
        bench.send(bench.post(3, text="bad"))
        bench.until(lambda: bench.letters() == 4 and bench.sink.count("posts") == 1)
        bench.sink.refused = None
        before = {name: len(bench.records(name)) for name in (bench.topics.signals, bench.topics.cases)}
        result = bench.replay(stages=["index"])
        assert result.total("replayed") == 4
        bench.until(lambda: bench.sink.count("posts") == 4 and bench.sink.count("cases") == 4)
        assert before == {name: len(bench.records(name)) for name in before}
        assert len(bench.records(bench.topics.raw["review"])) == 4

    bench.while_running(story)
    assert bench.sink.count("alerts") == 0


def test_a_signal_that_broke_alert_is_counted_there_and_nowhere_twice(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from streams.stages import alert

    observe = alert.observe
    seen: list[str] = []
    broken = True

    def moody(state: object, signal: object, **given: object) -> object:
        if broken:
            raise ValueError("a bug in a rule")
        seen.append(signal.identity)  # type: ignore[attr-defined]
        return observe(state, signal, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(alert, "observe", moody)

    def story() -> None:
        nonlocal broken
        bench.send(bench.post(1, text="bad"))
        bench.until(lambda: bench.letters() == 1 and bench.sink.count("cases") == 1)
        broken = False
        assert bench.replay(stages=["alert"], reasons=["failed"]).total("replayed") == 1
        bench.until(lambda: len(seen) == 1)

    bench.while_running(story)
    (case,) = bench.sink.search(Query(kind="cases")).documents
    assert case.version == 1
    assert len(bench.records(bench.topics.cases)) == 1
