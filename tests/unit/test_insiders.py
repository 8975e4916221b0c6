"""Praise by the company's own people, and what is given for a review: found where it stands, and not elsewhere."""

from __future__ import annotations

import pytest

from enrichers.scoring import incentive, insiders

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "text",
    [
        "I work here and it is lovely",
        "As one of the owners I can only say: come!",
        "Trabajo en la empresa, es un producto excelente",
        "Sono la titolare e il nostro pane è ottimo",
        "Sou o dono da loja, venham",
        "En tant que gérante, je suis fière de nous",
        "Ich bin der Inhaber und lade euch ein",
    ],
)
def test_who_belongs_to_the_company(text: str) -> None:
    assert insiders.found(text)


@pytest.mark.parametrize(
    "text",
    [
        "I work outdoors and this is lovely",
        "As the owner of two cats I love it",
        "Soy dueño de un perro y le encanta",
        "Je suis propriétaire d'une maison ancienne",
        "Ich arbeite im Freien",
        "The owner works here every day",
    ],
)
def test_who_does_not(text: str) -> None:
    assert insiders.found(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "They refunded me after I agreed to post a positive review",
        "Leave a review and get a free cushion",
        "Für diese Bewertung habe ich einen Gutschein bekommen",
        "Prometeram devolver metade se eu apagasse a avaliação",
        "Free strap for every five star rating",
    ],
)
def test_money_back_and_gifts_for_a_review(text: str) -> None:
    assert incentive.found(text)


@pytest.mark.parametrize(
    "text",
    [
        "I asked for a refund and they never answered my review",
        "Free shipping, and every review is right",
        "Please refund me, the lid is broken",
        "Me devolvieron el dinero porque llegó rota",
    ],
)
def test_a_refund_alone_is_no_incentive(text: str) -> None:
    assert incentive.found(text) is None
