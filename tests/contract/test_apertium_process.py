"""The real Apertium processes under attack: killed, stopped, orphaned, closed in mid-call."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from enrichers.engines.apertium import Apertium
from enrichers.engines.apertium.modes import discover
from enrichers.engines.apertium.pipeline import Pipeline
from schemas.errors import EngineError, EngineTimeout

pytestmark = [
    pytest.mark.contract,
    pytest.mark.skipif("es" not in discover(), reason="Apertium's Spanish-English package is not installed"),
]

LONG = "El pedido llegó tarde y nadie contesta. " * 3000


@pytest.fixture
def engine() -> Iterator[Apertium]:
    made = Apertium()
    yield made
    made.close()


def test_nothing_runs_before_the_first_text_and_after_close(engine: Apertium) -> None:
    assert engine.pids("es") == []
    engine.translate(["Gracias"], "es")
    pids = engine.pids("es")
    assert len(pids) == 10
    assert all(psutil.pid_exists(pid) for pid in pids)
    engine.close()
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_killing_any_stage_costs_nothing_but_a_restart(engine: Apertium) -> None:
    expected = engine.translate(["El pedido llegó tarde."], "es")
    for number in range(len(engine.pids("es"))):
        os.kill(engine.pids("es")[number], signal.SIGKILL)
        assert engine.translate(["El pedido llegó tarde."], "es") == expected


def test_killing_a_stage_in_mid_call_loses_no_text(engine: Apertium) -> None:
    texts = [f"El pedido {number} llegó tarde." for number in range(2000)]
    engine.translate(["Gracias"], "es")
    victim = engine.pids("es")[0]
    timer = threading.Timer(0.2, os.kill, (victim, signal.SIGKILL))
    timer.start()
    answers = engine.translate(texts, "es")
    timer.join()
    assert [str(number) in answer.text for number, answer in enumerate(answers)] == [True] * len(texts)


def test_a_stopped_stage_ends_in_a_timeout_and_the_next_call_works() -> None:
    engine = Apertium(seconds=1.0)
    try:
        engine.translate(["Gracias"], "es")
        stop = threading.Event()

        def stop_every_pipeline() -> None:
            while not stop.wait(0.05):
                for pid in engine.pids("es")[4:5]:
                    os.kill(pid, signal.SIGSTOP)

        stopper = threading.Thread(target=stop_every_pipeline)
        stopper.start()
        started = time.monotonic()
        try:
            with pytest.raises(EngineTimeout):
                engine.translate([LONG], "es")
        finally:
            stop.set()
            stopper.join()
        assert time.monotonic() - started < 15
        for pid in engine.pids("es"):
            os.kill(pid, signal.SIGCONT)
        assert engine.translate(["Gracias"], "es")[0].text == "Thank you"
    finally:
        engine.close()


def test_close_ends_a_call_that_is_running(engine: Apertium) -> None:
    errors: list[Exception] = []

    def ask() -> None:
        try:
            engine.translate(["El pedido llegó tarde."], "es")
        except EngineError as error:
            errors.append(error)

    engine.translate(["Gracias"], "es")
    os.kill(engine.pids("es")[4], signal.SIGSTOP)
    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.5)
    assert thread.is_alive()
    started = time.monotonic()
    engine.close()
    thread.join(10)
    assert not thread.is_alive()
    assert time.monotonic() - started < 5
    assert len(errors) == 1


def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent("""
            import sys, threading, time
            from enrichers.engines.apertium import Apertium
            engine = Apertium()
            # from a thread that ends at once: its end must not take the children along
            thread = threading.Thread(target=engine.translate, args=(["Gracias"], "es"))
            thread.start()
            thread.join()
            time.sleep(0.3)
            print(*engine.pids("es"), engine.translate(["Gracias"], "es")[0].text, flush=True)
            time.sleep(600)
        """)
    )
    root = str(Path(__file__).parents[2])
    parent = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": root}
    )
    try:
        assert parent.stdout is not None
        *pids, first, second = parent.stdout.readline().split()
        assert (first, second) == ("Thank", "you")
        children = [psutil.Process(int(pid)) for pid in pids]
        # one that would never read the end of its input
        children[3].suspend()
        parent.kill()
        _, alive = psutil.wait_procs(children, timeout=5)
        assert alive == []
    finally:
        parent.kill()
        parent.wait()
        if parent.stdout is not None:
            parent.stdout.close()


def test_a_stage_that_answers_without_end_is_cut_off() -> None:
    pipeline = Pipeline([["/bin/sh", "-c", "while :; do echo yes; done"]])
    try:
        with pytest.raises(EngineError, match=r"without end|closed its input"):
            pipeline.ask(["a"], 10)
    finally:
        pipeline.release()


def test_a_stage_that_loses_its_input_is_noticed() -> None:
    # answers the right number of NULs, and nothing else
    pipeline = Pipeline([["tr", "-dc", r"\000"]])
    pipeline_unbuffered = Pipeline([["stdbuf", "-o0", "tr", "-dc", r"\000"]])
    try:
        with pytest.raises(EngineTimeout):
            pipeline.ask(["a"], 0.5)
        with pytest.raises(EngineError, match="lost"):
            pipeline_unbuffered.ask(["a", "b"], 5)
    finally:
        pipeline.release()
        pipeline_unbuffered.release()


def test_a_program_that_is_not_there_is_an_engine_error() -> None:
    pipeline = Pipeline([["/nonexistent/lt-proc"]])
    try:
        with pytest.raises(EngineError):
            pipeline.ask(["a"], 5)
    finally:
        pipeline.release()
