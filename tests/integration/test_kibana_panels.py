"""Every panel's query on a real Elasticsearch that holds the sample: fields are there, and answers are not empty."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from sinks.elasticsearch import connect

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"vocero_test_{name}", Path(__file__).parents[1] / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


kibana = _load("kibana")
OBJECTS: list[dict[str, Any]] = kibana.load()
VIEWS = {one["id"]: one["attributes"] for one in OBJECTS if one["type"] == "index-pattern"}
SEARCHES = [one for one in OBJECTS if one["type"] == "search"]
CHARTS = list(kibana.charts(OBJECTS))

BEFORE, SINCE, UNTIL = "2026-03-02", "2026-03-23", "2026-04-13"
"""The story's second half is the time range that is looked at, its first half the one before."""
NOW = ("now-1d", "now+1d")
"""Dead letters are dated by when their records came."""
NOT_IN_THE_SAMPLE = {"Enrichers failed"}
MAY_BE_UNKNOWN = {"feedback.alert.topics"}
"""A rise is told at once, often before its topic is born: whether a run's alerts name one depends on how fast it is."""


@pytest.fixture(scope="module")
def stored(elasticsearch_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Elasticsearch, str]]:
    """A client, and the prefix of the indices that hold the demo's documents."""
    prefix = f"t{uuid.uuid4().hex[:12]}"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("VOCERO_")},
        "VOCERO_STORE": "elasticsearch",
        "VOCERO_ELASTICSEARCH_URL": elasticsearch_server,
        "VOCERO_TOPIC_PREFIX": prefix,
        "HF_HUB_OFFLINE": "1",
    }
    done = subprocess.run(
        [str(Path(sys.executable).with_name("vocero")), "demo"],
        cwd=tmp_path_factory.mktemp("demo"),
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    with connect(elasticsearch_server) as client:
        client.indices.refresh(index=f"{prefix}-*")
        yield client, prefix
        client.indices.delete(index=f"{prefix}-*")


def index_of(view: str, prefix: str) -> str:
    """The alias of a data view, under the test's prefix."""
    return f"{prefix}-{VIEWS[view]['title'].partition('-')[2]}"


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
def test_a_charts_query_is_answered(stored: tuple[Elasticsearch, str], chart: Any) -> None:
    client, prefix = stored
    index = index_of(chart.view, prefix)
    known = client.field_caps(index=index, fields=sorted(kibana.fields(chart)) or ["@timestamp"])["fields"]
    for name in kibana.fields(chart):
        assert all(one["aggregatable"] and one["searchable"] for one in known[name].values()), name

    time = VIEWS[chart.view]["timeFieldName"]
    rows = ask(client, index, chart, time, *(NOW if chart.view == "vocero-dead-letters" else (SINCE, UNTIL)))
    earlier = ask(client, index, chart, time, BEFORE, SINCE)
    assert rows or kibana.fields(chart) & MAY_BE_UNKNOWN
    if not rows:
        return
    for name in chart.values:
        column = chart.columns[name]
        found = [row[name] for row in (earlier if "timeShift" in column else rows)]
        assert any(found) or column["label"] in NOT_IN_THE_SAMPLE, f"{column['label']} is empty"


def ask(
    client: Elasticsearch, index: str, chart: Any, time: str, since: str, until: str
) -> list[dict[str, float | None]]:
    """The chart's rows for a time range."""
    answer = client.search(index=index, **kibana.request(chart, time=time, since=since, until=until))
    return list(kibana.cells(chart, answer["aggregations"]))


@pytest.mark.parametrize("one", SEARCHES, ids=lambda one: one["id"])
def test_a_saved_search_shows_every_column_in_its_order(stored: tuple[Elasticsearch, str], one: dict[str, Any]) -> None:
    client, prefix = stored
    view = one["references"][0]["id"]
    attributes = one["attributes"]
    ((sort, _),) = attributes["sort"]
    query = kibana.kuery(attributes["kibanaSavedObjectMeta"]["searchSourceJSON"]["query"]["query"])
    answer = client.search(
        index=index_of(view, prefix),
        query=query,
        fields=attributes["columns"],
        sort=[{sort: "desc"}],
        source=False,
        size=500,
    )
    hits = answer["hits"]["hits"]
    assert hits
    known = client.field_caps(index=index_of(view, prefix), fields=attributes["columns"])["fields"]
    assert set(known) >= set(attributes["columns"])
    for column in set(attributes["columns"]) - MAY_BE_UNKNOWN:
        assert any(hit.get("fields", {}).get(column) for hit in hits), f"{column} is empty"
    values = [hit["sort"][0] for hit in hits if hit["sort"][0] is not None]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) > 1 or len(hits) == 1


@pytest.mark.parametrize("text", kibana.examples("kql"))
def test_an_analysts_query_finds_something(stored: tuple[Elasticsearch, str], text: str) -> None:
    client, prefix = stored
    known = client.field_caps(index=f"{prefix}-posts", fields=sorted(kibana.kuery_fields(text)))["fields"]
    assert set(known) >= kibana.kuery_fields(text)
    assert 0 < client.count(index=f"{prefix}-posts", query=kibana.kuery(text))["count"] < 250


@pytest.mark.parametrize("text", kibana.examples("console"))
def test_an_analysts_request_is_answered(stored: tuple[Elasticsearch, str], text: str) -> None:
    client, prefix = stored
    head, _, body = text.partition("\n")
    assert head == "GET feedback-posts/_search"
    request = json.loads(body)
    answer = client.search(index=f"{prefix}-posts", source=request.pop("_source", None), **request)
    assert answer["hits"]["total"]["value"] > 0
    for name, asked in request.get("aggs", {}).items():
        assert answer["aggregations"][name]["buckets"], asked


def test_stars_by_source_show_what_the_story_tells(stored: tuple[Elasticsearch, str]) -> None:
    """`starpicks.example` has nearly only five stars, where other sources have the same products."""
    client, prefix = stored
    (chart,) = [one for one in CHARTS if one.name.endswith("/ratings")]
    answer = client.search(
        index=index_of(chart.view, prefix),
        **kibana.request(chart, time="@timestamp", since=BEFORE, until=UNTIL),
    )
    names = [name for name, column in chart.columns.items() if column["label"] == "Average stars"]
    stars = {
        bucket["key"]: bucket[names[0]]["value"]["value"]
        for bucket in answer["aggregations"][chart.buckets[0]]["buckets"]
    }
    assert max(stars, key=lambda source: stars[source]) == "starpicks.example"
    assert stars["starpicks.example"] - stars["lumbre.example"] > 1
