"""A dashboard out of rows of panels, with its controls and the references of everything that it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from objects import Object, kuery, packed, reference, saved_object

COLUMNS = 48
"""Kibana's grid."""


@dataclass(frozen=True, slots=True)
class Panel:
    """`references` are named as the panel's own content names them. Each panel's `name` is unique on its dashboard."""

    name: str
    title: str
    kind: str
    width: int
    config: Object
    references: list[Object]


@dataclass(frozen=True, slots=True)
class Row:
    """Panels side by side, `height` in grid units of about 20 pixels."""

    height: int
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Control:
    """A drop-down of a field's values that filters the whole dashboard."""

    field: str
    title: str


def chart(name: str, title: str, width: int, lens: Object) -> Panel:
    """A Lens chart, kept in the dashboard itself."""
    return Panel(name, title, "lens", width, {"attributes": lens, "enhancements": {}}, lens["references"])


def documents(name: str, title: str, width: int, search: str) -> Panel:
    """A saved search, by reference."""
    target = reference("search", search, f"panel_{name}")
    return Panel(name, title, "search", width, {"enhancements": {}}, [target])


def text(name: str, width: int, markdown: str) -> Panel:
    """Words for the reader."""
    vis = {
        "data": {"aggs": [], "searchSource": {"filter": [], "query": kuery("")}},
        "description": "",
        "id": "",
        "params": {"fontSize": 12, "markdown": markdown, "openLinksInNewTab": False},
        "title": "",
        "type": "markdown",
        "uiState": {},
    }
    return Panel(name, "", "visualization", width, {"enhancements": {}, "hidePanelTitles": True, "savedVis": vis}, [])


def links(name: str, width: int, dashboards: dict[str, str]) -> Panel:
    """The way to other dashboards: id to label; time range and filters go along."""
    options = {"openInNewTab": False, "useCurrentDateRange": True, "useCurrentFilters": False}
    entries = [
        {
            "destinationRefName": f"link_{target}_dashboard",
            "id": target,
            "label": label,
            "options": options,
            "order": order,
            "type": "dashboardLink",
        }
        for order, (target, label) in enumerate(dashboards.items())
    ]
    config = {"attributes": {"layout": "horizontal", "links": entries}, "enhancements": {}, "hidePanelTitles": True}
    targets = [reference("dashboard", target, f"link_{target}_dashboard") for target in dashboards]
    return Panel(name, "", "links", width, config, targets)


def dashboard(
    name: str,
    *,
    title: str,
    about: str,
    rows: Sequence[Row],
    controls: Sequence[Control] = (),
    view: str = "",
    since: str = "now-30d",
) -> Object:
    """Raises ValueError where a row is not as wide as the grid or two panels share a name. `view` is the controls'."""
    panels: list[Object] = []
    references: list[Object] = []
    top = 0
    for row in rows:
        if sum(panel.width for panel in row.panels) != COLUMNS:
            raise ValueError(f"the row of {row.panels[0].name} on {name} is not {COLUMNS} wide")
        left = 0
        for panel in row.panels:
            panels.append(_placed(panel, left, top, row.height))
            references += [{**one, "name": f"{panel.name}:{one['name']}"} for one in panel.references]
            left += panel.width
        top += row.height
    if len({panel["panelIndex"] for panel in panels}) != len(panels):
        raise ValueError(f"two panels of {name} share a name")
    attributes = {
        "description": about,
        "kibanaSavedObjectMeta": {"searchSourceJSON": packed({"filter": [], "query": kuery("")})},
        "optionsJSON": packed(
            {
                "hidePanelTitles": False,
                "syncColors": True,
                "syncCursor": True,
                "syncTooltips": False,
                "useMargins": True,
            }
        ),
        "panelsJSON": packed(panels),
        "refreshInterval": {"pause": True, "value": 60000},
        "timeFrom": since,
        "timeRestore": True,
        "timeTo": "now",
        "title": title,
        "version": 1,
    }
    if controls:
        attributes["controlGroupInput"] = _controls(controls)
        references += [
            reference("index-pattern", view, f"controlGroup_{_control(one)}:optionsListDataView") for one in controls
        ]
    return saved_object("dashboard", name, attributes, references)


def _placed(panel: Panel, left: int, top: int, height: int) -> Object:
    placed = {
        "embeddableConfig": panel.config,
        "gridData": {"h": height, "i": panel.name, "w": panel.width, "x": left, "y": top},
        "panelIndex": panel.name,
        "title": panel.title,
        "type": panel.kind,
    }
    return placed | ({"panelRefName": f"panel_{panel.name}"} if panel.kind == "search" else {})


def _control(control: Control) -> str:
    return f"control-{control.field.replace('.', '-')}"


def _controls(controls: Sequence[Control]) -> Object:
    listed = {
        _control(one): {
            "explicitInput": {
                "enhancements": {},
                "fieldName": one.field,
                "id": _control(one),
                "searchTechnique": "prefix",
                "selectedOptions": [],
                "sort": {"by": "_count", "direction": "desc"},
                "title": one.title,
            },
            "grow": True,
            "order": order,
            "type": "optionsListControl",
            "width": "small",
        }
        for order, one in enumerate(controls)
    }
    keep = dict.fromkeys(("ignoreFilters", "ignoreQuery", "ignoreTimerange", "ignoreValidations"), False)
    return {
        "chainingSystem": "HIERARCHICAL",
        "controlStyle": "oneLine",
        "ignoreParentSettingsJSON": packed(keep),
        "panelsJSON": packed(listed),
        "showApplySelections": False,
    }
