"""Creating the topics that are missing. What is there already is left as it is."""

from __future__ import annotations

from collections.abc import Sequence

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from schemas.errors import BrokerError
from streams.broker.client import client_config, reach
from streams.settings import Settings
from streams.topics import TopicPlan


def missing_topics(settings: Settings, wanted: Sequence[TopicPlan]) -> list[TopicPlan]:
    """Those of `wanted` that the broker does not have; raises BrokerError where it does not answer."""
    there = reach(settings)
    return [one for one in wanted if one.name not in there]


def create_topics(settings: Settings, plans: Sequence[TopicPlan], *, replication: int) -> None:
    """Creates topics; one that appeared meanwhile is fine. Raises BrokerError where the broker refuses."""
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
