"""The enricher `severity` and its formula: monotone in negativity and reach, clamped, silent where nothing is known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichers.base import Draft
from enrichers.scoring.reach import ReachScale, negativity, reach, severity
from enrichers.severity import Severity
from schemas.enriched import UNSCORED, EnrichedPost, Intent, Sentiment
from schemas.errors import SettingsError
from schemas.raw import Author
from streams.settings import load_settings
from streams.wiring import build_cost

pytestmark = pytest.mark.unit

ANGRY = Sentiment(status="scored", label="negative", score=-0.8, confidence=0.9)
HAPPY = Sentiment(status="scored", label="positive", score=0.8, confidence=0.9)


def post(
    sentiment: Sentiment = ANGRY,
    *,
    followers: int | None = None,
    views: int | None = None,
    likes: int | None = None,
    intents: list[Intent] | None = None,
    role: str | None = None,
) -> EnrichedPost:
    return EnrichedPost(
        id="1",
        source="feed",
        channel="social",
        text="x",
        identity="x",
        version=1,
        event_time="2026-01-01T00:00:00Z",
        sentiment=sentiment,
        author=Author(followers=followers, role=role),  # type: ignore[arg-type]
        views=views,
        likes=likes,
        intents=intents or [],
    )


def test_only_negatives_are_severe() -> None:
    enrich = Severity()
    angry, happy, silent = (enrich([Draft(post(s, views=10**6))])[0].post.severity for s in (ANGRY, HAPPY, UNSCORED))
    assert angry is not None
    assert angry.score > 0.7
    assert happy is not None
    assert (happy.score, happy.negativity, happy.reach) == (0.0, 0.0, 1.0)
    assert silent is None


def test_a_complaint_weighs_more_and_a_company_reply_nothing() -> None:
    complaint = [Intent(label="complaint", confidence=0.9)]
    plain, wanting, own = (
        Severity()([Draft(p)])[0].post.severity
        for p in (post(), post(intents=complaint), post(intents=complaint, role="company"))
    )
    assert plain is not None
    assert wanting is not None
    assert own is not None
    assert wanting.score > plain.score > own.score == 0.0
    assert wanting.factors["complaint"] == 0.9


def test_reach_names_its_factors() -> None:
    found = reach(post(followers=999, likes=10))
    assert found.factors == {"followers": pytest.approx(0.5, abs=0.001), "likes": pytest.approx(0.2216, abs=0.001)}
    assert found.score == pytest.approx(0.4, abs=0.001)
    assert reach(post()).score == 0.0
    assert reach(post()).factors == {}


def test_odd_counts_are_clamped_and_noted() -> None:
    one = Severity()([Draft(post(followers=10**18, views=-5))])[0].post
    assert one.severity is not None
    assert one.severity.factors["followers"] == 1.0
    assert one.severity.factors["views"] == 0.0
    assert one.provenance.notes == [
        "severity: followers is out of range and was clamped",
        "severity: views is out of range and was clamped",
    ]


@given(st.floats(0, 1), st.floats(0, 1), st.integers(-(10**20), 10**20), st.integers(0, 10**9), st.integers(0, 10**9))
def test_severity_grows_with_negativity_and_reach(a: float, b: float, odd: int, few: int, many: int) -> None:
    low, high = sorted((a, b))
    few, many = sorted((few, many))
    small, large = reach(post(views=few)).score, reach(post(views=many)).score
    assert 0 <= small <= large <= 1
    assert 0 <= severity(low, small) <= severity(high, large) <= 1
    assert 0 <= reach(post(followers=odd)).score <= 1


def test_the_scale_is_a_setting() -> None:
    village = ReachScale(followers=100, followers_weight=1.0, floor=0.0)
    assert reach(post(followers=100), village).score == 1.0
    assert severity(0.5, 0.0, village) == 0.0
    assert severity(0.5, 0.0) == pytest.approx(0.1)


def test_negativity_needs_a_negative_label() -> None:
    assert negativity(UNSCORED) is None
    assert negativity(HAPPY, complaint=1.0) == 0.0
    unsure = Sentiment(status="scored", label="negative", score=-0.8, confidence=0.4)
    sure, doubtful = negativity(ANGRY), negativity(unsure)
    assert sure is not None
    assert doubtful is not None
    assert sure > doubtful > 0


def test_the_settings_shape_the_scale_of_reach() -> None:
    small = build_cost(load_settings(environ={"VOCERO_REACH_FOLLOWERS": "1000", "VOCERO_REACH_FLOOR": "0.5"}))
    told = Draft(post(followers=1_000))
    wide, narrow = (enricher([told])[0].post.severity for enricher in (build_cost(load_settings(environ={})), small))
    assert wide is not None
    assert narrow is not None
    assert narrow.factors["followers"] == 1.0 > wide.factors["followers"]
    assert narrow.score > wide.score


@pytest.mark.parametrize("value", ["0", "-1", "nan", "1e30"])
def test_a_scale_that_makes_no_sense_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="reach"):
        load_settings(environ={"VOCERO_REACH_FOLLOWERS": value})
