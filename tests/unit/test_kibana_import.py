"""Importing saved objects, against a small server that answers as Kibana does."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from schemas.errors import SettingsError, StoreError
from streams.cli import cli
from streams.kibana import Kibana, objects, shipped_file
from streams.settings import Settings, load_settings

pytestmark = pytest.mark.unit

Server = tuple[str, list[dict[str, Any]]]


class ScriptedKibana(ThreadingHTTPServer):
    """Keeps objects by type and id, and asks for an API key and the header against forged requests."""

    def __init__(self, answer: tuple[int, Any] | None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.stored: dict[tuple[str, str], dict[str, Any]] = {}
        self.overwritten = 0


class Handler(BaseHTTPRequestHandler):
    server: ScriptedKibana

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.answer is not None:
            self.reply(*self.server.answer)
        elif self.headers["Authorization"] != "ApiKey good":
            self.reply(401, {"statusCode": 401, "error": "Unauthorized", "message": "secret words"})
        elif "kbn-xsrf" not in self.headers:
            self.reply(400, {"statusCode": 400, "message": "Request must contain a kbn-xsrf header."})
        elif self.path != "/api/saved_objects/_import?overwrite=true":
            self.reply(404, {"statusCode": 404, "error": "Not Found"})
        else:
            self.import_lines(body)

    def import_lines(self, body: bytes) -> None:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        (part,) = BytesParser(policy=HTTP).parsebytes(head + body).iter_parts()
        assert part.get_filename() == "vocero.ndjson"
        found = [json.loads(line) for line in part.get_content().splitlines() if line.strip()]
        given = {(one["type"], one["id"]): one for one in found if "type" in one}
        missing = [
            {"type": one["type"], "id": one["id"], "error": {"type": "missing_references"}}
            for one in given.values()
            for reference in one.get("references", [])
            if (reference["type"], reference["id"]) not in {**self.server.stored, **given}
        ]
        if not missing:
            self.server.overwritten += len(self.server.stored.keys() & given.keys())
            self.server.stored.update(given)
        answer = {"success": not missing, "successCount": 0 if missing else len(given)}
        self.reply(200, {**answer, "errors": missing} if missing else answer)

    def reply(self, status: int, body: Any) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def scripted() -> Iterator[Callable[..., tuple[str, ScriptedKibana]]]:
    servers: list[ScriptedKibana] = []

    def serve(answer: tuple[int, Any] | None = None) -> tuple[str, ScriptedKibana]:
        server = ScriptedKibana(answer)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}", server

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def settings(url: str, **more: str) -> Settings:
    environ = {"VOCERO_KIBANA_URL": url, "VOCERO_ELASTICSEARCH_API_KEY": "good"}
    return load_settings(environ=environ | {f"VOCERO_{name.upper()}": value for name, value in more.items()})


def imported(url: str, file: Path, **more: str) -> int:
    kibana = Kibana(settings(url, **more))
    try:
        return kibana.import_objects(file)
    finally:
        kibana.close()


def test_the_shipped_objects_are_imported_and_again_over_themselves(scripted: Any) -> None:
    url, server = scripted()
    file = shipped_file()
    known = objects(file)
    assert {"dashboard", "index-pattern"} <= {one.type for one in known}
    assert imported(url, file) == len(known)
    assert set(server.stored) == {(one.type, one.id) for one in known}
    assert server.overwritten == 0
    assert imported(url + "/", file) == len(known)
    assert server.overwritten == len(known)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((401, {"message": "secret"}), "does not accept our credentials"),
        ((403, {"message": "secret"}), "Saved Objects Management"),
        ((404, {}), "no Kibana at that address"),
        ((503, b"Kibana server is not ready yet"), "not ready yet"),
        ((500, b"secret"), "HTTP 500"),
        ((302, b""), "HTTP 302"),
        ((200, b"<html>secret"), "did not import"),
        ((200, []), "did not import"),
        (
            (200, {"success": False, "errors": [{"type": "t", "id": "i", "error": {"type": "conflict"}}]}),
            "t i .conflict",
        ),
        ((200, {"success": False, "errors": [{"type": "t", "id": str(n)} for n in range(9)]}), "and 4 more"),
        ((200, {"success": True}), "no object was named"),
    ],
)
def test_what_kibana_refuses_is_said_without_what_it_quotes(scripted: Any, answer: Any, words: str) -> None:
    url, _ = scripted(answer)
    with pytest.raises(StoreError, match=words) as failed:
        imported(url, shipped_file())
    assert "secret" not in str(failed.value)
    assert "good" not in str(failed.value)


def test_wrong_credentials_and_missing_references(scripted: Any, tmp_path: Path) -> None:
    url, server = scripted()
    with pytest.raises(StoreError, match="credentials"):
        imported(url, shipped_file(), elasticsearch_api_key="bad")
    lone = next(line for line in shipped_file().read_text().splitlines() if json.loads(line).get("references"))
    file = tmp_path / "vocero.ndjson"
    file.write_text(lone, encoding="utf-8")
    with pytest.raises(StoreError, match="missing_references"):
        imported(url, file)
    assert server.stored == {}


def test_nobody_answers() -> None:
    with pytest.raises(StoreError, match="cannot be reached"):
        imported("http://127.0.0.1:9", shipped_file())


@pytest.mark.parametrize(
    "url", ["", "kibana:5601", "ftp://x", "http://kibana.example:5601", "https://me:pass@kibana:5601", "http://[x"]
)
def test_addresses_that_cannot_work(url: str) -> None:
    with pytest.raises(SettingsError) as failed:
        Kibana(Settings(kibana_url=url))
    assert "pass@" not in str(failed.value)


def test_setup_shows_the_objects_and_imports_them(scripted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    url, server = scripted()
    monkeypatch.setenv("VOCERO_KIBANA_URL", url)
    monkeypatch.setenv("VOCERO_ELASTICSEARCH_API_KEY", "good")
    known = objects(shipped_file())
    dry = CliRunner().invoke(cli, ["setup", "--only", "kibana", "--dry-run"])
    assert dry.exit_code == 0, dry.output
    assert len(dry.stdout.splitlines()) == len(known)
    assert all(line.startswith("would import ") for line in dry.stdout.splitlines())
    assert server.stored == {}
    done = CliRunner().invoke(cli, ["setup", "--only", "kibana", "--json"])
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {(one["what"], one["detail"]) for one in lines} == set(server.stored)
    assert {one["system"] for one in lines} == {"kibana"}
