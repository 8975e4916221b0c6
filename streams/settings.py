"""Settings: `vocero.toml`, then `VOCERO_*` environment variables, then flags. Unknown ones are refused."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

import msgspec
from msgspec import Struct

from schemas.errors import SettingsError

PREFIX = "VOCERO_"
SECRETS = ("elasticsearch_api_key", "elasticsearch_password", "inbox_token", "kafka_sasl_password", "redact_secret")
"""Taken from the environment or from the file that `<name>_file` names, never from vocero.toml or a flag."""

ROUTE = re.compile(r"brand=[^/]+(/product=.+)?|product=.+")
TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]


def _default_channels() -> dict[str, str]:
    return {"review": "reviews", "email": "emails", "social": "social"}


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set. In vocero.toml a table's name joins its keys: `[kafka] bootstrap_servers`."""

    # Kafka
    kafka_bootstrap_servers: str | None = None
    kafka_security_protocol: SecurityProtocol = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"] | None = None
    kafka_sasl_username: str | None = None
    kafka_sasl_password: str | None = None
    kafka_sasl_password_file: str | None = None
    kafka_ssl_ca: str | None = None
    kafka_ssl_certificate: str | None = None
    kafka_ssl_key: str | None = None
    kafka_group_prefix: str = "vocero"
    kafka_session_seconds: float = 10.0
    """A worker that is silent for so long is taken for dead, and another one takes over what it had."""
    topic_prefix: str = "feedback"
    channels: dict[str, str] = msgspec.field(default_factory=_default_channels)
    """Channel to the last part of its raw topic: `survey = "surveys"` is read from `feedback.raw.surveys`."""
    alerts_routes: dict[str, str] = msgspec.field(default_factory=dict)
    """What an alert is about to a topic that holds it too: `"brand=Lumbre" = "alerts.lumbre"` under [alerts.routes]."""
    alerts_adverts: bool = False
    """Let posts that are marked as adverts, spam or not about us count in alerts too."""
    # the store
    store: Literal["sqlite", "elasticsearch", "memory"] = "sqlite"
    sqlite_path: str | None = None
    elasticsearch_url: str | None = None
    elasticsearch_api_key: str | None = None
    elasticsearch_api_key_file: str | None = None
    elasticsearch_username: str | None = None
    elasticsearch_password: str | None = None
    elasticsearch_password_file: str | None = None
    elasticsearch_ca: str | None = None
    kibana_url: str | None = None
    """Where `vocero setup` imports the dashboards, with Elasticsearch's credentials; space and base path included."""
    kibana_ca: str | None = None
    """None: the same as elasticsearch_ca."""
    # models
    models: Literal["local", "hub"] = "local"
    hub_embedding: str = (
        "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2@e8f8c211226b894fcb81acc59f3b34ba3efd5f42"
    )
    """A model of the profile `hub`: owner/model@commit, or a folder. The next two alike."""
    hub_sentiment: str = "cardiffnlp/twitter-xlm-roberta-base-sentiment@f3e34b6c30bf27b6649f72eca85d0bbe79df1e55"
    hub_translation: str = "facebook/m2m100_418M@55c2e61bbf05dfb8d7abccdc3fae6fc8512fd636"
    hub_translation_languages: tuple[str, ...] = ("de", "nl", "pl", "sv", "tr", "ru", "uk", "ar", "hi", "zh", "ja")
    """What `hub_translation` is asked for; Apertium keeps the others."""
    model_threads: int = 2
    sentiment_model: str | None = None
    """A folder that `vocero train sentiment` wrote, instead of the shipped model."""
    glossary: str | None = None
    """A file of a team's own terms with their English: language, term, English, with tabs between them."""
    # what the process shows of itself
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0
    """0: no metrics and no health are served."""
    # the page for people who work cases
    inbox_host: str = "127.0.0.1"
    inbox_port: int = 8787
    inbox_names: str | None = None
    """Beyond loopback: the host names by which people reach it, by commas."""
    inbox_token: str | None = None
    inbox_token_file: str | None = None
    inbox_tls_certificate: str | None = None
    inbox_tls_key: str | None = None
    # work
    state_dir: str = ".vocero"
    batch_size: int = 256
    """Records of a batch at most: under a backlog; while they trickle, batches are small."""
    batch_seconds: float = 0.05
    """How long the first record of a batch waits for others."""
    max_record_bytes: int = 16 * 1024 * 1024
    history_days: float | None = 7.0
    """Posts older than this when they arrive train baselines and topics, and never alert. None: all may alert."""
    link_posts: int = 60_000
    """Posts that the `link` stage of a worker remembers to compare new ones with, about 8 kB each."""
    reach_followers: float = 1_000_000
    """The audience at which the factor is full, on a logarithmic scale; so for views, shares and likes."""
    reach_views: float = 1_000_000
    reach_shares: float = 10_000
    reach_likes: float = 50_000
    reach_floor: float = 0.2
    """What a complaint that nobody else sees keeps of its severity, from 0 to 1."""
    redact_secret: str | None = None
    redact_secret_file: str | None = None
    allow_cleartext: bool = False
    """Allow connections in the clear to hosts beyond loopback."""

    @property
    def sqlite_file(self) -> Path:
        """Where the SQLite store lives."""
        return Path(self.sqlite_path) if self.sqlite_path else Path(self.state_dir) / "vocero.sqlite"

    @property
    def broker(self) -> str:
        """The bootstrap servers; raises SettingsError where none are set."""
        if not self.kafka_bootstrap_servers:
            raise SettingsError(
                "no Kafka broker is named: set VOCERO_KAFKA_BOOTSTRAP_SERVERS (such as 127.0.0.1:9092), "
                "or use --embedded to try vocero without one"
            )
        return self.kafka_bootstrap_servers


def load_settings(
    *,
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Settings:
    """The settings from all three sources, checked; raises SettingsError with what to change.

    `file` None reads `vocero.toml` of the current folder where there is one. A flag that is None was not given.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    values.update(_from_file(file))
    values.update(_from_environment(environ))
    values.update({name: value for name, value in (flags or {}).items() if value is not None})
    for name in SECRETS:
        path = values.get(f"{name}_file")
        if path and values.get(name):
            raise SettingsError(f"both {name} and {name}_file are set: keep one of them")
        if path:
            values[name] = _read_secret(name, Path(str(path)))
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"a setting is wrong: {error}") from None
    _check(settings)
    return settings


def _from_file(file: Path | None) -> dict[str, Any]:
    path = file or Path("vocero.toml")
    if file is None and not path.is_file():
        return {}
    try:
        with path.open("rb") as stream:
            table = tomllib.load(stream)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read ({error.strerror}): name another file with --config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from None
    flat: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict) and name != "channels":
            flat.update({f"{name}_{inner}": item for inner, item in value.items()})
        else:
            flat[name] = value
    _refuse_unknown(flat, str(path))
    for name in SECRETS:
        if name in flat:
            raise SettingsError(f"{path} holds the secret {name}: set {PREFIX}{name.upper()} or {name}_file instead")
    return flat


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    found = {name[len(PREFIX) :].lower(): value for name, value in environ.items() if name.startswith(PREFIX)}
    _refuse_unknown(found, "the environment")
    for name, example in (
        ("channels", '{"survey": "surveys"}'),
        ("alerts_routes", '{"brand=Lumbre": "alerts.lumbre"}'),
    ):
        if name in found:
            try:
                found[name] = msgspec.json.decode(found[name])
            except msgspec.DecodeError:
                raise SettingsError(f"{PREFIX}{name.upper()} must be a JSON object such as {example}") from None
    return {name: value for name, value in found.items() if value != ""}


def _refuse_unknown(values: Mapping[str, Any], where: str) -> None:
    known = set(get_type_hints(Settings))
    for name in values:
        if name not in known:
            near = [other for other in sorted(known) if other.startswith(name[:4])][:3]
            hint = f"; near to it: {', '.join(near)}" if near else ""
            raise SettingsError(f"{where} holds the unknown setting `{name}`{hint}")


def _read_secret(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{name}_file cannot be read: check that it exists and is yours to read") from None


def _check(settings: Settings) -> None:
    protocols = get_args(SecurityProtocol)
    sasl = settings.kafka_security_protocol in protocols[2:]
    if sasl and not (settings.kafka_sasl_mechanism and settings.kafka_sasl_username and settings.kafka_sasl_password):
        raise SettingsError("SASL needs kafka_sasl_mechanism, kafka_sasl_username and kafka_sasl_password")
    if settings.kafka_sasl_username and not sasl:
        raise SettingsError("kafka_sasl_username is set, but kafka_security_protocol is not a SASL one")
    if settings.store == "elasticsearch" and not settings.elasticsearch_url:
        raise SettingsError("store is elasticsearch: set VOCERO_ELASTICSEARCH_URL too")
    if (settings.elasticsearch_username is None) != (settings.elasticsearch_password is None):
        raise SettingsError("elasticsearch_username and elasticsearch_password go together: set both or neither")
    if settings.elasticsearch_api_key and settings.elasticsearch_password:
        raise SettingsError("Elasticsearch takes an API key or a user with a password: keep one of them")
    if not 0 <= settings.metrics_port <= 65_535:
        raise SettingsError("metrics_port must be between 0 (off) and 65535")
    if not 1 <= settings.inbox_port <= 65_535:
        raise SettingsError("inbox_port must be between 1 and 65535")
    if (settings.inbox_tls_certificate is None) != (settings.inbox_tls_key is None):
        raise SettingsError("inbox_tls_certificate and inbox_tls_key go together: set both or neither")
    if not 6.0 <= settings.kafka_session_seconds <= 80.0:
        raise SettingsError("kafka_session_seconds must lie between 6 and 80")
    if settings.batch_size < 1 or settings.model_threads < 1 or settings.batch_seconds <= 0:
        raise SettingsError("batch_size, model_threads and batch_seconds must be greater than zero")
    if settings.link_posts < 1_000:
        raise SettingsError("link_posts must be at least 1000")
    fulls = (settings.reach_followers, settings.reach_views, settings.reach_shares, settings.reach_likes)
    if not all(1 <= full <= 1e10 for full in fulls) or not 0 <= settings.reach_floor <= 1:
        raise SettingsError("reach_* must be between 1 and 10000000000, and reach_floor between 0 and 1")
    if not settings.channels:
        raise SettingsError("channels is empty: name at least one")
    for route, topic in settings.alerts_routes.items():
        _check_route(route, topic, settings.topic_prefix)


def _check_route(route: str, topic: str, prefix: str) -> None:
    if ROUTE.fullmatch(route) is None:
        raise SettingsError(
            f"the route `{route}` in alerts_routes is none: write brand=NAME, product=NAME or brand=NAME/product=NAME"
        )
    if TOPIC.fullmatch(topic) is None or topic in (".", ".."):
        raise SettingsError(f"the route `{route}` leads to `{topic}`, which cannot be a Kafka topic's name")
    if topic.startswith(f"{prefix}.") and not topic.startswith(f"{prefix}.alerts.to."):
        raise SettingsError(
            f"the route `{route}` leads to `{topic}`: names under `{prefix}.` are vocero's own, "
            f"save those that begin with `{prefix}.alerts.to.`"
        )
