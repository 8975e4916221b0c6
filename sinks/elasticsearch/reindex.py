"""A changed mapping: the documents are copied into a new index, and the alias moves to it, while writers go on.

1. Copy everything into `-v2`, with its versions, while `-v1` is written; copy what was written meanwhile, by sequence
   number, until little is left.
2. Block writes to `-v1`. Writers get a refusal that they try again; nothing is acknowledged that is not in `-v1`.
3. Copy the rest, take out what was deleted or purged meanwhile, compare the counts, and repeat the journal's deletions.
4. In one request the alias moves and `-v1` goes. Writers' next try lands in `-v2`, under the same versions.

Stopped at any point before 4, the alias still names `-v1`; the block is lifted, and another run goes on with the copy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError

from schemas.errors import StoreError
from sinks.base import Kind
from sinks.elasticsearch.explain import explained, refusal
from sinks.elasticsearch.indices import Layout, alias, fingerprint

SMALL = 2_000
"""So few changed documents are copied while writers wait."""
MAX_ROUNDS = 20
_PAGE = 5_000
_ASK_SECONDS = 0.2

Progress = Callable[[str, int, int], None]
"""Told what is done (`copy`, `catch up`), how many documents of how many."""


class Reindex:
    """Moves one kind from `old` to `new`, two concrete indices of `layout`. `wait` sleeps for so many seconds."""

    def __init__(
        self,
        client: Elasticsearch,
        layout: Layout,
        kind: Kind,
        old: str,
        new: str,
        *,
        progress: Progress = lambda *_: None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._layout = layout
        self._kind = kind
        self.old = old
        self.new = new
        self._progress = progress
        self._wait = wait

    def run(self, *, keep_old: bool = False) -> int:
        """Copies, swaps and gives the number of documents. Raises StoreError with the alias where it was."""
        explained(self._make_new)
        done = self._settled()
        self._copy("copy", {"match_all": {}})
        for _ in range(MAX_ROUNDS):
            changed, until = self._changed_since(done), self._settled()
            if self._count(self.old, changed) <= SMALL:
                break
            self._copy("catch up", changed)
            done = until
        with self._writes_blocked():
            self._copy("catch up", self._changed_since(done))
            count = self._compare()
            self._repeat_deletions()
            self._swap(keep_old=keep_old)
        return count

    def _make_new(self) -> None:
        body = self._layout.body(self._kind)
        client = self._client
        running = self._tasks("?actions=*reindex&detailed=true&group_by=none")["tasks"]
        if any(f"[{self.new}]" in str(task.get("description")) for task in running):
            raise StoreError(f"another run is copying into {self.new}; wait until it has ended")
        if client.indices.exists(index=self.new):
            there = client.indices.get_mapping(index=self.new)[self.new]["mappings"]
            if fingerprint(there) == fingerprint(body["mappings"]):
                return  # an earlier run stopped half way: what it copied still holds
            client.indices.delete(index=self.new)
        client.indices.create(index=self.new, **body, wait_for_active_shards="1")

    def _settled(self) -> int:
        """A sequence number up to which every shard has finished all operations, visible to searches on return."""
        stats = explained(lambda: self._client.indices.stats(index=self.old, level="shards", metric="docs"))
        copies = (copy for shard in stats["indices"][self.old]["shards"].values() for copy in shard)
        done = min(copy["seq_no"]["local_checkpoint"] for copy in copies if copy["routing"]["primary"])
        explained(lambda: self._client.indices.refresh(index=self.old))
        return int(done)

    def _changed_since(self, done: int) -> dict[str, Any]:
        explained(lambda: self._client.indices.refresh(index=self.old))
        return {"range": {"_seq_no": {"gt": done}}}

    def _copy(self, what: str, query: dict[str, Any]) -> None:
        """Copies what matches; a document of the same version is overwritten, for a relabel keeps its version."""
        started = explained(
            lambda: self._client.reindex(
                source={"index": self.old, "query": query},
                dest={"index": self.new, "version_type": "external_gte"},
                conflicts="proceed",
                refresh=True,
                wait_for_completion=False,
            )
        )
        while True:
            task = explained(lambda: self._tasks(f"/{started['task']}"))
            status = task["task"]["status"]
            done = sum(status[name] for name in ("created", "updated", "deleted", "version_conflicts"))
            self._progress(what, done, status["total"])
            if task["completed"]:
                break
            self._wait(_ASK_SECONDS)
        if isinstance(error := task.get("error"), dict):
            refused = error.get("type") == "security_exception"
            raise StoreError(
                refusal(403, task) if refused else f"the copy failed ({_kinds([{'cause': error}])}); run this again"
            )
        if failures := task.get("response", {}).get("failures"):
            raise StoreError(
                f"documents of {self.old} do not fit the new mapping ({_kinds(failures)}); the alias still names "
                f"{self.old}, and Elasticsearch's log says more"
            )

    def _tasks(self, path: str) -> dict[str, Any]:
        # the client's own method warns that the task API may change; it is how Elasticsearch documents a long reindex
        accept = {"accept": "application/json"}
        found: dict[str, Any] = self._client.perform_request("GET", f"/_tasks{path}", headers=accept).body
        return found

    @contextmanager
    def _writes_blocked(self) -> Iterator[None]:
        """Returns once every write under way has ended; lifts the block again where the old index is still in use."""
        settings = explained(lambda: self._client.indices.get_settings(index=self.old, name="index.blocks.write"))
        ours = not settings.body  # else a run that was killed left it, or another one sets it
        explained(lambda: self._client.indices.add_block(index=self.old, block="write"))
        try:
            yield
        except BaseException:
            if not ours:
                raise
            self._client.options(ignore_status=404).indices.put_settings(
                index=self.old, settings={"index.blocks.write": None}
            )
            raise

    def _repeat_deletions(self) -> None:
        """The journal's deletions, so that the new index remembers their versions as the old one did.

        Not before the comparison: one that is journalled may still wait for the block to end.
        """
        query = {"bool": {"filter": [{"term": {"event.action": "delete"}}, self._of_kind()]}}
        for hits in self._pages(alias(self._layout.prefix, "journal"), query, source=["feedback.journal.id"]):
            lines = [
                {
                    "delete": {
                        "_index": self.new,
                        "_id": hit["_source"]["feedback"]["journal"]["id"],
                        "version": hit["_version"] + 1,
                        "version_type": "external",
                    }
                }
                for hit in hits
            ]
            explained(lambda lines=lines: self._client.bulk(operations=lines))  # type: ignore[misc]

    def _of_kind(self) -> dict[str, Any]:
        return {"term": {"feedback.journal.kind": self._kind}}

    def _compare(self) -> int:
        """Both hold the same documents, or StoreError. What was purged while the copy ran is taken out."""
        explained(lambda: self._client.indices.refresh(index=[self.old, self.new]))
        wanted, copied = self._count(self.old), self._count(self.new)
        if copied > wanted:
            self._take_out_what_is_gone()
            copied = self._count(self.new)
        if copied != wanted:
            raise StoreError(f"{self.old} holds {wanted} documents, but {copied} are in {self.new}; run this again")
        return wanted

    def _take_out_what_is_gone(self) -> None:
        for hits in self._pages(self.new, {"match_all": {}}, source=False):
            ids = [hit["_id"] for hit in hits]
            there = explained(lambda ids=ids: self._client.mget(index=self.old, ids=ids, source=False))  # type: ignore[misc]
            gone = [{"delete": {"_index": self.new, "_id": one["_id"]}} for one in there["docs"] if not one["found"]]
            if gone:
                explained(lambda gone=gone: self._client.bulk(operations=gone))  # type: ignore[misc]
        explained(lambda: self._client.indices.refresh(index=self.new))

    def _pages(self, index: str, query: dict[str, Any], *, source: Any) -> Iterator[list[dict[str, Any]]]:
        """Every match in pages, over one view of the index."""
        point = explained(lambda: self._client.open_point_in_time(index=index, keep_alive="5m"))["id"]
        after: list[Any] | None = None
        try:
            while True:
                answer = explained(
                    lambda after=after: self._client.search(  # type: ignore[misc]
                        pit={"id": point, "keep_alive": "5m"},
                        query=query,
                        sort=[{"_shard_doc": "asc"}],
                        search_after=after,
                        size=_PAGE,
                        source=source,
                        version=True,
                        track_total_hits=False,
                    )
                )
                hits = answer["hits"]["hits"]
                if not hits:
                    return
                yield hits
                after = hits[-1]["sort"]
        finally:
            explained(lambda: self._client.close_point_in_time(id=point))

    def _swap(self, *, keep_old: bool) -> None:
        """One request: readers and writers see the one index or the other, never both and never none."""
        name = alias(self._layout.prefix, self._kind)
        leave = {"remove": {"index": self.old, "alias": name, "must_exist": True}}
        actions: list[dict[str, Any]] = [
            leave if keep_old else {"remove_index": {"index": self.old}},
            {"add": {"index": self.new, "alias": name, "is_write_index": True}},
        ]
        try:
            explained(lambda: self._client.indices.update_aliases(actions=actions))
        except StoreError:
            # the answer was lost, or another run was first: what counts is where the alias is
            try:
                if self.new in explained(lambda: self._client.indices.get_alias(name=name)):
                    return
            except NotFoundError:
                pass
            raise

    def _count(self, index: str, query: dict[str, Any] | None = None) -> int:
        return int(explained(lambda: self._client.count(index=index, query=query or {"match_all": {}}))["count"])


def _kinds(failures: Any) -> str:
    """The types of a copy's failures; never their texts, which quote documents."""
    causes = [one.get("cause") for one in failures if isinstance(one, dict)] if isinstance(failures, list) else []
    return ", ".join(sorted({str(cause.get("type")) for cause in causes if isinstance(cause, dict)})) or "failed"
