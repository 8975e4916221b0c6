"""The compose deployment, held to what can be checked without an engine: settings, commands, files, ports, secrets."""

from __future__ import annotations

import os
import re
import shutil
import ssl
import stat
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from schemas.errors import SettingsError
from streams.cli import COMMANDS, cli
from streams.settings import PREFIX, SECRETS, Settings, load_settings
from streams.wiring import STAGES

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "deploy" / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = sorted(name for name, one in SERVICES.items() if one["image"].startswith("vocero:"))
MADE = "/secrets/"
"""Where the files stand that secrets.sh and access.py make."""


def environment(name: str) -> dict[str, str]:
    return {key: str(value) for key, value in SERVICES[name].get("environment", {}).items()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that secrets.sh fills, here without giving files to the containers' users."""
    if shutil.which("openssl") is None:
        pytest.skip("secrets.sh needs openssl: apt-get install openssl")
    folder = tmp_path_factory.mktemp("made")
    make_secrets(folder)
    return folder


def make_secrets(folder: Path) -> str:
    found = subprocess.run(
        ["sh", str(DOCKER / "secrets.sh"), str(folder)],
        env={**os.environ, "SECRETS_OWNERS": "keep"},
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    return found.stdout


def test_everything_that_the_first_deployment_needs_is_a_service() -> None:
    assert set(SERVICES) >= {"secrets", "kafka", "elasticsearch", "kibana", "access", "setup"}
    run = [word for name in OURS for word in SERVICES[name]["command"] if word in STAGES]
    assert sorted(run) == sorted(STAGES), "every stage runs once"


@pytest.mark.parametrize("name", OURS)
def test_settings_are_known_and_fit_together(name: str, made: Path) -> None:
    ours = {key: value for key, value in environment(name).items() if key.startswith(PREFIX)}
    assert {key[len(PREFIX) :].lower() for key in ours} <= set(Settings.__struct_fields__)
    # access.py makes this one
    key = made / "vocero" / "elasticsearch_api_key"
    if not key.exists():
        key.write_text("a key", encoding="utf-8")
    here = {name: value.replace(MADE, f"{made}/") if value.startswith(MADE) else value for name, value in ours.items()}
    settings = load_settings(environ=here)
    for value in here.values():
        if value.startswith(str(made)):
            assert Path(value).is_file(), "a file that no script makes"
    assert not settings.allow_cleartext


def test_a_setting_that_is_misspelt_would_be_refused() -> None:
    with pytest.raises(SettingsError):
        load_settings(environ={**environment("index"), "VOCERO_ELASTICSEARCH_API_KEY_FIEL": "x"})


@pytest.mark.parametrize("name", [name for name in OURS if "entrypoint" not in SERVICES[name]])
def test_command_lines_parse(name: str) -> None:
    words: list[str] = SERVICES[name]["command"]
    command = cli.get_command(click.Context(cli), words[0])
    assert words[0] in COMMANDS
    assert command is not None
    context = command.make_context(words[0], words[1:])  # raises for an option that does not exist
    assert set(context.params.get("stages", ())) <= set(STAGES)


def test_scripts_that_services_start_are_in_the_image() -> None:
    copied = re.findall(r"^COPY (deploy/docker/\S+) (deploy/docker/\S+) (/\S+)$", dockerfile(), re.MULTILINE)
    inside = {f"{folder}{Path(path).name}" for one, other, folder in copied for path in (one, other)}
    used = {w for name in OURS for w in SERVICES[name].get("entrypoint", []) if w.startswith("/opt/deploy/")}
    assert used == inside


def dockerfile() -> str:
    return (DOCKER / "Dockerfile").read_text(encoding="utf-8")


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    allowed = (DOCKER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    sources = [
        path
        for line in dockerfile().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for path in line.split()[1:-1]
    ]
    assert len(sources) > 8
    for path in sources:
        assert (ROOT / path).exists(), path
        assert f"!{path}" in allowed, f"{path} does not reach the build"
    assert allowed[0] == "*"


def test_the_image_is_slim_locked_and_without_privileges() -> None:
    text = dockerfile()
    assert "python:3.11-slim-bookworm" in text
    assert "--require-hashes -r requirements/base.txt" in text
    assert "ORT_DISABLE_TELEMETRY=1" in text
    assert re.findall(r"^USER (\S+)$", text, re.MULTILINE) == ["10001"]
    script = (DOCKER / "secrets.sh").read_text(encoding="utf-8")
    assert re.search(r"^VOCERO=10001\b", script, re.MULTILINE), "secrets are given to the image's user"
    packages = (ROOT / "deploy" / "local" / "packages.sh").read_text(encoding="utf-8")
    apertium = re.search(r"^apertium=\((.*)\)$", packages, re.MULTILINE)
    assert apertium is not None
    assert set(apertium[1].split()) <= set(text.split()), "the languages that `make setup` installs"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_services_are_pinned_bounded_and_restarted(name: str) -> None:
    service = SERVICES[name]
    assert re.search(r":\d+\.\d+\.\d+$", service["image"]), "an exact version"
    assert "mem_limit" in service
    one_shot = service["restart"] == "no"
    assert one_shot or (service["restart"] == "unless-stopped" and "healthcheck" in service)
    for other, how in service.get("depends_on", {}).items():
        finished = SERVICES[other]["restart"] == "no"
        assert how["condition"] == ("service_completed_successfully" if finished else "service_healthy")


def test_elasticsearch_and_kibana_are_of_the_version_that_was_tested() -> None:
    tested = re.search(r"Elasticsearch (\d+\.\d+\.\d+)", (ROOT / "deploy/local/es-up.sh").read_text(encoding="utf-8"))
    kafka = re.search(r"<kafka.version>(.*)</", (ROOT / "deploy/local/kafka/pom.xml").read_text(encoding="utf-8"))
    assert tested is not None
    assert kafka is not None
    assert SERVICES["elasticsearch"]["image"].endswith(f"/elasticsearch:{tested[1]}")
    assert SERVICES["kibana"]["image"].endswith(f"/kibana:{tested[1]}")
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{kafka[1]}"


def test_only_kafka_and_kibana_are_reached_and_only_from_this_machine() -> None:
    published = {name: one["ports"] for name, one in SERVICES.items() if "ports" in one}
    assert set(published) == {"kafka", "kibana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_mounts_are_volumes_that_are_declared_or_files_that_are_there() -> None:
    for name, service in SERVICES.items():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            assert source in COMPOSE["volumes"] or (ROOT / source).exists(), f"{name}: {source}"
    used = {mount.split(":")[0] for one in SERVICES.values() for mount in one.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])


def test_each_service_sees_its_own_secrets_only() -> None:
    def mounted(name: str) -> set[str]:
        return {mount.split(":")[0] for mount in SERVICES[name]["volumes"] if mount.startswith("secrets-")}

    assert {name: mounted(name) for name in ("kafka", "elasticsearch", "kibana", "enrich", "index", "follow")} == {
        "kafka": {"secrets-kafka"},
        "elasticsearch": {"secrets-elasticsearch"},
        "kibana": {"secrets-kibana"},
        "enrich": {"secrets-vocero"},
        "index": {"secrets-vocero"},
        "follow": {"secrets-vocero"},
    }
    assert mounted("secrets") >= {"secrets-authority"}
    for name, service in SERVICES.items():
        for mount in service.get("volumes", []):
            writes = name == "secrets" or (name, mount) == ("access", "secrets-vocero:/secrets/vocero")
            assert mount.endswith(":ro") or writes or not mount.startswith("secrets-"), f"{name} could change {mount}"


def test_no_secret_stands_in_the_file() -> None:
    for name in SERVICES:
        for key, value in environment(name).items():
            assert not any(key == PREFIX + secret.upper() for secret in SECRETS)
            if re.search("PASSWORD|SECRET|API_KEY|TOKEN", key):
                assert key.endswith("_FILE"), f"{name}: {key}"
                assert value.startswith("/")


def test_security_is_on() -> None:
    store = environment("elasticsearch")
    assert store["xpack.security.enabled"] == store["xpack.security.http.ssl.enabled"] == "true"
    broker = environment("kafka")
    assert "INSIDE:SSL" in broker["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")
    assert broker["KAFKA_SSL_CLIENT_AUTH"] == "required"
    # the image would ask for Java keystores if an advertised listener were called so
    assert "SSL://" not in broker["KAFKA_ADVERTISED_LISTENERS"]
    for name in OURS:
        assert SERVICES[name]["cap_drop"] == ["ALL"]
        assert SERVICES[name]["read_only"]
        assert name == "secrets" or "user" not in SERVICES[name]


def test_stages_are_watched_where_they_answer() -> None:
    for name in OURS:
        if SERVICES[name]["restart"] == "no":
            continue
        port = environment(name)["VOCERO_METRICS_PORT"]
        assert f"http://127.0.0.1:{port}/healthz" in " ".join(SERVICES[name]["healthcheck"]["test"])


def test_secrets_are_made_once_and_only_their_owner_reads_them(made: Path) -> None:
    files = {path: path.read_bytes() for path in sorted(made.rglob("*")) if path.is_file()}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o400 for path in files if path.name != "elasticsearch_api_key")
    make_secrets(made)
    assert {path: path.read_bytes() for path in sorted(made.rglob("*")) if path.is_file()} == files
    secrets = [made / "access/elastic_password", made / "access/kibana_password", made / "vocero/redact_secret"]
    assert len({files[path] for path in secrets}) == 3
    assert all(len(files[path].strip()) >= 40 for path in secrets)
    assert files[made / "access/elastic_password"] == files[made / "elasticsearch/elastic_password"]
    kibana = yaml.safe_load(files[made / "kibana/kibana.yml"])
    assert kibana["elasticsearch.password"] == files[made / "access/kibana_password"].decode().strip()


def test_certificates_are_the_authoritys_and_name_their_service(made: Path) -> None:
    for name in ("elasticsearch", "kafka", "vocero"):
        folder = made / name
        context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
        context.load_cert_chain(folder / f"{name}.crt", folder / f"{name}.key")  # raises where they do not fit
        words = ["openssl", "verify", "-CAfile", str(folder / "ca.crt"), "-verify_hostname", name]
        checked = subprocess.run([*words, str(folder / f"{name}.crt")], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr
    assert not list(made.glob("[!a]*/ca.key")), "the authority's key stays with the authority"


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="docker-compose checks the file where it is")
def test_docker_compose_accepts_the_file() -> None:
    words = ["docker-compose", "-f", str(ROOT / "docker-compose.yml"), "config", "--quiet"]
    checked = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stderr
