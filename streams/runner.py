"""Runs stages in this process through Faust's worker: signals, exit codes, and a deadline for stopping."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence

import faust
from mode import Service

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


def run_apps(apps: Sequence[faust.App], stages: Sequence[Stage], *, deadline_seconds: float = STOP_SECONDS) -> int:
    """Blocks until a signal or a crash. Returns 0 after SIGTERM or SIGINT, 1 after a crash."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    deadline = Deadline(deadline_seconds)
    worker = StageWorker(apps, deadline, loop)
    try:
        worker.execute_from_commandline()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        deadline.cancel()
        for stage in stages:
            stage.close()
    return 0 if worker.asked else code


def ask_to_stop() -> None:
    """Asks the worker of this process to stop, from any thread, as Ctrl-C does."""
    os.kill(os.getpid(), signal.SIGTERM)
