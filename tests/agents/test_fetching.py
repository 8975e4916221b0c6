"""Every stage's consumer ends its fetches early; what that rests on in Faust and aiokafka is still there."""

from __future__ import annotations

from pathlib import Path

import pytest
from faust.transport.drivers import aiokafka as driver

from sinks.memory import MemorySink
from streams.broker.embedded import EmbeddedBroker
from streams.delivery.transport import FETCH_WAIT_MS, PromptTransport
from streams.settings import load_settings
from streams.wiring import build_flow

pytestmark = pytest.mark.agents


async def test_a_stage_fetches_without_a_long_wait(tmp_path: Path) -> None:
    with EmbeddedBroker() as broker:
        settings = load_settings(
            environ={"VOCERO_STATE_DIR": str(tmp_path), "VOCERO_KAFKA_BOOTSTRAP_SERVERS": broker.address}
        )
        flow = build_flow(settings, ["index"], sink=MemorySink)
        (app,) = flow.apps
        assert isinstance(app.transport, PromptTransport)
        thread = app.consumer._new_consumer_thread()  # type: ignore[attr-defined]
        ours = thread._create_worker_consumer(app.transport)
        faust_own = driver.AIOKafkaConsumerThread._create_worker_consumer(thread, app.transport)
        for consumer in (ours, faust_own):
            await consumer.start()
        waits = [consumer._fetcher._fetch_max_wait_ms for consumer in (ours, faust_own)]
        for consumer in (ours, faust_own):
            await consumer.stop()
        flow.close()
    assert waits[0] == FETCH_WAIT_MS < waits[1]
