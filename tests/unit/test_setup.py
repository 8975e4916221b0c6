"""`vocero setup` on the embedded broker and SQLite, and the roles that it prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sinks.base import KINDS
from streams.access import Role, acl_commands, roles
from streams.broker.embedded import EmbeddedBroker
from streams.cli import cli
from streams.settings import load_settings
from streams.topics import plan, topics_of
from streams.wiring import STAGES

pytestmark = pytest.mark.unit


def invoke(*words: str, **environ: str) -> Any:
    return CliRunner().invoke(cli, ["setup", *words], env={f"VOCERO_{k.upper()}": v for k, v in environ.items()})


def test_a_dry_run_shows_every_topic_and_touches_nothing(tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite"
    with EmbeddedBroker() as broker:
        found = invoke(
            "--dry-run",
            "--partitions",
            "7",
            "--replication",
            "3",
            kafka_bootstrap_servers=broker.address,
            sqlite_path=str(store),
        )
        assert found.exit_code == 0, found.output
        wanted = plan(topics_of(load_settings(environ={})), partitions=7)
        lines = found.stdout.splitlines()
        for one in wanted:
            (line,) = [line for line in lines if f" {one.name}: " in line]
            assert f"{one.partitions} partitions, replication 3, " in line
            assert ("compacted" in line) == (one.config.get("cleanup.policy") == "compact")
        assert "would create sqlite" in found.stdout
        assert "nothing was touched" in found.stderr
        assert not store.exists()
        again = invoke("--dry-run", "--json", kafka_bootstrap_servers=broker.address, sqlite_path=str(store))
        records = [json.loads(line) for line in again.stdout.splitlines()]
        assert {one["name"] for one in records if one["system"] == "kafka"} == {one.name for one in wanted}
        raw = next(one for one in records if one["name"] == "feedback.raw.reviews")
        assert raw["config"]["message.timestamp.type"] == "LogAppendTime"


def test_the_store_alone_needs_no_broker(tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite"
    assert invoke("--only", "store", sqlite_path=str(store)).exit_code == 0
    assert store.exists()
    again = invoke("--only", "store", sqlite_path=str(store))
    assert again.stdout == ""
    assert "0 changes done" in again.stderr


def test_reindexing_is_for_elasticsearch() -> None:
    found = CliRunner().invoke(cli, ["setup", "--only", "store", "--reindex"])
    assert found.exit_code != 0
    assert "--reindex is for Elasticsearch" in str(found.exception)


def operations(role: Role, name: str) -> set[str]:
    return {operation for one in role.kafka if one.name == name for operation in one.operations}


def test_roles_cover_every_stage_and_topic_and_no_more() -> None:
    settings = load_settings(environ={"VOCERO_TOPIC_PREFIX": "shop", "VOCERO_KAFKA_GROUP_PREFIX": "team"})
    known = roles(settings)
    topics = topics_of(settings)
    assert set(STAGES) <= set(known)
    for name in STAGES:
        role = known[name]
        assert operations(role, f"team-{name}") == {"Read"}
        assert "Write" in operations(role, topics.dead_letters)
        assert not any(one.prefixed for one in role.kafka), "a stage is given topics by name"
        assert role.cluster == ()
        assert bool(role.indices) == (name == "index"), "only one stage speaks to the store"
    everything = {one.name for one in plan(topics, partitions=1)}
    for needed in ("Read", "Write"):
        given = {one.name for name in STAGES for one in known[name].kafka if needed in one.operations}
        missing = everything - given
        # people write commands and raw posts, read answers, and erase
        commands = {topics.case_commands, topics.link_commands, topics.alert_commands, topics.erasures}
        assert missing <= {*topics.raw.values(), *commands, topics.case_answers, topics.erasures}, needed
    assert operations(known["enrich"], "shop.enriched") == {"Write"}
    assert operations(known["alert"], topics.alert_state) == {"Read", "Write"}
    assert "delete" not in {privilege for one in known["index"].indices for privilege in one.privileges}
    assert {name for one in known["read"].indices for name in one.names} == {f"shop-{kind}*" for kind in KINDS}


def test_roles_are_printed_for_people_and_for_scripts() -> None:
    found = invoke("--print-roles")
    assert found.exit_code == 0, found.output
    role = roles(load_settings(environ={}))["setup"]
    assert f"  kafka-acls.sh {acl_commands(role)[0]}" in found.stdout.splitlines()
    assert "--resource-pattern-type prefixed --operation Create" in found.stdout
    assert "manage_index_templates, monitor" in found.stdout
    records = {one["role"]: one for one in map(json.loads, invoke("--print-roles", "--json").stdout.splitlines())}
    assert set(records) == set(roles(load_settings(environ={})))
    assert records["index"]["elasticsearch"]["indices"][0]["privileges"] == ["read", "index", "view_index_metadata"]
