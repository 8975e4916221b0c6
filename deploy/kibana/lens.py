"""Lens charts over one layer of one data view: columns, and the three charts that the dashboards use.

A column is what it asks of Elasticsearch. Its id is its place in the chart: `x`, `split`, `row0`, `y0`, `y1`…
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from objects import Object, kuery, reference

Series = Literal[
    "bar_stacked", "bar_horizontal", "bar_horizontal_percentage_stacked", "area_percentage_stacked", "line"
]
RECORDS = "___records___"
LAYER = "layer"


def count(label: str, *, where: str = "", before: bool = False) -> Object:
    """Documents; `where` narrows this column alone, `before` counts the time range just before the chosen one."""
    column = _measure("count", RECORDS, label, {"emptyAsNull": False})
    if where:
        column["filter"] = kuery(where)
    if before:
        column["timeShift"] = "previous"
    return column


def measure(operation: Literal["average", "max", "min", "median", "sum"], field: str, label: str) -> Object:
    """One number out of a field."""
    form = {"id": "number", "params": {"decimals": 2}}
    return _measure(operation, field, label, {"emptyAsNull": True, "format": form})


def typical(field: str, label: str) -> Object:
    """The median, written as the data view writes the field."""
    return _measure("median", field, label, {"emptyAsNull": True})


def unique(field: str, label: str) -> Object:
    """How many different values."""
    return _measure("unique_count", field, label, {"emptyAsNull": False})


def newest(field: str, label: str) -> Object:
    """The latest time in a date field."""
    return {**_measure("max", field, label, {"emptyAsNull": True}), "dataType": "date"}


def terms(
    field: str,
    label: str,
    *,
    size: int,
    kind: str = "string",
    by: Literal["first value", "frequency", "itself"] = "first value",
    exclude: Sequence[str] = (),
) -> Object:
    """So many of its values: those with the greatest first value of the chart, the most frequent, or the smallest."""
    order: Object = {"type": "custom"}
    if by == "first value":
        order = {"columnId": "y0", "type": "column"}
    elif by == "itself":
        order = {"fallback": False, "type": "alphabetical"}
    return _bucket(
        "terms",
        field,
        label,
        kind,
        "ordinal",
        {
            "exclude": list(exclude),
            "excludeIsRegex": False,
            "include": [],
            "includeIsRegex": False,
            "missingBucket": False,
            "orderBy": order,
            "orderDirection": "asc" if by == "itself" else "desc",
            "otherBucket": False,
            "parentFormat": {"id": "terms"},
            "size": size,
            **({"orderAgg": count("Count of records")} if by == "frequency" else {}),
        },
    )


def dates(label: str = "Time", field: str = "@timestamp") -> Object:
    """Intervals that fit the chosen time range."""
    params = {"dropPartials": False, "includeEmptyRows": True, "interval": "auto"}
    return _bucket("date_histogram", field, label, "date", "interval", params)


def filters(label: str, parts: dict[str, str]) -> Object:
    """One bucket per query, by its label."""
    asked = [{"input": kuery(query), "label": name} for name, query in parts.items()]
    column = _bucket("filters", RECORDS, label, "string", "ordinal", {"filters": asked})
    del column["sourceField"]
    return column


def tile(view: str, value: Object, *, query: str = "") -> Object:
    """One large number."""
    visualization = {"layerId": LAYER, "layerType": "data", "metricAccessor": "y0"}
    return _lens("lnsMetric", view, {"y0": value}, visualization, query)


def xy(
    view: str, series: Series, x: Object, *values: Object, split: Object | None = None, query: str = "", title: str = ""
) -> Object:
    """Values over `x`, one series each, or one per value of `split`. `title` names the value axis."""
    columns = {"x": x, **({"split": split} if split else {}), **_numbered("y", values)}
    # buckets nest in this order; over time, the split is asked first, so that its values are the same at every x
    buckets = ["split", "x"] if x["operationType"] == "date_histogram" else ["x", "split"]
    order = [name for name in buckets if name in columns] + [name for name in columns if name not in buckets]
    layer = {
        "accessors": list(_numbered("y", values)),
        "layerId": LAYER,
        "layerType": "data",
        "position": "top",
        "seriesType": series,
        "showGridlines": False,
        "xAccessor": "x",
        **({"splitAccessor": "split"} if split else {}),
    }
    visualization = {
        "axisTitlesVisibilitySettings": {"x": False, "yLeft": bool(title), "yRight": False},
        "fittingFunction": "Linear" if series == "line" else "None",
        "layers": [layer],
        "legend": {"isVisible": True, "position": "right"},
        "preferredSeriesType": series,
        "valueLabels": "hide",
        **({"yTitle": title} if title else {}),
    }
    return _lens("lnsXY", view, {name: columns[name] for name in order}, visualization, query)


def table(view: str, rows: list[Object], *values: Object, query: str = "") -> Object:
    """One line per combination of `rows`, sorted by the first value."""
    columns = {**_numbered("row", rows), **_numbered("y", values)}
    visualization = {
        "columns": [{"columnId": name, "isMetric": name[0] == "y", "isTransposed": False} for name in columns],
        "layerId": LAYER,
        "layerType": "data",
        "paging": {"enabled": True, "size": 10},
        "sorting": {"columnId": "y0", "direction": "desc"},
    }
    return _lens("lnsDatatable", view, columns, visualization, query)


def _numbered(prefix: str, columns: Any) -> dict[str, Object]:
    return {f"{prefix}{number}": column for number, column in enumerate(columns)}


def _measure(operation: str, field: str, label: str, params: Object) -> Object:
    return {
        "customLabel": True,
        "dataType": "number",
        "isBucketed": False,
        "label": label,
        "operationType": operation,
        "params": params,
        "scale": "ratio",
        "sourceField": field,
    }


def _bucket(operation: str, field: str, label: str, kind: str, scale: str, params: Object) -> Object:
    return {
        "customLabel": True,
        "dataType": kind,
        "isBucketed": True,
        "label": label,
        "operationType": operation,
        "params": params,
        "scale": scale,
        "sourceField": field,
    }


def _lens(kind: str, view: str, columns: dict[str, Object], visualization: Object, query: str) -> Object:
    """The `attributes` of a panel that holds its chart by value."""
    layer = {
        "columnOrder": list(columns),
        "columns": columns,
        "ignoreGlobalFilters": False,
        "incompleteColumns": {},
        "indexPatternId": view,
        "sampling": 1,
    }
    return {
        "description": "",
        "references": [reference("index-pattern", view, f"indexpattern-datasource-layer-{LAYER}")],
        "state": {
            "adHocDataViews": {},
            "datasourceStates": {
                "formBased": {"currentIndexPatternId": view, "layers": {LAYER: layer}},
                "indexpattern": {"layers": {}},
                "textBased": {"layers": {}},
            },
            "filters": [],
            "internalReferences": [],
            "query": kuery(query),
            "visualization": visualization,
        },
        "title": "",
        "type": "lens",
        "visualizationType": kind,
    }
