"""A real Elasticsearch with TLS and security on: each part of vocero with the least privileges that it prints."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import runpy
import stat
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import trustme
from click.testing import CliRunner, Result
from elasticsearch import ApiError, Elasticsearch
from vocero_test_servers import LocalServer, missing

from schemas.enriched import EnrichedPost
from schemas.errors import StoreError
from schemas.identity import identity
from sinks.base import Document, Query, Removal, Status, Subject
from sinks.documents import post_document
from sinks.elasticsearch import ElasticsearchSink, connect
from sinks.elasticsearch.administration import Administration
from sinks.elasticsearch.indices import Layout
from sinks.elasticsearch.mapping import mapping
from streams.access import roles
from streams.cli import cli
from streams.settings import load_settings

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

USER, PASSWORD = "warden", "a-long-password-of-the-tests"
AT = "2026-05-01T00:00:00.000Z"
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Secure:
    """The server, its authority's certificate, and an administrator."""

    url: str
    ca: Path
    admin: Elasticsearch

    def key(self, descriptor: dict[str, Any], **more: Any) -> str:
        """A new API key with exactly these privileges."""
        made = self.admin.security.create_api_key(name="test", role_descriptors={"test": descriptor}, **more)
        return str(made["encoded"])

    def sink(self, prefix: str, descriptor: dict[str, Any]) -> ElasticsearchSink:
        return ElasticsearchSink(connect(self.url, api_key=self.key(descriptor), ca_file=self.ca), prefix=prefix)

    def environ(self, **more: str) -> dict[str, str]:
        mine = {"store": "elasticsearch", "elasticsearch_url": self.url, "elasticsearch_ca": str(self.ca)}
        return {f"VOCERO_{name.upper()}": value for name, value in (mine | more).items()}


def hashed(password: str) -> str:
    """A password as Elasticsearch's file realm reads it: PBKDF2 with SHA-512."""
    salt = os.urandom(32)
    derived = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 10_000, 32)
    return f"{{PBKDF2}}10000${base64.b64encode(salt).decode()}${base64.b64encode(derived).decode()}"


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    if (reason := missing("es")) is not None:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("secure")
    conf = folder / "conf"
    (conf / "certs").mkdir(parents=True)
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    certificate.private_key_pem.write_to_path(conf / "certs/node.key")
    certificate.cert_chain_pems[0].write_to_path(conf / "certs/node.crt")
    authority.cert_pem.write_to_path(folder / "ca.crt")
    (conf / "users").write_text(f"{USER}:{hashed(PASSWORD)}\n")
    (conf / "users_roles").write_text(f"superuser:{USER}\n")
    server = LocalServer(
        "es",
        state=folder / "state",
        properties=(
            "xpack.security.enabled=true",
            "xpack.security.http.ssl.enabled=true",
            "xpack.security.http.ssl.key=certs/node.key",
            "xpack.security.http.ssl.certificate=certs/node.crt",
        ),
        environment={"ES_CONF": str(conf), "ES_CA": str(folder / "ca.crt"), "ES_HEAP": "700m"},
    )
    try:
        url = server.start()
        admin = connect(url, basic_auth=(USER, PASSWORD), ca_file=folder / "ca.crt", timeout_seconds=120)
        patiently(lambda: admin.cluster.health(wait_for_status="yellow"))
        patiently(lambda: admin.security.create_api_key(name="first"))  # makes the index that keys are kept in
        yield Secure(url, folder / "ca.crt", admin)
        admin.close()
    finally:
        server.remove()


def patiently(call: Callable[[], Any]) -> Any:
    """The call's answer, once the server that has just started can give one."""
    deadline = time.monotonic() + 120
    while True:
        try:
            return call()
        except ApiError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


@pytest.fixture
def prefix(secure: Secure) -> Iterator[str]:
    """A prefix of this test's own, its indices made by the administrator."""
    name = f"t{uuid.uuid4().hex[:12]}"
    Administration(secure.admin, Layout(name)).apply()
    yield name
    secure.admin.indices.delete(index=f"{name}-*")


def least(prefix: str, role: str, *, without: str = "") -> dict[str, Any]:
    """A role's Elasticsearch part as it is printed, less one privilege."""
    found = roles(load_settings(environ={"VOCERO_TOPIC_PREFIX": prefix}))[role].descriptor()
    found.pop("applications", None)
    found["cluster"] = [one for one in found["cluster"] if one != without]
    for one in found["indices"]:
        one["privileges"] = [privilege for privilege in one["privileges"] if privilege != without]
    found["indices"] = [one for one in found["indices"] if one["privileges"]]
    return found


def document(post_id: str = "1", version: int = 5) -> Document:
    return post_document(
        EnrichedPost(
            id=post_id,
            source="shop",
            channel="review",
            text="palabra",
            clean_text="palabra",
            identity=identity("review", "shop", post_id),
            version=version,
            event_time="2026-03-01T09:30:00.000Z",
        )
    )


def wider(kind: Any, *, dims: int) -> dict[str, Any]:
    found = mapping(kind, dims=dims)
    return {**found, "properties": {**found["properties"], "extra": {"type": "long"}}}


class Refused(Exception):
    """A RETRY's reason."""


def settled(outcomes: list[Any]) -> None:
    for outcome in outcomes:
        if outcome.status is Status.RETRY:
            raise Refused(outcome.reason)
        assert outcome.status in (Status.WRITTEN, Status.UNCHANGED)


def does_setup(secure: Secure, prefix: str, descriptor: dict[str, Any], post: Document) -> None:
    key = secure.key(descriptor)
    client = connect(secure.url, api_key=key, ca_file=secure.ca)
    administration = Administration(client, Layout(prefix))
    administration.plan()
    administration.apply()
    assert Administration(client, Layout(prefix, mapping=wider)).reindex("posts") is not None
    client.close()


def does_index(secure: Secure, prefix: str, descriptor: dict[str, Any], post: Document) -> None:
    sink = secure.sink(prefix, descriptor)
    sink.open()
    settled(sink.write([post]))
    assert sink.get("posts", [post.id]) == [post]
    sink.close()


def does_read(secure: Secure, prefix: str, descriptor: dict[str, Any], post: Document) -> None:
    sink = secure.sink(prefix, descriptor)
    sink.open()
    sink.search(Query(text="palabra"))
    sink.count("alerts")
    sink.close()


def does_purge(secure: Secure, prefix: str, descriptor: dict[str, Any], post: Document) -> None:
    sink = secure.sink(prefix, descriptor)
    sink.open()
    assert sink.purge("posts", before=2**53) == 1
    settled(sink.write([Document("journal", "j", 1, {"event": {"action": "purge"}})]))
    sink.close()


def does_erase(secure: Secure, prefix: str, descriptor: dict[str, Any], post: Document) -> None:
    sink = secure.sink(prefix, descriptor)
    sink.open()
    sink.refresh()
    found = sink.find("posts", Subject(posts=(post.id,)))
    assert len(found) == 1
    # what remains of a topic or an alert is written again without the person's words
    settled(sink.write([replace(one, version=one.version + 1) for one in found]))
    settled(sink.delete([Removal("posts", one.id, one.version + 1) for one in found], at=AT))
    sink.refresh()
    assert sink.find("posts", Subject(posts=(post.id,))) == []
    sink.close()


WORK = {"setup": does_setup, "index": does_index, "read": does_read, "purge": does_purge, "erase": does_erase}


def seed(secure: Secure, prefix: str, post: Document) -> Document:
    seeded = ElasticsearchSink(secure.admin, prefix=prefix)
    settled(seeded.write([post]))
    seeded.refresh()
    return post


@pytest.mark.parametrize("role", WORK)
def test_each_part_needs_each_privilege_and_no_more(secure: Secure, prefix: str, role: str) -> None:
    printed = least(prefix, role)
    privileges = {one for part in printed["indices"] for one in part["privileges"]} | set(printed["cluster"])
    for privilege in sorted(privileges):
        post = seed(secure, prefix, document(privilege))
        with pytest.raises((StoreError, Refused)) as failed:
            WORK[role](secure, prefix, least(prefix, role, without=privilege), post)
        said = str(failed.value)
        assert "HTTP 403" in said, privilege
        assert "which the" in said, privilege  # index or cluster privileges … grant
        assert "vocero setup --print-roles" in said, privilege
        assert "palabra" not in said
        secure.admin.indices.refresh(index=f"{prefix}-posts")
        secure.admin.delete_by_query(index=f"{prefix}-posts", query={"match_all": {}}, refresh=True)
    WORK[role](secure, prefix, printed, seed(secure, prefix, document("all")))


def test_stages_cannot_delete_and_readers_cannot_write(secure: Secure, prefix: str) -> None:
    stage = secure.sink(prefix, least(prefix, "index"))
    settled(stage.write([document()]))
    (outcome,) = stage.delete([Removal("posts", document().id, 9)], at=AT)
    assert outcome.status is Status.RETRY
    assert stage.get("posts", [document().id]) == [document()]
    reader = secure.sink(prefix, least(prefix, "read"))
    (outcome,) = reader.write([document(version=9)])
    assert outcome.status is Status.RETRY
    assert "which the index privileges" in outcome.reason
    early = secure.sink(prefix + "x", least(prefix + "x", "index"))
    with pytest.raises(StoreError, match="run `vocero setup` with those of its role"):
        early.open()
    other = secure.sink(prefix + "x", least(prefix, "read"))
    with pytest.raises(StoreError, match="403"):
        other.search(Query())


def vocero(secure: Secure, *words: str, **environ: str) -> Result:
    return CliRunner().invoke(cli, [*words], env=secure.environ(**environ))


def test_wrong_credentials_and_certificates_are_told_apart(secure: Secure, prefix: str, tmp_path: Path) -> None:
    stranger = tmp_path / "other.crt"
    trustme.CA().cert_pem.write_to_path(stranger)
    good = secure.key(least(prefix, "read"))
    short = secure.key(least(prefix, "read"), expiration="1ms")
    wrong = base64.b64encode(b"AAAAAAAAAAAAAAAAAAAA:BBBBBBBBBBBBBBBBBBBBBB").decode()

    def said(key: str, ca: Path | None = secure.ca, url: str = secure.url) -> str:
        sink = ElasticsearchSink(connect(url, api_key=key, ca_file=ca), prefix=prefix)
        with pytest.raises(StoreError) as failed:
            sink.search(Query())
        (outcome,) = sink.write([document()])
        assert outcome.status is Status.RETRY
        sink.close()
        both = f"{failed.value} {outcome.reason}"
        assert key not in both
        return both

    assert said(good, stranger).count("VOCERO_ELASTICSEARCH_CA") == 2
    assert said(good, None).count("VOCERO_ELASTICSEARCH_CA") == 2
    assert said(wrong).count("does not accept our credentials (HTTP 401)") == 2
    assert said(short).count("has expired") == 2
    assert said("not even base64").count("HTTP 401") == 2
    host = "127.0.0.2"  # the same server, by a name that its certificate does not hold
    assert "cannot be reached" in said(good, url=secure.url.replace("127.0.0.1", host)) or host


def test_secrets_are_in_no_output_and_no_process_list(secure: Secure, prefix: str, tmp_path: Path) -> None:
    good = secure.key(least(prefix, "read"))
    wrong = base64.b64encode(b"CCCCCCCCCCCCCCCCCCCC:DDDDDDDDDDDDDDDDDDDDDD").decode()
    file = tmp_path / "key"
    for key, code in ((good, 0), (wrong, 1)):
        file.write_text(key)
        for words in (["doctor"], ["search", "palabra"]):
            environ = {**os.environ, **secure.environ(elasticsearch_api_key_file=str(file), topic_prefix=prefix)}
            running = subprocess.Popen(
                [str(Path(sys.executable).with_name("vocero")), *words],
                env={**environ, "VOCERO_STATE_DIR": str(tmp_path / "state"), "PYTHONASYNCIODEBUG": "1"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            shown = Path(f"/proc/{running.pid}/cmdline").read_bytes().decode()
            output, _ = running.communicate(timeout=120)
            for part in (key, key.split("=")[0], base64.b64decode(key).decode().split(":")[1]):
                assert part not in output, words
                assert part not in shown
            if words[0] == "search":
                assert running.returncode == code, output
            if words[0] == "doctor":
                assert ("elasticsearch: 0 posts" in output) == (code == 0), output
    assert PASSWORD not in repr(secure.admin)


def test_the_commands_with_the_printed_roles(secure: Secure, prefix: str) -> None:
    fresh = prefix + "n"
    keys = {role: secure.key(least(fresh, role)) for role in ("setup", "index", "read")}
    plan = vocero(
        secure, "setup", "--only", "store", "--dry-run", elasticsearch_api_key=keys["setup"], topic_prefix=fresh
    )
    assert plan.exit_code == 0, plan.output
    assert f"would create index {fresh}-posts-v1" in plan.stdout
    assert not secure.admin.indices.exists(index=f"{fresh}-posts-v1")
    done = vocero(secure, "setup", "--only", "store", "--json", elasticsearch_api_key=keys["setup"], topic_prefix=fresh)
    assert done.exit_code == 0, done.output
    assert {json.loads(line)["action"] for line in done.stdout.splitlines()} == {"create"}
    sink = ElasticsearchSink(connect(secure.url, api_key=keys["index"], ca_file=secure.ca), prefix=fresh)
    sink.open()
    settled(sink.write([document()]))
    secure.admin.indices.refresh(index=f"{fresh}-posts")
    found = vocero(secure, "search", "palabra", "--json", elasticsearch_api_key=keys["read"], topic_prefix=fresh)
    assert found.exit_code == 0, found.output
    assert document().id in found.stdout
    again = vocero(
        secure, "setup", "--only", "store", "--reindex", elasticsearch_api_key=keys["setup"], topic_prefix=fresh
    )
    assert (again.exit_code, again.stdout) == (0, ""), again.output
    secure.admin.indices.delete(index=f"{fresh}-*")


def test_the_deployments_access_script(
    secure: Secure, prefix: str, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    password, key = tmp_path / "kibana", tmp_path / "key"
    password.write_text("another-long-password")
    environ = secure.environ(elasticsearch_username=USER, elasticsearch_password=PASSWORD, topic_prefix=prefix)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["access.py", "--api-key", str(key), "--kibana-password", str(password)])
    main = runpy.run_path(str(ROOT / "deploy/docker/access.py"))["main"]
    assert main() == 0
    first = key.read_text()
    assert stat.S_IMODE(key.stat().st_mode) == 0o400
    assert main() == 0
    assert key.read_text() == first, "a key that works is kept"
    said = capsys.readouterr()
    assert first not in said.out + said.err
    sink = ElasticsearchSink(connect(secure.url, api_key=first, ca_file=secure.ca), prefix=prefix)
    sink.open()
    settled(sink.write([document()]))
    monkeypatch.setenv("VOCERO_ELASTICSEARCH_PASSWORD", "wrong")
    assert main() == 1
    assert "administrator's password" in capsys.readouterr().err
