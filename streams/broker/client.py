"""librdkafka's configuration from the settings, and the refusal to speak in the clear beyond loopback."""

from __future__ import annotations

import ipaddress
import logging
from typing import Any

from schemas.errors import BrokerError, SettingsError
from streams.settings import Settings


def client_config(settings: Settings) -> dict[str, Any]:
    """What every confluent-kafka client of ours gets; raises SettingsError for a clear connection beyond loopback."""
    refuse_cleartext(settings)
    config: dict[str, Any] = {
        "bootstrap.servers": settings.broker,
        "security.protocol": settings.kafka_security_protocol,
        "logger": logging.getLogger("librdkafka"),  # else it writes to stderr by itself
    }
    optional = {
        "sasl.mechanism": settings.kafka_sasl_mechanism,
        "sasl.username": settings.kafka_sasl_username,
        "sasl.password": settings.kafka_sasl_password,
        "ssl.ca.location": settings.kafka_ssl_ca,
        "ssl.certificate.location": settings.kafka_ssl_certificate,
        "ssl.key.location": settings.kafka_ssl_key,
    }
    config.update({name: value for name, value in optional.items() if value})
    return config


def refuse_cleartext(settings: Settings) -> None:
    """Raises SettingsError where customers' words would cross a network unencrypted."""
    if settings.kafka_security_protocol in ("SSL", "SASL_SSL") or settings.allow_cleartext:
        return
    for server in settings.broker.split(","):
        host = server.strip().rsplit(":", 1)[0].split("://")[-1].strip("[]")
        if not _loopback(host):
            raise SettingsError(
                "the Kafka connection is not encrypted and leaves this machine: set kafka_security_protocol to SSL "
                "or SASL_SSL, or allow_cleartext = true if the network itself is trusted"
            )


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def reach(settings: Settings, *, seconds: float = 10.0) -> dict[str, int]:
    """The topics of the broker with their number of partitions; raises BrokerError where it does not answer."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    try:
        metadata = AdminClient(client_config(settings)).list_topics(timeout=seconds)
    except KafkaException as error:
        raise BrokerError(
            f"Kafka does not answer at the address given ({error.args[0].name()}): "
            "check kafka_bootstrap_servers, the security settings and that the broker runs"
        ) from None
    return {name: len(topic.partitions) for name, topic in metadata.topics.items()}
