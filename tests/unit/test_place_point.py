"""Coordinates of a place, on their way into a post."""

from __future__ import annotations

import pytest

from schemas.raw import Point, RawPost
from streams.intake import to_draft

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("lat", "lon", "kept"), [(39.47, -0.38, True), (-90, 180, True), (400, 0, False), (0, -180.5, False)]
)
def test_what_is_no_place_on_earth_costs_the_point_and_not_the_post(lat: float, lon: float, kept: bool) -> None:
    point = Point(lat=lat, lon=lon)
    raw = RawPost(id="1", source="shop", channel="review", text="x", place="Valencia", place_point=point)
    post = to_draft(raw, received_ms=1_700_000_000_000).post
    assert (post.place, post.place_point) == ("Valencia", point if kept else None)
    assert any("place_point" in note for note in post.provenance.notes) != kept
