"""Kibana's saved objects: made by their generator, whole, and about fields that a chart can have."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sinks.base import Kind
from sinks.elasticsearch.mapping import mapping
from streams import metrics

pytestmark = pytest.mark.unit


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
VIEWS: dict[str, Kind] = {
    one["id"]: one["attributes"]["title"].partition("-")[2] for one in OBJECTS if one["type"] == "index-pattern"
}
SEARCHES = [one for one in OBJECTS if one["type"] == "search"]
DASHBOARDS = [one for one in OBJECTS if one["type"] == "dashboard"]
CHARTS = list(kibana.charts(OBJECTS))

# what Kibana 8.x and 9.x exports of these types hold, read in public repositories
ENVELOPE = {"attributes", "coreMigrationVersion", "id", "managed", "references", "type", "typeMigrationVersion"}
ATTRIBUTES = {
    "index-pattern": {
        *("allowHidden", "fieldAttrs", "fieldFormatMap", "fields", "name"),
        *("runtimeFieldMap", "sourceFilters", "timeFieldName", "title"),
    },
    "search": {
        *("columns", "description", "grid", "hideChart", "isTextBasedQuery"),
        *("kibanaSavedObjectMeta", "sort", "timeRestore", "title", "usesAdHocDataView"),
    },
    "dashboard": {
        *("controlGroupInput", "description", "kibanaSavedObjectMeta", "optionsJSON", "panelsJSON"),
        *("refreshInterval", "timeFrom", "timeRestore", "timeTo", "title", "version"),
    },
}
VERSIONS = {"index-pattern": "8.0.0", "search": "10.2.0", "dashboard": "10.2.0"}
PANEL = {"embeddableConfig", "gridData", "panelIndex", "title", "type"}
LENS = {"description", "references", "state", "title", "type", "visualizationType"}
STATE = {"adHocDataViews", "datasourceStates", "filters", "internalReferences", "query", "visualization"}
LAYER = {"columnOrder", "columns", "ignoreGlobalFilters", "incompleteColumns", "indexPatternId", "sampling"}
COLUMN = {"customLabel", "dataType", "isBucketed", "label", "operationType", "params", "scale"}
PARAMS = {
    "terms": {
        *("exclude", "excludeIsRegex", "include", "includeIsRegex", "missingBucket", "orderBy", "orderDirection"),
        *("otherBucket", "parentFormat", "size"),
    },
    "date_histogram": {"dropPartials", "includeEmptyRows", "interval"},
    "filters": {"filters"},
}
VISUALIZATION = {
    "lnsMetric": {"layerId", "layerType", "metricAccessor"},
    "lnsDatatable": {"columns", "layerId", "layerType", "paging", "sorting"},
    "lnsXY": {
        *("axisTitlesVisibilitySettings", "fittingFunction", "layers", "legend", "preferredSeriesType", "valueLabels"),
    },
}
CHART_TYPES = {"string": {"keyword", "boolean", "flattened"}, "number": {"long", "double"}, "date": {"date"}}


def flat(properties: dict[str, Any], nested: bool = False, prefix: str = "") -> Iterator[tuple[str, str, bool]]:
    """Every field of a mapping with its type, and whether it lies below a nested one, where no chart finds it."""
    for name, field in properties.items():
        below = nested or field.get("type") == "nested"
        if "properties" in field:
            yield from flat(field["properties"], below, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field["type"], below
        yield from flat(field.get("fields", {}), below, f"{prefix}{name}.")


FIELDS = {
    view: {name: (kind, nested) for name, kind, nested in flat(mapping(of, dims=384)["properties"])}
    for view, of in VIEWS.items()
}


def usable(view: str, name: str) -> bool:
    """In the mapping, and not below a nested field."""
    return name in FIELDS[view] and not FIELDS[view][name][1]


def test_the_generator_wrote_the_file(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(kibana.FOLDER / "generate.py"), str(tmp_path)], check=True, timeout=60)
    assert (tmp_path / kibana.FILE.name).read_bytes() == kibana.FILE.read_bytes()


def test_another_prefix_names_other_aliases(tmp_path: Path) -> None:
    words = [sys.executable, str(kibana.FOLDER / "generate.py"), str(tmp_path), "--prefix", "voices"]
    subprocess.run(words, check=True, timeout=60)
    titles = [one["attributes"]["title"] for one in kibana.load(tmp_path / kibana.FILE.name)]
    assert titles[:5] == [f"voices-{kind}" for kind in ("posts", "alerts", "cases", "topics", "dead-letters")]


def test_ids_are_unique_and_references_resolve() -> None:
    known = {(one["type"], one["id"]) for one in OBJECTS}
    assert len(known) == len(OBJECTS)
    assert {one["type"] for one in OBJECTS} == set(ATTRIBUTES)
    for one in OBJECTS:
        names = [reference["name"] for reference in one["references"]]
        assert len(set(names)) == len(names), one["id"]
        assert {(reference["type"], reference["id"]) for reference in one["references"]} <= known, one["id"]


@pytest.mark.parametrize("one", OBJECTS, ids=lambda one: one["id"])
def test_attributes_are_those_of_an_export(one: dict[str, Any]) -> None:
    assert set(one) == ENVELOPE
    assert one["coreMigrationVersion"] == "8.8.0"
    assert one["typeMigrationVersion"] == VERSIONS[one["type"]]
    optional = {"controlGroupInput"}
    assert set(one["attributes"]) | optional == ATTRIBUTES[one["type"]] | optional


@pytest.mark.parametrize("one", DASHBOARDS, ids=lambda one: one["id"])
def test_panels_fill_the_grid_and_find_what_they_refer_to(one: dict[str, Any]) -> None:
    references = {reference["name"]: reference["id"] for reference in one["references"]}
    used: list[str] = []
    taken: Counter[tuple[int, int]] = Counter()
    for panel in one["attributes"]["panelsJSON"]:
        name, grid, config = panel["panelIndex"], panel["gridData"], panel["embeddableConfig"]
        assert set(panel) - {"panelRefName"} == PANEL
        assert grid["i"] == name
        taken.update(
            (x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])
        )
        if panel["type"] == "search":
            used.append(f"{name}:{panel['panelRefName']}")
        elif panel["type"] == "links":
            used += [f"{name}:{link['destinationRefName']}" for link in config["attributes"]["links"]]
        elif panel["type"] == "lens":
            used += [f"{name}:{reference['name']}" for reference in config["attributes"]["references"]]
    for name, control in one["attributes"].get("controlGroupInput", {"panelsJSON": {}})["panelsJSON"].items():
        assert control["explicitInput"]["id"] == name
        used.append(f"controlGroup_{name}:optionsListDataView")
        assert usable(references[used[-1]], control["explicitInput"]["fieldName"])
    assert sorted(used) == sorted(references)
    assert set(taken.values()) == {1}
    assert len(taken) == 48 * (1 + max(y for _, y in taken))


@pytest.mark.parametrize("one", DASHBOARDS, ids=lambda one: one["id"])
def test_charts_are_built_like_exported_ones(one: dict[str, Any]) -> None:
    for panel in one["attributes"]["panelsJSON"]:
        if panel["type"] != "lens":
            continue
        lens = panel["embeddableConfig"]["attributes"]
        state = lens["state"]
        assert (set(lens), set(state)) == (LENS, STATE)
        (identity, layer), *others = state["datasourceStates"]["formBased"]["layers"].items()
        assert others == []
        assert [reference["name"] for reference in lens["references"]] == [f"indexpattern-datasource-layer-{identity}"]
        assert set(layer) == LAYER
        assert sorted(layer["columnOrder"]) == sorted(layer["columns"])
        for column in layer["columns"].values():
            assert set(column) - {"sourceField", "filter", "timeShift"} == COLUMN
            wanted = PARAMS.get(column["operationType"])
            assert wanted is None or set(column["params"]) - {"orderAgg"} == wanted
        visualization = state["visualization"]
        assert set(visualization) - {"yTitle"} == VISUALIZATION[lens["visualizationType"]]
        assert visualization.get("layerId", identity) == identity
        # buckets come before what they hold, and every column is shown
        flags = [layer["columns"][name]["isBucketed"] for name in layer["columnOrder"]]
        assert flags == sorted(flags, reverse=True)
        assert set(shown(visualization)) == set(layer["columns"])


def shown(visualization: dict[str, Any]) -> list[str]:
    """Ids of the columns that a chart draws."""
    if "metricAccessor" in visualization:
        return [visualization["metricAccessor"]]
    if "columns" in visualization:
        return [column["columnId"] for column in visualization["columns"]]
    (layer,) = visualization["layers"]
    return [*layer["accessors"], *(layer[name] for name in ("xAccessor", "splitAccessor") if name in layer)]


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
def test_a_charts_fields_are_mapped_with_its_types_and_not_nested(chart: Any) -> None:
    missing = {name for name in kibana.fields(chart) if not usable(chart.view, name)}
    assert missing == set()
    for column in chart.columns.values():
        source = column.get("sourceField", kibana.RECORDS)
        if source != kibana.RECORDS and column["operationType"] != "unique_count":
            assert FIELDS[chart.view][source][0] in CHART_TYPES[column["dataType"]], source


@pytest.mark.parametrize("one", SEARCHES, ids=lambda one: one["id"])
def test_a_saved_searchs_fields_are_mapped(one: dict[str, Any]) -> None:
    view = one["references"][0]["id"]
    ((sort, direction),) = one["attributes"]["sort"]
    query = one["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"]["query"]["query"]
    named = {sort, *one["attributes"]["columns"], *kibana.kuery_fields(query)}
    assert direction == "desc"
    assert {name for name in named if not usable(view, name)} == set()


def test_the_operators_metrics_are_those_of_the_stages() -> None:
    (words,) = [
        panel["embeddableConfig"]["savedVis"]["params"]["markdown"]
        for one in DASHBOARDS
        for panel in one["attributes"]["panelsJSON"]
        if panel["panelIndex"] == "elsewhere"
    ]
    named = set(re.findall(r"\bvocero_\w+", words))
    made = set(re.findall(r'"(vocero_\w+)"', Path(metrics.__file__).read_text(encoding="utf-8")))
    assert len(named) > 5
    assert {name.removesuffix("_total").removesuffix("_bucket") for name in named} <= made


@pytest.mark.parametrize("text", kibana.examples("esql"))
def test_an_esql_examples_fields_are_mapped(text: str) -> None:
    named = set(re.findall(r"\bfeedback\.[\w.]+", text))
    assert named
    assert {name for name in named if not usable("vocero-posts", name)} == set()


def test_the_page_has_examples_of_each_kind() -> None:
    assert [len(kibana.examples(language)) > 1 for language in ("kql", "console", "esql", "sh")] == [True] * 4


def test_a_field_that_no_chart_can_have_is_noticed() -> None:
    assert not usable("vocero-posts", "feedback.topics.label")
    assert not usable("vocero-posts", "feedback.sentimentt.label")
    assert usable("vocero-posts", "feedback.topic_labels")


@pytest.mark.parametrize("text", ["a :", "a : b or", "(a : b", "a : (b or c", "a : b c : d"])
def test_what_is_no_kql_is_noticed(text: str) -> None:
    with pytest.raises(ValueError, match="KQL"):
        kibana.kuery(text)
