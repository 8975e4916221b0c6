"""Runs stages in this process through Faust's worker: signals, exit codes, and a deadline for stopping."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

import faust
from mode import Service

from streams.allocator import few_arenas, plain_blas
from streams.stages.base import Stage

log = logging.getLogger(__name__)

STOP_SECONDS = 4.0
"""A stop that takes longer is cut short: what was not acknowledged is read again by the next run."""


class Deadline:
    """Ends the process if stopping takes too long: a worker whose broker is gone would not stop by itself."""

    def __init__(self, seconds: float = STOP_SECONDS) -> None:
        self._timer: threading.Timer | None = None
        self._seconds = seconds

    def start(self, code: int) -> None:
        """Begins to count; at the end the process leaves with `code`."""
        if self._timer is None:
            self._timer = threading.Timer(self._seconds, self._leave, args=(code,))
            self._timer.daemon = True
            self._timer.start()

    def cancel(self) -> None:
        """The stop was in time."""
        if self._timer is not None:
            self._timer.cancel()

    @staticmethod
    def _leave(code: int) -> None:
        sys.stderr.write("vocero: stopping took too long; leaving now. Unsettled posts are read again next time.\n")
        sys.stderr.flush()
        os._exit(code)


class SideBySide(Service):
    """Starts apps at the same time: one after the other, each would wait for the group of the one before."""

    logger = logging.getLogger("faust.side-by-side")  # as quiet as the rest of Faust's services

    def __init__(self, apps: Sequence[faust.App]) -> None:
        super().__init__()
        self._apps = apps
        for app in apps:
            app.beacon.reattach(self.beacon)  # so that a crash of one ends the worker

    async def on_start(self) -> None:
        """Begins to start all apps."""
        for app in self._apps:
            self.add_future(app.maybe_start())

    async def on_stop(self) -> None:
        """Stops all apps."""
        await asyncio.gather(*(app.stop() for app in self._apps))


class StageWorker(faust.Worker):
    """Faust's worker without its own logging, spinner and redirections."""

    def __init__(self, apps: Sequence[faust.App], deadline: Deadline, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            apps[0],
            SideBySide(apps[1:]),
            loop=loop,
            quiet=True,
            redirect_stdouts=False,
            override_logging=False,
        )
        self.spinner = None
        self.deadline = deadline
        self.asked = False

    def _setproctitle(self, info: str, *, ident: str = "vocero") -> None:
        """Leaves the process title alone: operators look for `vocero run`."""

    def _schedule_shutdown(self, signal: signal.Signals) -> None:
        self.asked = True
        self.deadline.start(0)
        super()._schedule_shutdown(signal)


class Runner:
    """Runs the apps of stages until a signal, `stop` or a crash."""

    def __init__(
        self, apps: Sequence[faust.App], stages: Sequence[Stage], *, stop_seconds: float = STOP_SECONDS
    ) -> None:
        few_arenas()
        plain_blas()
        self._stages = stages
        self._loop = asyncio.new_event_loop()
        self._deadline = Deadline(stop_seconds)
        self._worker = StageWorker(apps, self._deadline, self._loop)

    def run(self) -> int:
        """Blocks, on the main thread. Returns 0 after a signal or `stop`, 1 after a crash."""
        asyncio.set_event_loop(self._loop)
        try:
            self._worker.execute_from_commandline()
        except SystemExit:
            pass  # Faust's worker always leaves this way; whether it was asked to is what counts
        except Exception as error:  # noqa: BLE001 - the crash of an agent, raised again at the end
            log.critical("a stage crashed (%s); nothing that it had not settled is lost", type(error).__name__)
        finally:
            self._deadline.cancel()
            asyncio.set_event_loop(None)
            for stage in self._stages:
                stage.close()
        return 0 if self._worker.asked else 1

    def stop(self) -> None:
        """Asks the worker to stop, from any thread; harmless where it has stopped already."""
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._worker._schedule_shutdown, signal.SIGTERM)
