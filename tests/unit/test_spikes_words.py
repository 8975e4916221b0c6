"""An alert says what its posts speak of, before they have a topic."""

from __future__ import annotations

from itertools import count

import msgspec
import pytest

from schemas.signals import Signal
from streams.spikes.words import KNOWN, RECENT, Heard, hear, shared_topics, standing_out, unhear
from tests.unit.test_spikes_incidents import Story, ordinary

pytestmark = pytest.mark.unit
DAY = 288


def complaint(number: int, text: str, **fields: object) -> Signal:
    """A negative in English."""
    signal = Story().add(1, 0, 1, excerpt=text, language="en").signals[0]
    return msgspec.structs.replace(signal, identity=f"{number:064x}", **fields)


def heard(*texts: str) -> tuple[Heard, list[int]]:
    """Forty ordinary complaints, then these two days later; and the numbers of these."""
    said, numbers = Heard(), count()
    for number in range(40):
        hear(said, next(numbers), number, complaint(number, "The delivery was late and the box was damaged"), day=DAY)
    mine = [next(numbers) for _ in texts]
    for member, text in zip(mine, texts, strict=True):
        hear(said, member, 3 * DAY, complaint(member, text), day=DAY)
    return said, mine


def test_the_first_alert_names_what_its_posts_share_and_earlier_ones_do_not() -> None:
    burst = {"excerpt": "La app no abre.", "language": "es", "translation": "The delivery app crashes at login."}
    calm = ordinary()
    for number, signal in enumerate(calm.signals):
        text = "The delivery was late." if number % 2 else "The delivery never came."
        calm.signals[number] = msgspec.structs.replace(signal, translation=text)
    alerts = calm.add(30, 24 * 21, 24 * 21 + 12, place="Valencia", topics=[], **burst).told()
    started = next(alert for alert in alerts if alert.leads)
    assert started.topics == []
    assert {word for term in started.new_words for word in term.split()} >= {"app", "crashes", "login"}
    assert "delivery" not in started.new_words


def test_words_of_one_post_and_names_are_not_told() -> None:
    said, mine = heard(*(f"It was Marta again: checkout freezes, code x{word}" for word in ("aa", "bb", "cc", "dd")))
    words = " ".join(standing_out(said, mine)).split()
    assert "checkout" in words
    assert "freezes" in words
    assert not {"marta", "xaa"} & set(words)


def test_what_is_said_all_the_time_is_nothing_new() -> None:
    said, mine = heard(*["The delivery was late and the box was damaged"] * 6)
    assert standing_out(said, mine) == []


def test_nothing_is_called_new_while_little_is_known() -> None:
    said = Heard()
    for number in range(6):
        hear(said, number, number, complaint(number, "The checkout freezes"), day=DAY)
    assert standing_out(said, range(6)) == []


def test_memory_is_bounded_and_the_newest_words_stay_comparable() -> None:
    said = Heard()
    for number in range(2000):
        text = f"delivery late {chr(97 + number % 26) * 4}{chr(97 + number // 26 % 26) * 3} word"
        hear(said, number, number, complaint(number, text), day=DAY)
    assert len(said.recent) <= RECENT
    assert len(said.terms) <= KNOWN + 20
    assert said.terms["delivery"] == pytest.approx(said.posts, rel=0.1)


def test_a_post_that_is_erased_takes_its_words_along() -> None:
    said, mine = heard(*["The checkout freezes"] * 3)
    assert standing_out(said, mine)
    assert unhear(said, mine[0])
    assert not unhear(said, mine[0])
    assert standing_out(said, mine) == []


def test_a_topic_of_one_post_is_not_what_the_alert_is_about() -> None:
    said = Heard()
    labels = [["zip, tear"], ["courier, late"], ["courier, late", "app"], ["courier, late", "app"], []]
    for number, own in enumerate(labels):
        hear(said, number, 1, complaint(number, "x", topics=[(one, one) for one in own]), day=DAY)
    assert shared_topics(said, range(5)) == ["courier, late", "app"]
