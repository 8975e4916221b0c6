"""Translation by CTranslate2: M2M100, NLLB and OPUS-MT (Marian), converted from the hub's weights on first use."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from enrichers.engines.apertium.segments import segments
from enrichers.engines.base import Translated
from enrichers.engines.hub.device import Device
from enrichers.engines.hub.source import WEIGHTS, Source, fetch, missing_extra
from schemas.errors import EngineError, SettingsError

NLLB_CODES: Final[Mapping[str, str]] = {
    "ar": "arb_Arab", "ca": "cat_Latn", "cs": "ces_Latn", "de": "deu_Latn", "el": "ell_Grek", "es": "spa_Latn",
    "eu": "eus_Latn", "fi": "fin_Latn", "fr": "fra_Latn", "gl": "glg_Latn", "hi": "hin_Deva", "it": "ita_Latn",
    "ja": "jpn_Jpan", "ko": "kor_Hang", "nl": "nld_Latn", "pl": "pol_Latn", "pt": "por_Latn", "ro": "ron_Latn",
    "ru": "rus_Cyrl", "sv": "swe_Latn", "tr": "tur_Latn", "uk": "ukr_Cyrl", "zh": "zho_Hans",
}  # fmt: skip
"""ISO 639-1 to the codes of FLORES-200, as NLLB's tokenizer names them."""
_MAX_TOKENS = 256
_BATCH_TOKENS = 2_048
_CONVERTED = "vocero-ctranslate2"


@dataclass(frozen=True, slots=True)
class _Family:
    """How a kind of model is told its languages: codes for the source, a first token for English; none for OPUS-MT."""

    codes: Mapping[str, str] | None
    english: str | None


_M2M100 = _Family({code: code for code in NLLB_CODES if code != "eu"}, "__en__")
_FAMILIES = {"M2M100": _M2M100, "Nllb": _Family(NLLB_CODES, "eng_Latn"), "Marian": _Family(None, None)}


@dataclass(frozen=True, slots=True)
class _Piece:
    owner: int
    tokens: list[str]
    after: str


class HubTranslation:
    """One model for several languages: those of `languages`, which an OPUS-MT model cannot be asked for itself."""

    name = "ctranslate2"

    def __init__(self, source: Source, device: Device, languages: Sequence[str], *, cache: Path, threads: int) -> None:
        try:
            import ctranslate2
            from transformers import AutoTokenizer
        except ImportError:
            raise missing_extra() from None
        folder = fetch(source, (*WEIGHTS, "pytorch_model.bin"))  # some OPUS models have no other format
        converted = _converted(folder, source, cache)
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            self._translator = ctranslate2.Translator(
                str(converted),
                device=device.name,
                compute_type=device.ctranslate2_type,
                inter_threads=1,
                intra_threads=threads,
            )
        except Exception as error:
            raise EngineError(
                f"the translation model {source.name} cannot be loaded ({type(error).__name__})"
            ) from error
        self._family = _family(type(self._tokenizer).__name__, source)
        unknown = sorted(set(languages) - set(self._family.codes)) if self._family.codes else []
        if unknown:
            raise SettingsError(f"{source.name} is not known to translate {', '.join(unknown)}: leave them out")
        self._languages = frozenset(languages)
        self.version = source.version
        self._lock = threading.Lock()

    def languages(self) -> frozenset[str]:
        return self._languages

    def translate(self, texts: Sequence[str], language: str) -> list[Translated]:
        """English with the model's own mean probability per token as its confidence; raises EngineError."""
        if language not in self._languages:
            raise EngineError(f"the model was not asked to translate `{language}`")
        cut = [segments(text.encode("utf-8", "replace").decode("utf-8")) for text in texts]
        with self._lock:
            try:
                pieces = [
                    _Piece(owner, self._tokens(segment.text, language), segment.after)
                    for owner, own in enumerate(cut)
                    for segment in own
                ]
                answers = self._run(pieces)
            except Exception as error:
                raise EngineError(f"the translation model failed on {len(texts)} texts ({_name(error)})") from error
        english = [""] * len(texts)
        sure: list[list[float]] = [[] for _ in texts]
        for piece, (text, probability) in zip(pieces, answers, strict=True):
            english[piece.owner] += text + piece.after
            if piece.tokens:
                sure[piece.owner].append(probability)
        return [
            Translated(text, round(float(np.mean(own)), 4) if own else 1.0)
            for text, own in zip(english, sure, strict=True)
        ]

    def close(self) -> None:
        """Frees the model's memory."""
        self._translator.unload_model()

    def _tokens(self, text: str, language: str) -> list[str]:
        if not any(character.isalnum() for character in text):
            return []
        if self._family.codes:
            self._tokenizer.src_lang = self._family.codes[language]
        ids = self._tokenizer(text, truncation=True, max_length=_MAX_TOKENS)["input_ids"]
        return list(self._tokenizer.convert_ids_to_tokens(ids))

    def _run(self, pieces: Sequence[_Piece]) -> list[tuple[str, float]]:
        asked = [piece.tokens for piece in pieces if piece.tokens]
        answers = iter(
            self._translator.translate_batch(
                asked,
                target_prefix=[[self._family.english]] * len(asked) if self._family.english else None,
                max_batch_size=_BATCH_TOKENS,
                batch_type="tokens",
                beam_size=1,
                return_scores=True,
                max_decoding_length=_MAX_TOKENS,
                no_repeat_ngram_size=5,
            )
            if asked
            else ()
        )
        return [self._answer(next(answers)) if piece.tokens else ("", 1.0) for piece in pieces]

    def _answer(self, answer: Any) -> tuple[str, float]:
        tokens = [token for token in answer.hypotheses[0] if token != self._family.english]
        ids = self._tokenizer.convert_tokens_to_ids(tokens)
        text = str(self._tokenizer.decode(ids, skip_special_tokens=True)).strip()
        # CTranslate2's score is the mean log probability of a token
        return text, float(np.exp(min(0.0, answer.scores[0])))


def _converted(folder: Path, source: Source, cache: Path) -> Path:
    """The model in CTranslate2's format: as it lies there, or converted once into `cache`."""
    if (folder / "model.bin").exists():
        return folder
    import ctranslate2

    target = cache / _CONVERTED / source.version
    if not (target / "model.bin").exists():
        part = target.with_name(target.name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        part.parent.mkdir(parents=True, exist_ok=True)
        try:
            ctranslate2.converters.TransformersConverter(str(folder)).convert(str(part), quantization="int8")
        except Exception as error:
            raise EngineError(
                f"the translation model {source.name} cannot be converted for CTranslate2 ({_name(error)})"
            ) from error
        part.replace(target)
    return target


def _family(tokenizer: str, source: Source) -> _Family:
    for name, family in _FAMILIES.items():
        if tokenizer.startswith(name):
            return family
    raise SettingsError(f"{source.name} is no model of M2M100, NLLB or OPUS-MT: name one of these")


def _name(error: Exception) -> str:
    return type(error).__name__
