"""A source that hides negatives stands out against the same products elsewhere, and chance does not."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.raw import Rating
from streams.report.ratings import Stars, by_source, on_five

pytestmark = pytest.mark.unit


def stars(*values: float) -> Stars:
    made = Stars()
    for value in values:
        made.add(value)
    return made


def test_a_source_that_hides_negatives_stands_out() -> None:
    lines = by_source(
        {
            ("honest", "dress"): stars(1, 2, 5, 4, 1, 3, 5, 2, 4, 3),
            ("shiny", "dress"): stars(*[5] * 12),
            ("shiny", None): stars(5, 5),
        }
    )
    by_name = {line.source: line for line in lines}
    shiny, honest = by_name["shiny"], by_name["honest"]
    assert (shiny.stands_out, honest.stands_out) == (True, False)
    assert (shiny.count, shiny.compared, shiny.mean, shiny.five_share) == (14, 12, 5.0, 1.0)
    assert shiny.elsewhere == pytest.approx(3.0)
    assert honest.low_share == pytest.approx(0.4)


def test_the_products_are_weighed_as_the_source_does() -> None:
    lines = by_source(
        {
            ("a", "good"): stars(*[5] * 3),
            ("a", "bad"): stars(2),
            ("b", "good"): stars(*[5] * 10),
            ("b", "bad"): stars(*[1] * 10),
        }
    )
    a = next(line for line in lines if line.source == "a")
    assert a.elsewhere == pytest.approx((3 * 5 + 1) / 4)


def test_good_products_alone_do_not_make_a_source_stand_out() -> None:
    lines = by_source(
        {("a", "good"): stars(*[5] * 12), ("b", "good"): stars(*[5] * 12), ("b", "bad"): stars(*[1] * 50)}
    )
    assert not any(line.stands_out for line in lines)


def test_few_ratings_prove_nothing_and_no_counterpart_is_none() -> None:
    few = by_source({("a", "x"): stars(5, 5, 5), ("b", "x"): stars(1, 1, 1)})
    assert not any(line.stands_out for line in few)
    (alone,) = by_source({("a", "x"): stars(*[5] * 20)})
    assert (alone.elsewhere, alone.compared, alone.stands_out) == (None, 0, False)


@pytest.mark.parametrize(
    ("value", "best", "expected"),
    [(4, 5, 4.0), (8, 10, 4.0), (0, 5, 0.0), (6, 5, None), (-1, 5, None), (1, 0, None), (math.nan, 5, None)],
)
def test_every_scale_becomes_five(value: float, best: float, expected: float | None) -> None:
    assert on_five(Rating(value=value, best=best)) == expected


@given(
    st.dictionaries(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["x", "y", None])),
        st.lists(st.floats(0, 5), min_size=1, max_size=30).map(lambda values: stars(*values)),
        min_size=1,
    )
)
def test_any_ratings_give_sound_lines(cells: dict[tuple[str, str | None], Stars]) -> None:
    lines = by_source(cells)
    assert sum(line.count for line in lines) == sum(one.count for one in cells.values())
    for line in lines:
        assert 0 <= line.mean <= 5.000001
        assert sum(line.stars) == line.count
        assert line.elsewhere is None or -1e-9 <= line.elsewhere <= 5.000001
