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

Allowed = Mapping[tuple[str, str], "set[AclOperation] | None"]
"""By kind and name; None where it cannot be told."""


def check_rights(settings: Settings, stages: Iterable[str]) -> None:
    """Raises BrokerError that names each operation that the stages need and this user may not do.

    A topic or group that is not there yet, and a broker too old to tell, are no hindrance.
    """
    needed = {stage: [one for one in roles(settings)[stage].kafka if not one.prefixed] for stage in stages}
    allowed = _ask(settings, [one for acls in needed.values() for one in acls])
    lacking = {stage: _lacking(acls, allowed) for stage, acls in needed.items()}
    wrong = [f"{stage} needs {', '.join(missing)}" for stage, missing in lacking.items() if missing]
    if wrong:
        raise BrokerError(
            f"Kafka does not allow this user what its stages need: {'; '.join(wrong)}. "
            "`vocero setup --print-roles` prints all that each stage needs"
        )


def _lacking(acls: Iterable[Acl], allowed: Allowed) -> list[str]:
    return [
        f"{operation} on the {one.resource} {one.name}"
        for one in acls
        for operation in one.operations
        if (known := allowed[one.resource, one.name]) is not None and AclOperation[operation.upper()] not in known
    ]


def _ask(settings: Settings, acls: Iterable[Acl]) -> Allowed:
    """What may be done with each topic and group, however many stages need it: one question for each kind."""
    client = AdminClient(client_config(settings))
    asked = list(dict.fromkeys((one.resource, one.name) for one in acls))
    told: Mapping[str, Any] = {
        "topic": client.describe_topics(
            TopicCollection([name for resource, name in asked if resource == "topic"]),
            include_authorized_operations=True,
            request_timeout=SECONDS,
        ),
        "group": client.describe_consumer_groups(
            [name for resource, name in asked if resource == "group"],
            include_authorized_operations=True,
            request_timeout=SECONDS,
        ),
    }
    return {(resource, name): _allowed(told[resource][name]) for resource, name in asked}


def _allowed(future: Any) -> set[AclOperation] | None:
    """What may be done; None where it cannot be told."""
    try:
        operations = future.result(2 * SECONDS).authorized_operations
    except KafkaException as error:
        return set() if error.args[0].code() in REFUSED else None
    return None if operations is None else set(operations)
