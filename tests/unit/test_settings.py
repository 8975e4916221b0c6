"""Settings: three sources in order, unknown ones refused, secrets never from the file."""

from pathlib import Path

import pytest

from schemas.errors import SettingsError
from streams.broker.client import client_config
from streams.settings import load_settings
from streams.topics import plan, topics_of

pytestmark = pytest.mark.unit


def write(folder: Path, text: str) -> Path:
    path = folder / "vocero.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_environment_wins_over_the_file_and_flags_over_both(tmp_path: Path) -> None:
    file = write(tmp_path, 'store = "memory"\nbatch_size = 8\n[kafka]\nbootstrap_servers = "localhost:1"\n')
    settings = load_settings(
        file=file, environ={"VOCERO_BATCH_SIZE": "16", "VOCERO_MODEL_THREADS": "1"}, flags={"model_threads": 3}
    )
    assert (settings.store, settings.batch_size, settings.model_threads) == ("memory", 16, 3)
    assert settings.broker == "localhost:1"


@pytest.mark.parametrize(
    ("environ", "word"),
    [
        ({"VOCERO_STROE": "sqlite"}, "stroe"),
        ({"VOCERO_STORE": "postgres"}, "store"),
        ({"VOCERO_BATCH_SIZE": "many"}, "batch_size"),
        ({"VOCERO_BATCH_SIZE": "0"}, "batch_size"),
        ({"VOCERO_KAFKA_SESSION_SECONDS": "1"}, "kafka_session_seconds"),
        ({"VOCERO_STORE": "elasticsearch"}, "VOCERO_ELASTICSEARCH_URL"),
        ({"VOCERO_KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}, "SASL"),
        ({"VOCERO_KAFKA_SASL_USERNAME": "u"}, "SASL"),
        ({"VOCERO_ELASTICSEARCH_USERNAME": "u"}, "go together"),
        ({"VOCERO_ELASTICSEARCH_PASSWORD": "p"}, "go together"),
        (
            {
                "VOCERO_ELASTICSEARCH_API_KEY": "k",
                "VOCERO_ELASTICSEARCH_USERNAME": "u",
                "VOCERO_ELASTICSEARCH_PASSWORD": "p",
            },
            "keep one",
        ),
        ({"VOCERO_CHANNELS": "survey"}, "JSON"),
        ({"VOCERO_REDACT_SECRET": "a", "VOCERO_REDACT_SECRET_FILE": "b"}, "both"),
        ({"VOCERO_REDACT_SECRET_FILE": "nowhere"}, "cannot be read"),
    ],
)
def test_what_cannot_work_is_refused_with_a_hint(environ: dict[str, str], word: str) -> None:
    with pytest.raises(SettingsError, match=word):
        load_settings(environ=environ)


def test_a_secret_in_the_file_is_refused_and_one_in_a_secret_file_is_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="secret"):
        load_settings(file=write(tmp_path, 'redact_secret = "x"'), environ={})
    (tmp_path / "key").write_text("s3cret\n", encoding="utf-8")
    settings = load_settings(environ={"VOCERO_REDACT_SECRET_FILE": str(tmp_path / "key")})
    assert settings.redact_secret == "s3cret"


def test_files_that_are_missing_or_broken_say_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(file=tmp_path / "none.toml", environ={})
    with pytest.raises(SettingsError, match="TOML"):
        load_settings(file=write(tmp_path, "store = "), environ={})


def test_a_channel_is_one_line_more(tmp_path: Path) -> None:
    file = write(tmp_path, '[channels]\nreview = "reviews"\nsurvey = "surveys"\n')
    topics = topics_of(load_settings(file=file, environ={}))
    assert topics.raw == {"review": "feedback.raw.reviews", "survey": "feedback.raw.surveys"}


def test_signals_and_commands_have_as_many_partitions() -> None:
    topics = topics_of(load_settings(environ={}))
    partitions = {one.name: one.partitions for one in plan(topics, partitions=6)}
    assert partitions[topics.signals] == partitions[topics.case_commands] == partitions[topics.cases] == 6
    assert partitions[topics.topics] == 1


@pytest.mark.parametrize("address", ["kafka.example:9092", "127.0.0.1:9092,10.0.0.1:9092"])
def test_cleartext_beyond_loopback_is_refused(address: str) -> None:
    environ = {"VOCERO_KAFKA_BOOTSTRAP_SERVERS": address}
    with pytest.raises(SettingsError, match="not encrypted"):
        client_config(load_settings(environ=environ))
    assert client_config(load_settings(environ={**environ, "VOCERO_ALLOW_CLEARTEXT": "true"}))
    assert client_config(load_settings(environ={**environ, "VOCERO_KAFKA_SECURITY_PROTOCOL": "SSL"}))


@pytest.mark.parametrize("address", ["127.0.0.1:9092", "localhost:9092", "[::1]:9092"])
def test_loopback_may_be_clear(address: str) -> None:
    environ = {"VOCERO_KAFKA_BOOTSTRAP_SERVERS": address}
    assert client_config(load_settings(environ=environ))["bootstrap.servers"] == address


def test_a_missing_broker_is_an_error_that_says_what_to_set() -> None:
    with pytest.raises(SettingsError, match="VOCERO_KAFKA_BOOTSTRAP_SERVERS"):
        client_config(load_settings(environ={}))
