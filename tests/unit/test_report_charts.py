"""The charts' geometry: bars within the frame, heights that add up, few enough of them, marks where they belong."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.report.charts import BARS, HEIGHT, buckets, ceiling, parts, time_chart

pytestmark = pytest.mark.unit
FIRST = date(2026, 3, 2)


@given(st.integers(0, 12_000))
def test_any_period_has_a_limited_number_of_equal_bars(days: int) -> None:
    last = FIRST + timedelta(days=days)
    spans = buckets(FIRST, last)
    assert 1 <= len(spans) <= BARS
    assert spans[0].start == FIRST
    assert spans[-1].start <= last < spans[-1].end
    assert all(a.end == b.start for a, b in pairwise(spans))


@given(st.integers(0, 10**9))
def test_the_axis_holds_the_value_and_its_half_is_whole(value: int) -> None:
    top = ceiling(value)
    assert top >= max(value, 2)
    assert top % 2 == 0
    assert top <= max(2, 2 * value)


def test_bars_are_stacked_from_the_bottom_in_proportion() -> None:
    spans = buckets(FIRST, FIRST + timedelta(days=1))
    chart = time_chart("posts", spans, {"negative": {FIRST: 5}, "positive": {FIRST: 3, spans[1].start: 1}})
    low, high, alone = chart.rects
    assert (low.kind, low.y + low.height) == ("negative", HEIGHT)
    assert (high.kind, high.y + high.height) == ("positive", pytest.approx(low.y))
    assert high.height / low.height == pytest.approx(3 / 5)
    assert alone.x > 1
    assert chart.rows == (("2 Mar", (5, 3)), ("3 Mar", (0, 1)))
    assert low.title == "2 Mar: 5 negative"


def test_days_beyond_a_bar_are_summed_in_it() -> None:
    last = FIRST + timedelta(days=100)
    spans = buckets(FIRST, last)
    days = {FIRST + timedelta(days=n): 1 for n in range(101)}
    chart = time_chart("posts", spans, {"all": days})
    assert sum(values[0] for _, values in chart.rows) == 101
    assert chart.rows[0] == ("2 Mar to 8 Mar", (7,))


def test_a_mark_stands_at_its_hour_and_not_outside() -> None:
    spans = buckets(FIRST, FIRST + timedelta(days=3))
    noon = datetime(2026, 3, 3, 12, tzinfo=UTC)
    chart = time_chart("posts", spans, {"all": {}}, [(noon, "here"), (noon + timedelta(days=99), "outside")])
    assert [(mark.at, mark.label) for mark in chart.marks] == [(pytest.approx(37.5), "here")]


def test_nothing_is_drawn_of_nothing() -> None:
    assert time_chart("posts", (), {"all": {}}).rects == ()
    assert parts({"a": 0}) == ()


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.integers(0, 1000), max_size=6))
def test_the_parts_of_a_bar_fill_it(values: dict[str, int]) -> None:
    rects = parts(values)
    assert sum(rect.width for rect in rects) == pytest.approx(100 if any(values.values()) else 0)
