"""Sentiment by a sequence classifier that reads a post in its own language, such as XLM-T."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from enrichers.engines.hub.device import Device
from enrichers.engines.hub.source import Source, fetch, missing_extra
from enrichers.scoring.combine import LABELS
from enrichers.scoring.features import Utterance
from enrichers.scoring.heads import Scores
from enrichers.scoring.text import has_words
from schemas.errors import EngineError, SettingsError

_BATCH = {"cuda": 256, "cpu": 16}
_LONGEST = 512
_CHARACTERS = 4_000
"""Of one text that are read: beyond the model's window, and a bound on what its tokenizer gets."""


class HubSentiment:
    """A mood reader (see `enrichers.sentiment`). The model's labels must name negative, neutral and positive."""

    def __init__(self, source: Source, device: Device) -> None:
        try:
            import torch
            from transformers import AutoModelForSequenceClassification, AutoTokenizer
        except ImportError:
            raise missing_extra() from None
        folder = fetch(source)
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            model = AutoModelForSequenceClassification.from_pretrained(
                folder, local_files_only=True, dtype=torch.float16 if device.half else torch.float32
            )
        except Exception as error:
            raise EngineError(f"the sentiment model {source.name} cannot be loaded ({type(error).__name__})") from error
        self._model = model.to(device.name).eval()
        self._columns = _columns(model.config.id2label, source.name)
        self._longest = min(_LONGEST, model.config.max_position_embeddings - 2)
        self._device = device
        self._torch = torch
        self.version = source.version
        self._lock = threading.Lock()

    def read(self, said: Sequence[Utterance]) -> list[Scores | None]:
        """Probabilities (3,) of negative, neutral, positive for each; None for what holds no words."""
        results: list[Scores | None] = [None] * len(said)
        wanted = [index for index, one in enumerate(said) if has_words(one.text)]
        wanted.sort(key=lambda index: len(said[index].text))
        size = _BATCH[self._device.name]
        for start in range(0, len(wanted), size):
            batch = wanted[start : start + size]
            rows = self._run([said[index].text[:_CHARACTERS] for index in batch])
            for index, row in zip(batch, rows, strict=True):
                results[index] = row
        return results

    def close(self) -> None:
        """Memory goes with the object."""

    def _run(self, texts: list[str]) -> list[Scores]:
        readable = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        with self._lock, self._torch.inference_mode():
            try:
                inputs = self._tokenizer(
                    readable, return_tensors="pt", padding=True, truncation=True, max_length=self._longest
                ).to(self._device.name)
                logits = self._model(**inputs).logits.float().softmax(dim=1).cpu().numpy()
            except Exception as error:
                raise EngineError(
                    f"the sentiment model failed on {len(texts)} texts ({type(error).__name__})"
                ) from error
        return list(np.asarray(logits, dtype=np.float64)[:, self._columns])


def _columns(labels: dict[int, str], name: str) -> list[int]:
    """Where the model keeps negative, neutral and positive; raises SettingsError where it has others."""
    place = {label.lower(): index for index, label in labels.items()}
    if set(place) != set(LABELS):
        raise SettingsError(f"the model {name} has other labels than {', '.join(LABELS)}: name another one")
    return [place[label] for label in LABELS]
