"""A customer erased from a real Kafka and a real Elasticsearch by the command line, for good."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from elasticsearch import Elasticsearch

from streams.broker.reading import Reader
from tests.integration.team import Team

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

HERS, HIS = "C-1", "C-2"
WORDS = "quetzal"


def told(number: int, customer: str, text: str, **fields: Any) -> dict[str, Any]:
    post = {"id": str(number), "source": "shop", "channel": "review", "brand": "Lumbre", "text": text}
    return {**post, "author": {"handle": f"@{customer}", "customer_id": customer}, **fields}


def test_a_customer_is_erased_from_topics_documents_and_state_and_stays_so(
    kafka_server: str, elasticsearch_server: str, tmp_path: Path
) -> None:
    team = Team(kafka_server, tmp_path, VOCERO_STORE="elasticsearch", VOCERO_ELASTICSEARCH_URL=elasticsearch_server)
    prefix = team.environment["VOCERO_TOPIC_PREFIX"]
    complaint = f"The {WORDS} lamp came broken and nobody answers. Shameful, I want my money back."
    hers = [
        told(1, HERS, complaint, created_at="2026-03-20T10:00:00Z"),
        told(2, HERS, complaint, channel="social", source="chirper", created_at="2026-03-21T10:00:00Z"),
    ]
    his = told(3, HIS, "The lamp came late and the box was torn. Bad service.", created_at="2026-03-20T11:00:00Z")
    last = told(4, HIS, "A lovely lamp, thank you.", created_at="2026-03-22T11:00:00Z")

    def stored() -> set[str]:
        return {row["feedback"]["id"] for row in team.rows("search", "lamp", "--json")}

    def kept() -> dict[str, list[str]]:
        """Topics whose newest records, one a key, still hold her words or her number, with their keys."""
        found: dict[str, list[str]] = {}
        with Reader({"bootstrap.servers": kafka_server}) as reader:
            topics = AdminClient({"bootstrap.servers": kafka_server}).list_topics(timeout=30).topics
            for topic in (name for name in topics if name.startswith(f"{prefix}.")):
                for number in reader.partitions(topic):
                    newest = {record.key: record.value or b"" for record in reader.records(topic, number)}
                    for key, value in newest.items():
                        if WORDS.encode() in value or HERS.encode() in value:
                            found.setdefault(topic.removeprefix(f"{prefix}."), []).append(repr(key))
        return found

    team.vocero("setup", "--partitions", "2")
    try:
        with team.working():
            team.produce(*hers, his)
            team.until("search", "lamp", "--json", holds=lambda _: stored() == {"1", "2", "3"})
            team.until("links", "--json", holds=lambda row: row["links"])
            team.until("cases", "--json", holds=lambda _: len(team.rows("cases", "--json")) >= 2)
            assert {"raw.reviews", "raw.social", "cases", "links.state"} <= set(kept())

            (record,) = team.rows("erase", "--customer", HERS, "--by", "Data protection", "--json")
            assert (record["posts"], record["raw_records"]) == (2, 2)
            assert record["documents"]["posts"] == 2
            assert HERS not in json.dumps(record)
            assert stored() == {"3"}
            team.until("search", "lamp", "--json", holds=lambda _: kept() == {})
            team.produce(*hers, last)
            team.until("search", "lamp", "--json", holds=lambda _: "4" in stored())
            assert stored() == {"3", "4"}
        with team.working():  # what a worker remembers after a restart comes from the topics
            team.produce(*hers, his | {"id": "5"})
            team.until("search", "lamp", "--json", holds=lambda _: "5" in stored())
            assert stored() == {"3", "4", "5"}
        assert set(kept()) == {"raw.reviews", "raw.social"}  # as her shop sent them again; nothing took them up
        with Elasticsearch(elasticsearch_server) as client:
            client.indices.refresh(index=f"{prefix}-*")
            left = client.search(index=f"{prefix}-*", q=f'"{WORDS}" OR "{HERS}"', size=10)["hits"]["hits"]
            assert left == []
            journal = client.search(index=f"{prefix}-journal", q="event.action:erase")["hits"]["hits"]
        (entry,) = (hit["_source"]["feedback"]["journal"] for hit in journal)
        assert (entry["kind"], entry["id"]) == ("customer", record["subject"])
        assert (record["by"], entry["documents"]) == ("Data protection", sum(record["documents"].values()))
    finally:
        with Elasticsearch(elasticsearch_server) as client:
            client.indices.delete(index=f"{prefix}-*")
