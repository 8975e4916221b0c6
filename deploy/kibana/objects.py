"""Kibana's saved objects as they are exported: data views, Discover sessions, and the envelope that all share.

Versions are those that Kibana 8.19 and 9 write or still take; a newer Kibana migrates them when it imports.
"""

from __future__ import annotations

import json
from typing import Any

Object = dict[str, Any]

CORE_VERSION = "8.8.0"
TYPE_VERSIONS = {"index-pattern": "8.0.0", "search": "10.2.0", "dashboard": "10.2.0"}
TIME_FIELD = "@timestamp"


def saved_object(kind: str, name: str, attributes: Object, references: list[Object]) -> Object:
    """One line of an export. `name` is the object's id, which never changes: importing again replaces it."""
    return {
        "attributes": attributes,
        "coreMigrationVersion": CORE_VERSION,
        "id": name,
        "managed": False,
        "references": references,
        "type": kind,
        "typeMigrationVersion": TYPE_VERSIONS[kind],
    }


def reference(kind: str, target: str, name: str) -> Object:
    """A saved object names others by `name` and finds them in its references."""
    return {"id": target, "name": name, "type": kind}


def packed(value: Any) -> str:
    """JSON inside JSON, which is how Kibana keeps most attributes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def kuery(text: str) -> Object:
    """A query in the Kibana Query Language; empty: everything."""
    return {"language": "kuery", "query": text}


def data_view(
    name: str, *, title: str, pattern: str, formats: dict[str, Object] | None = None, hidden: tuple[str, ...] = ()
) -> Object:
    """`pattern` is the alias in Elasticsearch; `hidden` fields are not fetched in Discover."""
    return saved_object(
        "index-pattern",
        name,
        {
            "allowHidden": False,
            "fieldAttrs": "{}",
            "fieldFormatMap": packed(formats or {}),
            "fields": "[]",
            "name": title,
            "runtimeFieldMap": "{}",
            "sourceFilters": packed([{"value": field} for field in hidden]),
            "timeFieldName": TIME_FIELD,
            "title": pattern,
        },
        [],
    )


def saved_search(
    name: str, *, title: str, view: str, columns: list[str], query: str = "", sort: str = TIME_FIELD, about: str = ""
) -> Object:
    """A table of documents, greatest `sort` first."""
    index = "kibanaSavedObjectMeta.searchSourceJSON.index"
    source = {"filter": [], "indexRefName": index, "query": kuery(query)}
    return saved_object(
        "search",
        name,
        {
            "columns": columns,
            "description": about,
            "grid": {},
            "hideChart": False,
            "isTextBasedQuery": False,
            "kibanaSavedObjectMeta": {"searchSourceJSON": packed(source)},
            "sort": [[sort, "desc"]],
            "timeRestore": False,
            "title": title,
            "usesAdHocDataView": False,
        },
        [reference("index-pattern", view, index)],
    )
