"""Kibana's saved objects read as Kibana reads them: what they name, and what they ask of Elasticsearch.

The translation covers what deploy/kibana uses: form-based Lens columns of one layer, and a small part of KQL.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "deploy" / "kibana"
FILE = FOLDER / "vocero.ndjson"
PAGE = FOLDER.parents[1] / "docs" / "analysts.md"
RECORDS = "___records___"
Json = dict[str, Any]

_TOKEN = re.compile(r'"[^"]*"|[():]|[<>]=?|[^\s():<>"]+')


def load(path: Path = FILE) -> list[Json]:
    """The objects, with the JSON in their attributes unpacked."""
    return [_unpacked(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def examples(language: str) -> list[str]:
    """The code blocks of one language on the analysts' page."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def _unpacked(value: Any, name: str = "") -> Any:
    if isinstance(value, str) and (name.endswith("JSON") or name in {"fieldFormatMap", "sourceFilters"}):
        return json.loads(value)
    if isinstance(value, dict):
        return {key: _unpacked(one, key) for key, one in value.items()}
    return [_unpacked(one) for one in value] if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class Chart:
    """A Lens panel: its name for messages, its data view's id, its columns in order, and its query."""

    name: str
    view: str
    columns: dict[str, Json]
    query: str

    @property
    def buckets(self) -> list[str]:
        """Ids of the columns that group, outermost first."""
        return [name for name, column in self.columns.items() if column["isBucketed"]]

    @property
    def values(self) -> list[str]:
        """Ids of the columns that measure."""
        return [name for name, column in self.columns.items() if not column["isBucketed"]]


def charts(objects: list[Json]) -> Iterator[Chart]:
    """Every Lens panel of every dashboard."""
    for one in objects:
        for panel in one["attributes"].get("panelsJSON", []):
            if panel["type"] == "lens":
                lens = panel["embeddableConfig"]["attributes"]
                (layer,) = lens["state"]["datasourceStates"]["formBased"]["layers"].values()
                columns = {name: layer["columns"][name] for name in layer["columnOrder"]}
                name = f"{one['id']}/{panel['panelIndex']}"
                yield Chart(name, lens["references"][0]["id"], columns, lens["state"]["query"]["query"])


def fields(chart: Chart) -> set[str]:
    """Every field that a chart names."""
    queries = [chart.query, *(_queries(chart.columns))]
    named = {column["sourceField"] for column in chart.columns.values() if "sourceField" in column}
    return (named - {RECORDS}).union(*(kuery_fields(query) for query in queries))


def _queries(columns: dict[str, Json]) -> Iterator[str]:
    for column in columns.values():
        if "filter" in column:
            yield column["filter"]["query"]
        for part in column["params"].get("filters", []):
            yield part["input"]["query"]


def kuery_fields(text: str) -> set[str]:
    """Fields named in a KQL query."""
    tokens = _TOKEN.findall(text)
    return {tokens[place - 1] for place, token in enumerate(tokens) if token in {":", "<", "<=", ">", ">="}}


def kuery(text: str) -> Json:
    """KQL as a query. Raises ValueError for what is no KQL, or more of it than is understood here."""
    if not text:
        return {"match_all": {}}
    parser = _Kuery(_TOKEN.findall(text))
    query = parser.either()
    if parser.tokens:
        raise ValueError(f"KQL ends too early: {text}")
    return query


@dataclass(slots=True)
class _Kuery:
    tokens: list[str]

    def either(self) -> Json:
        parts = [self.both()]
        while self.took("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else {"bool": {"should": parts, "minimum_should_match": 1}}

    def both(self) -> Json:
        parts = [self.one()]
        while self.took("and"):
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else {"bool": {"filter": parts}}

    def one(self) -> Json:
        if self.took("not"):
            return {"bool": {"must_not": [self.one()]}}
        if self.took("("):
            query = self.either()
            self.need(")")
            return query
        field = self.next()
        sign = self.next()
        if sign != ":":
            names = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
            return {"range": {field: {names[sign]: self.next()}}}
        if not self.took("("):
            return _matches(field, self.next())
        parts = [_matches(field, self.next())]
        while self.took("or"):
            parts.append(_matches(field, self.next()))
        self.need(")")
        return {"bool": {"should": parts, "minimum_should_match": 1}}

    def next(self) -> str:
        if not self.tokens:
            raise ValueError("KQL ends too early")
        return self.tokens.pop(0)

    def took(self, token: str) -> bool:
        if self.tokens and self.tokens[0] == token:
            self.tokens.pop(0)
            return True
        return False

    def need(self, token: str) -> None:
        if not self.took(token):
            raise ValueError(f"KQL lacks {token}")


def _matches(field: str, value: str) -> Json:
    if value == "*":
        return {"exists": {"field": field}}
    if value.startswith('"'):
        return {"match_phrase": {field: value.strip('"')}}
    return {"wildcard": {field: value}} if "*" in value else {"match": {field: value}}


def request(chart: Chart, *, time: str, since: str, until: str) -> Json:
    """The body of the search that a chart makes for a time range (RFC 3339); columns by their ids."""
    values = {name: _value(chart.columns[name]) for name in chart.values}
    aggs = values
    for name in reversed(chart.buckets):
        # at every level, since a level may be ordered by a value
        aggs = {**values, name: {**_bucket(chart.columns[name], chart.columns), "aggs": aggs}}
    window = {"range": {time: {"gte": since, "lt": until}}}
    return {"size": 0, "query": {"bool": {"filter": [window, kuery(chart.query)]}}, "aggs": aggs}


def _value(column: Json) -> Json:
    """One number; a column without a filter of its own has one that lets everything pass."""
    operation = {"average": "avg", "unique_count": "cardinality", "count": "value_count"}.get(
        column["operationType"], column["operationType"]
    )
    field = "_index" if column["sourceField"] == RECORDS else column["sourceField"]
    asked = kuery(column["filter"]["query"] if "filter" in column else "")
    metric: Json = {operation: {"field": field}}
    if operation == "median":
        metric = {"percentiles": {"field": field, "percents": [50]}}
    return {"filter": asked, "aggs": {"value": metric}}


def _bucket(column: Json, columns: dict[str, Json]) -> Json:
    params = column["params"]
    if column["operationType"] == "date_histogram":
        return {"date_histogram": {"field": column["sourceField"], "fixed_interval": "1d", "min_doc_count": 1}}
    if column["operationType"] == "filters":
        return {"filters": {"filters": {part["label"]: kuery(part["input"]["query"]) for part in params["filters"]}}}
    assert column["operationType"] == "terms", column["operationType"]
    order = params["orderBy"]
    by = {"alphabetical": "_key", "custom": "_count"}.get(order["type"], "")
    if not by:
        assert order["columnId"] in columns
        by = f"{order['columnId']}>value"
    asked = {"field": column["sourceField"], "size": params["size"], "order": {by: params["orderDirection"]}}
    return {"terms": asked | ({"exclude": params["exclude"]} if params["exclude"] else {})}


def cells(chart: Chart, aggregations: Json) -> Iterator[dict[str, float | None]]:
    """The chart's rows: per combination of buckets that holds documents, each value by its column's id."""

    def walk(level: Json, rest: list[str]) -> Iterator[dict[str, float | None]]:
        if not rest:
            found = {name: level[name]["value"] for name in chart.values}
            yield {name: one["value"] if "value" in one else one["values"]["50.0"] for name, one in found.items()}
            return
        buckets = level[rest[0]]["buckets"]
        for bucket in buckets.values() if isinstance(buckets, dict) else buckets:
            if bucket["doc_count"]:
                yield from walk(bucket, rest[1:])

    yield from walk(aggregations, chart.buckets)
