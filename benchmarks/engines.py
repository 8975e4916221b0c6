"""The two sentence engines alone, on one thread: time to load, memory, posts per second in calls of 32.

    python benchmarks/engines.py

Each in a process of its own, over the own posts kept apart, whole: MiniLM reads their English where a person wrote it.
"""

from __future__ import annotations

import subprocess
import sys
import time

from labelled import feedback
from measured import resident_mib

from enrichers.engines.e5 import E5
from enrichers.engines.minilm import MiniLM

ENGINES = {"minilm": MiniLM, "e5": E5}
CALL = 32


def main() -> None:
    if len(sys.argv) > 1:
        _one(sys.argv[1])
        return
    print(f"{'engine':10}{'loads, s':>10}{'memory, MiB':>13}{'ms CPU a post':>15}{'posts/s of CPU':>16}", flush=True)
    for name in ENGINES:
        subprocess.run([sys.executable, __file__, name], check=True)


def _one(name: str) -> None:
    posts = [post.said for post in feedback() if post.split == "test"]
    texts = [said.text if name == "e5" else said.english or said.text for said in posts]
    before, started = resident_mib(), time.process_time()
    engine = ENGINES[name](threads=1)
    loaded = time.process_time() - started
    started = time.process_time()
    for first in range(0, len(texts), CALL):
        engine.embed(texts[first : first + CALL])
    seconds = time.process_time() - started
    print(
        f"{name:10}{loaded:10.2f}{resident_mib() - before:13.0f}"
        f"{1000 * seconds / len(texts):15.1f}{len(texts) / seconds:16.0f}"
    )


if __name__ == "__main__":
    main()
