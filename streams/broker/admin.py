"""Creating the topics that are missing. What is there already is left as it is."""

from __future__ import annotations

import time
from collections.abc import Sequence

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.cimpl import NewTopic

from schemas.errors import BrokerError
from streams.broker.client import client_config, reach
from streams.settings import Settings
from streams.topics import TopicPlan

KNOWN_SECONDS = 30.0


def missing_topics(settings: Settings, wanted: Sequence[TopicPlan]) -> list[TopicPlan]:
    """Those of `wanted` that the broker does not have; raises BrokerError where it does not answer."""
    there = reach(settings)
    return [one for one in wanted if one.name not in there]


def differences(settings: Settings, plans: Sequence[TopicPlan]) -> dict[str, str]:
    """Topics that are there, but not as planned, with what differs in words. What cannot be looked at is left out."""
    if not plans:
        return {}
    client = AdminClient(client_config(settings))
    resources = [ConfigResource(ConfigResource.Type.TOPIC, one.name) for one in plans]
    found: dict[str, str] = {}
    for resource, future in client.describe_configs(resources, request_timeout=30).items():
        plan = next(one for one in plans if one.name == resource.name)
        try:
            config = {name: entry.value for name, entry in future.result().items()}
        except KafkaException:
            continue  # not ours to read: setup goes on without
        wrong = [
            f"{name} is {config.get(name)}, not {value}"
            for name, value in plan.config.items()
            if config.get(name) != value
        ]
        if wrong:
            found[plan.name] = "; ".join(wrong)
    return found


def create_topics(settings: Settings, plans: Sequence[TopicPlan], *, replication: int) -> None:
    """Creates topics; one that appeared meanwhile is fine. Raises BrokerError where the broker refuses.

    Returns when the broker tells of them, which one that has just started may do seconds after it has made them: a
    worker that comes before would get no partitions of theirs.
    """
    if not plans:
        return
    client = AdminClient(client_config(settings))
    new = [
        NewTopic(one.name, num_partitions=one.partitions, replication_factor=replication, config=dict(one.config))
        for one in plans
    ]
    for name, future in client.create_topics(new, operation_timeout=30).items():
        try:
            future.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise BrokerError(
                    f"Kafka did not create {name} ({error.args[0].name()}): check the rights of this user, and that "
                    f"there are {replication} brokers for --replication {replication}"
                ) from None
    deadline = time.monotonic() + KNOWN_SECONDS
    while missing_topics(settings, plans) and time.monotonic() < deadline:
        time.sleep(0.2)
