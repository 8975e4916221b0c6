"""The hub profile's engines on tiny models with random weights, made here: loading, shapes, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from enrichers.base import Draft
from enrichers.embed import Embed
from enrichers.engines.hub.source import Source, fetch
from enrichers.intent import Intent
from enrichers.scoring.features import Utterance
from enrichers.sentiment import Sentiment
from schemas.enriched import EnrichedPost, Span
from schemas.errors import EngineError, MissingDependency, SettingsError

pytestmark = [pytest.mark.unit, pytest.mark.timeout(600)]  # torch takes its time to load

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SENTENCES = [
    "the parcel came late and nobody answers",
    "el pedido llegó roto y nadie responde",
    "das paket kam zu spät und war kaputt",
    "lovely dress , will order again",
]


class TestSource:
    def test_a_repository_needs_its_whole_commit(self) -> None:
        source = Source.parse(f"owner/model@{COMMIT}")
        assert (source.name, source.revision) == ("owner/model", COMMIT)
        assert source.version == "model@01234567"
        for text in ("owner/model", "owner/model@main", "model@" + COMMIT, "/no/such/folder"):
            with pytest.raises(SettingsError, match="40 hex digits"):
                Source.parse(text)

    def test_a_folder_is_taken_as_it_is(self, tmp_path: Path) -> None:
        assert fetch(Source.parse(str(tmp_path))) == tmp_path

    def test_without_a_network_it_says_what_to_do(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("huggingface_hub", reason="the extra `hub` is not installed")
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        with pytest.raises(MissingDependency, match="VOCERO_MODELS=local"):
            fetch(Source("owner/no-such-model", COMMIT))


@pytest.fixture(scope="module")
def device() -> Any:
    pytest.importorskip("torch", reason="the extra `hub` is not installed")
    from enrichers.engines.hub.device import Device

    return Device("cpu", half=False)


def _tokenizer(folder: Path) -> int:
    """A word-level tokenizer in the folder; gives the size of its vocabulary."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordLevel(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(
        SENTENCES, trainers.WordLevelTrainer(special_tokens=["<s>", "<pad>", "</s>", "<unk>"], show_progress=False)
    )
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>"
    ).save_pretrained(folder)
    return int(tokenizer.get_vocab_size())


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory, device: Any) -> Path:
    """A sentence-transformers model of 384 dimensions."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    base = tmp_path_factory.mktemp("base")
    size = _tokenizer(base)
    BertModel(
        BertConfig(
            vocab_size=size,
            hidden_size=384,
            num_hidden_layers=1,
            num_attention_heads=4,
            intermediate_size=32,
            max_position_embeddings=64,
            pad_token_id=1,
        )
    ).save_pretrained(base)
    whole = tmp_path_factory.mktemp("encoder")
    transformer = Transformer(str(base))
    SentenceTransformer(modules=[transformer, Pooling(384)], device="cpu").save(str(whole))
    return whole


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory, device: Any) -> Path:
    """A sequence classifier whose labels stand in another order than ours."""
    import torch
    from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification

    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("classifier")
    size = _tokenizer(folder)
    XLMRobertaForSequenceClassification(
        XLMRobertaConfig(
            vocab_size=size,
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=40,
            pad_token_id=1,
            num_labels=3,
            id2label={0: "Positive", 1: "Negative", 2: "Neutral"},
            label2id={"Positive": 0, "Negative": 1, "Neutral": 2},
        )
    ).save_pretrained(folder)
    return folder


def test_the_hub_embeds_what_the_enricher_gives_it(encoder: Path, device: Any) -> None:
    from enrichers.engines.hub.embedding import HubEmbedding

    engine = HubEmbedding(Source(str(encoder)), device)
    vectors = engine.embed([*SENTENCES, "", "\ud800", "word " * 500])
    assert vectors.shape == (7, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    alone = np.vstack([engine.embed([text]) for text in SENTENCES])
    assert (alone * vectors[:4]).sum(1).min() > 0.9999
    assert engine.embed([]).shape == (0, 384)
    spanish = SENTENCES[1]
    post = EnrichedPost(
        identity="1",
        version=1,
        event_time="2026-01-01T00:00:00Z",
        id="1", source="s", channel="social", text=spanish, clean_text=spanish,
        spans=[Span(start=0, end=len(spanish), language="es")],
    )  # fmt: skip
    (draft,) = Embed(engine, original=True)([Draft(post)])
    assert draft.vectors is not None
    assert float(draft.vectors[0] @ alone[1]) > 0.9999


def test_the_hub_reads_moods_in_our_order(classifier: Path, device: Any) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    from enrichers.engines.hub.sentiment import HubSentiment

    reader = HubSentiment(Source(str(classifier)), device)
    said = [Utterance(text) for text in (*SENTENCES, "😀 https://example.org", "word " * 3000)]
    found = reader.read(said)
    assert found[4] is None
    assert all(one is not None and one.shape == (3,) and one.sum() == pytest.approx(1) for one in found[:4])
    tokenizer, model = (
        AutoTokenizer.from_pretrained(classifier),
        AutoModelForSequenceClassification.from_pretrained(classifier),
    )
    with torch.inference_mode():
        row = model.eval()(**tokenizer(SENTENCES[0], return_tensors="pt")).logits.softmax(1)[0].numpy()
    np.testing.assert_allclose(found[0], row[[1, 2, 0]], atol=1e-5)
    post = EnrichedPost(
        identity="1",
        version=1,
        event_time="2026-01-01T00:00:00Z",
        id="1", source="s", channel="social", text=SENTENCES[0], clean_text=SENTENCES[0],
        spans=[Span(start=0, end=len(SENTENCES[0]), language="en")],
    )  # fmt: skip
    (draft,) = Intent()(Sentiment(reader)([Draft(post)]))
    assert draft.post.sentiment.status == "scored"
    assert draft.post.intents


def test_a_model_with_other_labels_is_refused(classifier: Path, device: Any, tmp_path: Path) -> None:
    from enrichers.engines.hub.sentiment import HubSentiment

    for file in classifier.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    config |= {"id2label": {"0": "joy", "1": "anger", "2": "fear"}, "label2id": {"joy": 0, "anger": 1, "fear": 2}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(SettingsError, match="negative, neutral, positive"):
        HubSentiment(Source(str(tmp_path)), device)


def test_what_is_no_model_is_a_clear_error(tmp_path: Path, device: Any) -> None:
    from enrichers.engines.hub.embedding import HubEmbedding
    from enrichers.engines.hub.sentiment import HubSentiment

    (tmp_path / "config.json").write_text("{}")
    for engine in (HubEmbedding, HubSentiment):
        with pytest.raises(EngineError, match="cannot be loaded"):
            engine(Source(str(tmp_path)), device)


@pytest.fixture(scope="module")
def marian(tmp_path_factory: pytest.TempPathFactory, device: Any) -> Path:
    """An OPUS-MT model as the hub has them: two SentencePiece files, a vocabulary, weights."""
    sentencepiece = pytest.importorskip("sentencepiece", reason="the extra `hub` is not installed")
    import torch
    from transformers import MarianConfig, MarianMTModel

    torch.manual_seed(2)
    folder = tmp_path_factory.mktemp("marian")
    corpus = folder / "corpus.txt"
    corpus.write_text("\n".join(SENTENCES * 20), encoding="utf-8")
    for side in ("source", "target"):
        sentencepiece.SentencePieceTrainer.train(
            input=str(corpus), model_prefix=str(folder / side), vocab_size=60, hard_vocab_limit=False, minloglevel=2
        )
        (folder / f"{side}.model").rename(folder / f"{side}.spm")
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "source.spm"))
    words = [pieces.id_to_piece(index) for index in range(pieces.get_piece_size())]
    kept = [word for word in words if word not in ("<unk>", "<s>", "</s>")]
    vocabulary = {word: index for index, word in enumerate(["</s>", "<unk>", *kept, "<pad>"])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "MarianTokenizer", "source_lang": "mul", "target_lang": "eng"})
    )
    pad = vocabulary["<pad>"]
    MarianMTModel(
        MarianConfig(
            vocab_size=len(vocabulary),
            d_model=16,
            encoder_layers=1,
            decoder_layers=1,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=16,
            decoder_ffn_dim=16,
            max_position_embeddings=512,
            pad_token_id=pad,
            eos_token_id=0,
            decoder_start_token_id=pad,
            forced_eos_token_id=0,
            scale_embedding=True,
            static_position_embeddings=True,
        )
    ).save_pretrained(folder)
    return folder


@pytest.mark.filterwarnings("ignore:Recommended. pip install sacremoses")
def test_the_hub_translates_after_one_conversion(marian: Path, device: Any, tmp_path: Path) -> None:
    from enrichers.engines.hub.translation import HubTranslation

    def engine() -> HubTranslation:
        return HubTranslation(Source(str(marian)), device, ("de", "es"), cache=tmp_path, threads=1)

    first = engine()
    texts = [SENTENCES[2], "5/5 😀", f"{SENTENCES[2]}.\n\n{SENTENCES[1]}.", ""]
    answers = first.translate(texts, "de")
    assert len(answers) == 4
    assert all(0 <= answer.confidence <= 1 for answer in answers)
    assert answers[2].text.count("\n\n") == 1
    assert answers[3].text == ""
    assert [one.text for one in first.translate([texts[0]], "de")] == [answers[0].text]
    assert first.languages() == {"de", "es"}
    with pytest.raises(EngineError, match="not asked"):
        first.translate(["hej"], "sv")
    first.close()
    (model,) = tmp_path.rglob("model.bin")
    made = model.stat().st_mtime_ns
    assert engine().translate(texts, "de") == answers
    assert model.stat().st_mtime_ns == made
