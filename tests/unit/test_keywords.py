"""Words that name a topic: what may be one, what stands for what, and no stop word or name among them."""

from __future__ import annotations

import pytest

from streams.learning.keywords import STOP, document_frequencies, keywords, label_of, names_in, terms_of

pytestmark = pytest.mark.unit


def named(inside: list[str], others: list[str]) -> list[str]:
    everything = [terms_of(text) for text in (*inside, *others)]
    names = frozenset(names_in((*inside, *others)))
    frequencies = document_frequencies(everything)
    return keywords(everything[: len(inside)], frequencies, len(everything), names=names)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("How do I top up my card?", {"top up", "card"}),
        ("My top-up failed", {"top up", "failed"}),
        ("The late delivery of it", {"late", "delivery", "late delivery"}),
        ("late in delivery", {"late", "delivery"}),
        ("Can you tell me how long it takes?", set()),
        ("Write to [EMAIL] or @shop, see https://shop.example #fail", {"write", "see"} - STOP),
    ],
)
def test_what_may_name_a_topic(text: str, terms: set[str]) -> None:
    assert terms_of(text) == terms


def test_the_words_that_tell_a_topic_from_the_rest_come_first() -> None:
    words = named(
        ["My top-up was declined"] * 3 + ["Why was the top up declined?"] * 3,
        ["The card was lost"] * 6 + ["A card payment is pending"] * 6,
    )
    assert words[:2] == ["top up", "declined"]
    assert label_of(words) == "top up, declined"


def test_one_word_in_several_forms_is_named_once() -> None:
    words = named(
        ["I activate the card", "please reactivate the card", "she activated it", "transferring money", "transfer it"]
        * 3,
        ["the parcel is late"] * 15,
    )
    assert len([word for word in words if "activat" in word]) == 1
    assert len([word for word in words if "transfer" in word]) == 1


def test_a_place_is_no_name_for_a_topic() -> None:
    inside = ["The parcel never came to Valencia", "In Valencia the courier rings at night", "They lost it in Valencia"]
    words = named(inside * 2, ["The dress is lovely"] * 6)
    assert words
    assert not any("valencia" in word for word in words)


def test_stop_words_name_nothing() -> None:
    assert named(["What is it about then, and why?"] * 6, ["The dress is lovely"] * 6) == []
