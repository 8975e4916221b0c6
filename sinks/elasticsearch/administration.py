"""What `vocero setup` does in Elasticsearch: templates, indices, aliases, and what to do about a changed mapping."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from elasticsearch import BadRequestError, Elasticsearch, NotFoundError

from schemas.errors import StoreError
from sinks.base import KINDS, Kind
from sinks.elasticsearch import indices
from sinks.elasticsearch.explain import explained
from sinks.elasticsearch.indices import Layout, alias, fingerprint, numbered
from sinks.elasticsearch.mapping import DYNAMIC_SETTINGS
from sinks.elasticsearch.reindex import Progress, Reindex

Action = Literal["create", "update", "extend", "reindex", "none"]
PRIORITY = 500
"""Of the index templates: above the broad ones that a cluster brings along."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that setup looks after, and what there is to do about it."""

    what: Literal["component template", "index template", "index"]
    name: str
    action: Action
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """A kind that was copied: from which index to which, and how many documents."""

    old: str
    new: str
    documents: int

    @property
    def words(self) -> str:
        """For people."""
        return f"{self.documents} documents copied from {self.old}; the alias names {self.new} now"


class Administration:
    """Sets up one cluster for one layout. Every method raises StoreError with what to do."""

    def __init__(self, client: Elasticsearch, layout: Layout) -> None:
        self._client = client
        self._layout = layout

    def plan(self) -> list[Step]:
        """What is there and what is missing; reads only. A changed mapping is a step of its own, `reindex`."""
        return explained(self._plan)

    def apply(self) -> list[Step]:
        """Does what the plan says and can be done without copying; gives the plan with what was done.

        A changed mapping is added to the index in place, as far as it only adds fields (`extend`): documents that are
        there already get them by `reindex`. What cannot be added stays a step `reindex`.
        """
        return explained(self._apply)

    def reindex(self, kind: Kind, *, keep_old: bool = False, progress: Progress = lambda *_: None) -> Moved | None:
        """Copies a kind whose mapping has changed into a new index and moves the alias; None where none has."""
        current = explained(lambda: self._current(kind))
        if current is None or self._fits(kind, current[1]):
            return None
        old = current[0]
        number = int(match[1]) + 1 if (match := re.search(r"-v(\d+)$", old)) else 1
        new = numbered(self._layout.prefix, kind, number)
        count = Reindex(self._client, self._layout, kind, old, new, progress=progress).run(keep_old=keep_old)
        return Moved(old, new, count)

    def close(self) -> None:
        """Closes the client's connections."""
        self._client.close()

    def _plan(self) -> list[Step]:
        steps = [self._template_step(name, body) for name, body in self._components().items()]
        steps += [self._index_template_step(kind) for kind in KINDS]
        for kind in KINDS:
            current = self._current(kind)
            if current is None:
                shards = f"{self._layout.shards} shards, behind the alias {alias(self._layout.prefix, kind)}"
                steps.append(Step("index", numbered(self._layout.prefix, kind, 1), "create", shards))
            elif self._fits(kind, current[1]):
                steps.append(Step("index", current[0], "none"))
            else:
                steps.append(Step("index", current[0], "reindex", "the mapping has changed"))
        return steps

    def _apply(self) -> list[Step]:
        steps = self._plan()
        for name, body in self._components().items():
            self._client.cluster.put_component_template(name=name, **body)
        for kind in KINDS:
            self._client.indices.put_index_template(name=alias(self._layout.prefix, kind), **self._index_template(kind))
        indices.create(self._client, self._layout)
        for kind in KINDS:
            self._client.indices.put_settings(index=alias(self._layout.prefix, kind), settings=DYNAMIC_SETTINGS)
        return [self._extended(one) if one.action == "reindex" else one for one in steps]

    def _extended(self, step: Step) -> Step:
        """Adds new fields in place. The fingerprint stays: what is there already was indexed without them."""
        kind = next(one for one in KINDS if step.name.startswith(f"{alias(self._layout.prefix, one)}-v"))
        mappings = self._layout.body(kind)["mappings"]
        try:
            self._client.indices.put_mapping(index=step.name, properties=mappings["properties"])
        except BadRequestError:
            return Step("index", step.name, "reindex", "a field has changed that cannot change in place")
        return Step("index", step.name, "extend", "new fields; documents that are there get them by --reindex")

    def _current(self, kind: Kind) -> tuple[str, dict[str, Any]] | None:
        """The index behind the alias and its mapping; None where there is none."""
        name = alias(self._layout.prefix, kind)
        found = indices.behind(self._client, name)
        if len(found) > 1:
            raise StoreError(f"the alias {name} names {len(found)} indices, and has to name one; remove it from others")
        if not found:
            return None
        mappings: dict[str, Any] = self._client.indices.get_mapping(index=found[0])[found[0]]["mappings"]
        return found[0], mappings

    def _fits(self, kind: Kind, mappings: dict[str, Any]) -> bool:
        return fingerprint(mappings) == fingerprint(self._layout.body(kind)["mappings"])

    def _components(self) -> dict[str, dict[str, Any]]:
        """Component templates: one of settings for all kinds, one of the mapping for each."""
        bodies = {kind: self._layout.body(kind) for kind in KINDS}
        prefix = self._layout.prefix
        found = {f"{prefix}-settings": {"template": {"settings": bodies["posts"]["settings"]}}}
        for kind, body in bodies.items():
            found[f"{prefix}-mapping-{kind}"] = {
                # with the analyzers that it names, or it would not be accepted by itself
                "template": {"mappings": body["mappings"], "settings": {"analysis": body["settings"]["analysis"]}},
                "meta": body["mappings"]["_meta"],
            }
        return found

    def _index_template(self, kind: Kind) -> dict[str, Any]:
        prefix = self._layout.prefix
        return {
            "index_patterns": [f"{alias(prefix, kind)}-v*"],
            "composed_of": [f"{prefix}-settings", f"{prefix}-mapping-{kind}"],
            "priority": PRIORITY,
            "meta": {"vocero": {"kind": kind}},
        }

    def _template_step(self, name: str, body: dict[str, Any]) -> Step:
        try:
            found = self._client.cluster.get_component_template(name=name)["component_templates"]
        except NotFoundError:
            return Step("component template", name, "create")
        there = found[0]["component_template"]
        same = there.get("_meta") == body.get("meta")
        return Step("component template", name, "none" if same else "update")

    def _index_template_step(self, kind: Kind) -> Step:
        name = alias(self._layout.prefix, kind)
        try:
            found = self._client.indices.get_index_template(name=name)["index_templates"]
        except NotFoundError:
            return Step("index template", name, "create")
        there = found[0]["index_template"]
        wanted = self._index_template(kind)
        same = all(there.get(part) == wanted[part] for part in ("index_patterns", "composed_of", "priority"))
        return Step("index template", name, "none" if same else "update")
