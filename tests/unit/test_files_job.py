"""The core of `vocero enrich`: order, outputs, rejects, exit codes, interruptions, bounded memory."""

from __future__ import annotations

import _thread
import io
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psutil
import pytest

from enrichers.base import Draft
from schemas.errors import SettingsError, StoreError
from schemas.raw import RawPost
from schemas.vectors import decode_vector
from streams.files import Defaults, Options
from streams.files.enriching import DraftOf
from streams.files.job import Job, Surroundings, enrich_files
from streams.files.overlap import BatchLimits
from streams.intake import to_draft

pytestmark = pytest.mark.unit
NOW_MS = 1_780_000_000_000


class Shout:
    """A chain that writes the text in capitals; marks posts that hold the word `incomplete`."""

    def __init__(self, before: Callable[[int], None] = lambda done: None) -> None:
        self.before = before
        self.done = 0
        self.batches: list[int] = []
        self.closed = False

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        self.before(self.done)
        self.done += len(drafts)
        self.batches.append(len(drafts))
        return [self._one(draft) for draft in drafts]

    def _one(self, draft: Draft) -> Draft:
        failed = {"translate": "EngineTimeout"} if "incomplete" in draft.post.text else {}
        provenance = msgspec.structs.replace(draft.post.provenance, failed=failed)
        shouted = draft.with_post(clean_text=draft.post.text.upper(), provenance=provenance)
        return Draft(shouted.post, vector=np.array([0.6, 0.8], dtype=np.float32))

    def close(self) -> None:
        self.closed = True


def hide(text: str) -> str:
    return text.replace("5551234567", "[PHONE]")


class Run:
    """One job with captured streams."""

    def __init__(
        self, *paths: str | Path, output: str | Path, data: bytes = b"", chain: Shout | None = None, **job: Any
    ) -> None:
        self.chain = chain or Shout()
        self.stdout = io.BytesIO()
        self.stderr: io.StringIO = job.pop("stderr", None) or io.StringIO()
        draft_of: DraftOf = job.pop("draft_of", to_draft)
        options = job.pop("options", Options(defaults=Defaults(channel="review", source="shop")))
        around = Surroundings(
            io.BytesIO(data),
            job.pop("stdout", self.stdout),
            self.stderr,
            clock=job.pop("clock", time.monotonic),
            now_ms=lambda: NOW_MS,
        )
        self.code = enrich_files(
            Job([str(path) for path in paths], options, str(output), **job),
            lambda: self.chain,
            draft_of=draft_of,
            redact=hide,
            around=around,
        )

    @property
    def said(self) -> str:
        return self.stderr.getvalue()


def record(number: int, text: str = "hola") -> bytes:
    return json.dumps({"id": str(number), "text": text}).encode() + b"\n"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"".join(record(number) for number in range(300)))
    return path


def test_every_post_is_written_in_the_order_of_the_input(source: Path, tmp_path: Path) -> None:
    run = Run(source, output=tmp_path / "out.jsonl", limits=BatchLimits(items=7))
    written = lines(tmp_path / "out.jsonl")
    assert run.code == 0
    assert [post["id"] for post in written] == [str(number) for number in range(300)]
    assert {post["clean_text"] for post in written} == {"HOLA"}
    assert max(run.chain.batches) == 7
    assert run.chain.closed
    assert "300 posts written, 0 rejected" in run.said
    assert not (tmp_path / "out.jsonl.part").exists()


def test_a_post_says_which_file_and_line_it_came_from(source: Path, tmp_path: Path) -> None:
    Run(source, output=tmp_path / "out.jsonl")
    assert lines(tmp_path / "out.jsonl")[4]["provenance"]["raw"] == {"file": "in.jsonl", "line": 5}


def test_standard_input_and_output_carry_data_only() -> None:
    run = Run("-", output="-", data=record(1) + b"broken\n" + record(2))
    assert [json.loads(line)["id"] for line in run.stdout.getvalue().splitlines()] == ["1", "2"]
    assert run.code == 1
    assert "-, line 2: the record is not valid JSON [not-json]" in run.said


def test_rejects_are_told_with_their_line_and_kept_with_a_redacted_excerpt(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(record(1) + b'{"id": null, "text": "call 5551234567 ' + b"word " * 200 + b'"}\n' + record(3))
    run = Run(source, output=tmp_path / "out.jsonl", rejects=str(tmp_path / "rejects.jsonl"))
    assert run.code == 1
    assert [post["id"] for post in lines(tmp_path / "out.jsonl")] == ["1", "3"]
    (reject,) = lines(tmp_path / "rejects.jsonl")
    assert (reject["file"], reject["line"], reject["reason"]) == (str(source), 2, "missing-field")
    assert "[PHONE]" in reject["excerpt"]
    assert "5551234567" not in reject["excerpt"]
    assert len(reject["excerpt"]) <= 200
    assert f"{source}, line 2:" in run.said
    assert "5551234567" not in run.said


def test_an_excerpt_does_not_end_in_half_a_number(tmp_path: Path) -> None:
    # redaction makes the text short, so that the cut through the last number would show
    data = b'{"id": null, "text": "' + b"5551234567 " * 34 + b"55512345678901234567890123456789"
    Run("-", output=tmp_path / "o.jsonl", rejects=str(tmp_path / "r.jsonl"), data=data[:397] + b"555\n", chain=Shout())
    (reject,) = lines(tmp_path / "r.jsonl")
    assert "555" not in reject["excerpt"]


def test_twenty_rejects_are_told_and_the_rest_counted(tmp_path: Path) -> None:
    run = Run("-", output=tmp_path / "o.jsonl", rejects=str(tmp_path / "r.jsonl"), data=record(1) + b"{]\n" * 50)
    assert run.said.count("[not-json]") == 20
    assert "and 30 more" in run.said
    assert len(lines(tmp_path / "r.jsonl")) == 50


def test_json_errors_are_one_object_a_line(tmp_path: Path) -> None:
    run = Run("-", output=tmp_path / "o.jsonl", json_errors=True, data=record(1) + b"{]\n" * 30)
    said = [json.loads(line) for line in run.said.splitlines()]
    assert len(said) == 31
    assert said[0] == {"file": "-", "line": 2, "reason": "not-json", "message": "the record is not valid JSON"}
    assert said[-1] == {"written": 1, "incomplete": 0, "rejected": 30, "outcome": "done"}


def test_an_empty_rejects_file_says_that_there_were_none(source: Path, tmp_path: Path) -> None:
    assert Run(source, output=tmp_path / "o.jsonl", rejects=str(tmp_path / "r.jsonl")).code == 0
    assert (tmp_path / "r.jsonl").read_bytes() == b""


def test_a_post_that_an_enricher_gave_up_on_is_written_and_told(tmp_path: Path) -> None:
    run = Run("-", output=tmp_path / "o.jsonl", data=record(1, "incomplete") + record(2))
    assert run.code == 1
    assert "2 posts written (1 of them incomplete), 0 rejected" in run.said
    assert len(lines(tmp_path / "o.jsonl")) == 2


def test_an_unknown_channel_is_rejected(tmp_path: Path) -> None:
    data = b'{"id": "1", "channel": "fax", "text": "x"}\n' + record(2)
    run = Run("-", output=tmp_path / "o.jsonl", data=data, channels={"review", "email"})
    assert run.code == 1
    assert "[unknown-channel]" in run.said
    assert "fax" not in run.said
    assert [post["id"] for post in lines(tmp_path / "o.jsonl")] == ["2"]


def test_the_embedding_is_written_only_on_request(tmp_path: Path) -> None:
    Run("-", output=tmp_path / "a.jsonl", data=record(1))
    Run("-", output=tmp_path / "b.jsonl", data=record(1), with_embedding=True)
    assert "embedding" not in lines(tmp_path / "a.jsonl")[0]
    assert decode_vector(lines(tmp_path / "b.jsonl")[0]["embedding"]) == pytest.approx([0.6, 0.8])


def test_what_json_cannot_carry_is_a_reject_and_not_the_end(tmp_path: Path) -> None:
    class Odd(Shout):
        def _one(self, draft: Draft) -> Draft:
            return draft.with_post(clean_text="\ud800") if draft.post.id == "1" else super()._one(draft)

    run = Run("-", output=tmp_path / "o.jsonl", data=record(1) + record(2), chain=Odd())
    assert (run.code, len(lines(tmp_path / "o.jsonl"))) == (1, 1)
    assert "line 1:" in run.said


def test_misuse_leaves_nothing_behind_and_never_loads_a_model(source: Path, tmp_path: Path) -> None:
    def boom() -> Shout:
        raise AssertionError("loaded")

    for job in (
        Job([str(tmp_path / "missing.jsonl")], Options(), str(tmp_path / "o.jsonl")),
        Job([str(source)], Options(), str(source)),
        Job([str(source)], Options(), str(tmp_path / "no" / "folder.jsonl")),
        Job([str(source)], Options(), "-", rejects="-"),
    ):
        around = Surroundings(io.BytesIO(), io.BytesIO(), io.StringIO())
        with pytest.raises(SettingsError):
            enrich_files(job, boom, draft_of=to_draft, redact=hide, around=around)
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_misuse_that_only_the_stream_shows_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--channel"):
        Run("-", output=tmp_path / "o.jsonl", data=b"just words\n", options=Options())
    assert list(tmp_path.iterdir()) == []


def test_the_old_output_stays_until_the_new_one_is_whole(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("old\n")
    seen: list[str] = []
    Run(source, output=out, chain=Shout(lambda _: seen.append(out.read_text())))
    assert set(seen) == {"old\n"}
    assert len(lines(out)) == 300


def test_interrupted_it_keeps_what_was_done_in_the_part_file(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(b"".join(record(number) for number in range(100_000)))

    def interrupt(done: int) -> None:
        if done >= 5_000:
            _thread.interrupt_main()
            time.sleep(0.05)

    started = time.monotonic()
    run = Run(source, output=tmp_path / "out.jsonl", rejects=str(tmp_path / "r.jsonl"), chain=Shout(interrupt))
    assert time.monotonic() - started < 5
    assert run.code == 130
    assert run.chain.closed
    assert not (tmp_path / "out.jsonl").exists()
    kept = lines(tmp_path / "out.jsonl.part")
    assert [post["id"] for post in kept] == [str(number) for number in range(len(kept))]
    assert 0 < len(kept) < 100_000
    assert "stopped; what was done is in" in run.said
    assert "out.jsonl.part" in run.said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl.part"]


def test_a_pipe_that_closes_ends_the_run_quietly(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(b"".join(record(number) for number in range(20_000)))
    receiving, sending = os.pipe()
    taken: list[bytes] = []

    def head() -> None:
        with open(receiving, "rb") as stream:  # noqa: PTH123 - a descriptor, not a path
            taken.append(stream.readline())

    reader = threading.Thread(target=head)
    reader.start()
    with open(sending, "wb") as stdout:  # noqa: PTH123 - a descriptor, not a path
        run = Run(source, output="-", stdout=stdout)
        reader.join()
    assert run.code == 0
    assert json.loads(taken[0])["id"] == "0"
    assert "Traceback" not in run.said
    assert run.chain.done < 20_000


def test_a_full_disk_is_one_sentence(source: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    with pytest.raises(StoreError, match="/dev/full cannot be written"):
        Run(source, output="/dev/full")


def test_progress_is_a_line_every_few_seconds_where_there_is_no_terminal(source: Path, tmp_path: Path) -> None:
    ticks: Iterator[float] = iter(range(0, 10_000, 3))
    run = Run(source, output=tmp_path / "o.jsonl", limits=BatchLimits(items=10), clock=lambda: next(ticks))
    progress = [line for line in run.said.splitlines() if "% read" in line]
    assert 5 <= len(progress) <= 30
    assert "posts written, 0 rejected" in progress[0]


def test_a_bar_is_drawn_on_a_terminal_and_problems_stay_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    run = Run("-", output=tmp_path / "o.jsonl", data=record(1) + b"{]\n", stderr=Terminal())
    assert "-, line 2: the record is not valid JSON [not-json]" in run.said
    assert "\x1b[" in run.said


def test_memory_stays_flat_over_200_000_lines(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    with source.open("wb") as stream:
        for number in range(200_000):
            stream.write(record(number, "palabra " * 20))
    process = psutil.Process()
    seen: list[int] = []

    class Light(Shout):
        def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
            self.done += len(drafts)
            if self.done % 6_400 == 0:
                seen.append(process.memory_info().rss)
            return list(drafts)

    template = to_draft(RawPost(id="1", source="s", channel="review", text="x"), received_ms=NOW_MS).post

    def light_draft(raw: RawPost, *, received_ms: int, origin: dict[str, Any]) -> Draft:
        return Draft(msgspec.structs.replace(template, id=raw.id, text=raw.text))

    run = Run(source, output=tmp_path / "out.jsonl", chain=Light(), draft_of=light_draft)
    assert run.code == 0
    assert "200,000 posts written" in run.said
    settled = seen[len(seen) // 5]
    assert max(seen) - settled < 24 * 1024 * 1024
