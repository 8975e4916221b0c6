"""Whether this user may do on Kafka what its stages need, asked before the first record is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclOperation

from schemas.errors import BrokerError
from streams.access import Acl, roles
from streams.broker.client import client_config
from streams.settings import Settings

REFUSED = (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED)
SECONDS = 15.0


def check_rights(settings: Settings, stages: Iterable[str]) -> None:
    """Raises BrokerError that names each operation that the stages need and this user may not do.

    A topic or group that is not there yet, and a broker too old to tell, are no hindrance.
    """
    known = roles(settings)
    client = AdminClient(client_config(settings))
    wrong = [
        f"{stage} needs {', '.join(lacking)}" for stage in stages if (lacking := _lacking(client, known[stage].kafka))
    ]
    if wrong:
        raise BrokerError(
            f"Kafka does not allow this user what its stages need: {'; '.join(wrong)}. "
            "`vocero setup --print-roles` prints all that each stage needs"
        )


def _lacking(client: AdminClient, needed: Iterable[Acl]) -> list[str]:
    acls = [one for one in needed if not one.prefixed]
    asked: Mapping[str, Any] = {
        "topic": lambda names: client.describe_topics(
            TopicCollection(names), include_authorized_operations=True, request_timeout=SECONDS
        ),
        "group": lambda names: client.describe_consumer_groups(
            names, include_authorized_operations=True, request_timeout=SECONDS
        ),
    }
    lacking = []
    for resource, ask in asked.items():
        wanted = {one.name: one.operations for one in acls if one.resource == resource}
        for name, future in (ask(list(wanted)) if wanted else {}).items():
            allowed = _allowed(future)
            lacking += [
                f"{operation} on the {resource} {name}"
                for operation in wanted[name]
                if allowed is not None and AclOperation[operation.upper()] not in allowed
            ]
    return lacking


def _allowed(future: Any) -> set[AclOperation] | None:
    """What may be done; None where it cannot be told."""
    try:
        operations = future.result(2 * SECONDS).authorized_operations
    except KafkaException as error:
        return set() if error.args[0].code() in REFUSED else None
    return None if operations is None else set(operations)
