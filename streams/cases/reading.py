"""Cases as the store and the topic hold them: read back, counted, and replayed."""

from __future__ import annotations

from collections import Counter
from typing import Any, get_args

import msgspec
from msgspec import Struct

from schemas.cases import Case, CaseQueue
from schemas.errors import StoreError
from sinks.base import Query, Sink
from streams.broker.client import client_config, reach
from streams.broker.state import read_partition
from streams.cases.moves import replayed
from streams.cases.rules import case_id
from streams.settings import Settings
from streams.topics import topics_of

AT_MOST = 10_000
"""Documents that one question to a store may bring."""


class Replayed(Struct, frozen=True):
    """What replaying the topic found: ids of cases whose record, or whose document, is another one."""

    cases: int
    events: int
    damaged: list[str]
    elsewhere: list[str]


def case_of(body: dict[str, Any]) -> Case:
    """`feedback.case` of a document as a Case; raises StoreError where it is of another version of the schema."""
    try:
        return msgspec.convert(body, Case)
    except msgspec.ValidationError:
        raise StoreError("the store holds a case of another version of vocero: index the cases again") from None


def suggestions_by_product(sink: Sink, brand: str | None = None) -> tuple[list[tuple[str, Counter[str]]], bool]:
    """(product, how many are open, done, dismissed), most first; and whether all suggestions were counted."""
    hits = sink.search(Query(kind="cases", queue="suggestion", brand=brand, sort="newest", limit=AT_MOST))
    counts: dict[str, Counter[str]] = {}
    for document in hits.documents:
        case = document.body["feedback"]["case"]
        state = case["state"] if case["state"] in ("done", "dismissed") else "open"
        counts.setdefault(case.get("product") or "", Counter(open=0, done=0, dismissed=0))[state] += 1
    ranked = sorted(counts.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    return ranked, len(hits.documents) == hits.total


def replayed_topic(settings: Settings, sink: Sink) -> Replayed:
    """Every case of the topic, made again from its events alone, beside its record and its document.

    Raises BrokerError where the topic cannot be read.
    """
    topic = topics_of(settings).cases
    decode = msgspec.json.Decoder(Case).decode
    partitions = reach(settings).get(topic, 0)
    cases: list[Case] = []
    for number in range(partitions):
        cases += [decode(value) for value in read_partition(client_config(settings), topic, number).values()]
    damaged = [case.id for case in cases if replayed(case) != case]
    elsewhere = []
    for start in range(0, len(cases), 500):
        some = cases[start : start + 500]
        stored = sink.get("cases", [case.id for case in some])
        for case, document in zip(some, stored, strict=True):
            if document is None or case_of(document.body["feedback"]["case"]) != case:
                elsewhere.append(case.id)
    return Replayed(len(cases), sum(len(case.history) for case in cases), damaged, elsewhere)


def cases_of(sink: Sink, post: str) -> list[Case]:
    """The cases that a post has opened, one a queue."""
    ids = [case_id(post, queue) for queue in get_args(CaseQueue)]
    return [case_of(found.body["feedback"]["case"]) for found in sink.get("cases", ids) if found is not None]
