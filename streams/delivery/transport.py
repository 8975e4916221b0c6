"""Faust's transport with a shorter wait in a fetch, and less ado about each record.

A partition whose records were just handed over is not part of the fetch that is under way, so its next record may have
to wait until that one ends; and the embedded broker ends none before its time. Faust fixes that time at 1.5 s.

Faust hands each record over in a task of its own, beside three more that wait for a stop. Nearly always there is room
for the record, and nothing to wait for: then it is handed over at once. Its bytes are not looked at on the way.
"""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from typing import Any, Final

import faust
from faust.transport.drivers import aiokafka as driver
from faust.types import AppT, EventT, Message
from mode.services import WaitResults

FETCH_WAIT_MS: Final = 100


class RawSchema(faust.Schema[bytes, bytes]):
    """Keys and values as they are: bytes, or None."""

    def compile(self, app: AppT, **_: Any) -> Any:
        """What makes an event of a message."""

        async def decode(message: Message, **_: Any) -> EventT[Any]:
            return faust.Event(app, message.key, message.value, None, message)

        return decode


class PromptTransport(driver.Transport):
    """Kafka by aiokafka, with fetches that end after `FETCH_WAIT_MS` at the latest."""

    class Consumer(driver.Consumer):
        """Its fetches run on a `_Thread`."""

        def _new_consumer_thread(self) -> _Thread:
            return _Thread(self, loop=self.loop, beacon=self.beacon)

        async def wait_first(self, *coros: Any, timeout: Any = None) -> WaitResults:  # noqa: ASYNC109
            """As Faust's, without tasks where the first is a coroutine that need not wait at all."""
            first, *others = coros
            if not isinstance(first, Coroutine):
                return await super().wait_first(*coros, timeout=timeout)
            try:
                awaited = first.send(None)
            except BaseException as ended:
                for other in others:
                    if isinstance(other, Coroutine):
                        other.close()
                if not isinstance(ended, StopIteration):
                    raise
                return WaitResults([first], [ended.value], False)
            return await super().wait_first(_Begun(first, awaited), *others, timeout=timeout)


class _Begun:
    """The rest of a coroutine whose first step gave `awaited`."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], awaited: Any) -> None:
        self._coroutine, self._awaited = coroutine, awaited

    def __await__(self) -> Generator[Any, Any, Any]:
        awaited = self._awaited
        try:
            while True:
                try:
                    sent = yield awaited
                except BaseException as error:  # noqa: BLE001 - a cancellation, say: the coroutine's to handle
                    awaited = self._coroutine.throw(error)
                else:
                    awaited = self._coroutine.send(sent)
        except StopIteration as ended:
            return ended.value


class _Thread(driver.AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: driver.Transport) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # read when it starts; there is no setting for it
        return consumer
