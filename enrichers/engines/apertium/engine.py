"""Apertium as a translation engine: one pipeline per language, started on first use and again after a crash."""

from __future__ import annotations

import hashlib
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from enrichers.engines.apertium import blanks, negation
from enrichers.engines.apertium.glossary import Glossary
from enrichers.engines.apertium.modes import DEBIAN_MODES, Chain, discover
from enrichers.engines.apertium.normalise import normalise
from enrichers.engines.apertium.segments import segments
from enrichers.engines.apertium.user_terms import UserTerms
from enrichers.engines.apertium.worker import Worker
from enrichers.engines.base import Translated
from schemas.errors import EngineError

RULES_VERSION = "2"
"""Of our own tables and repairs; part of the engine's version."""
NO_TERMS = UserTerms()
_UNSURE = 0.3
"""Confidence of a sentence whose negation may be lost, at most."""
_UNKNOWN = re.compile(r"[*@]([^\W\d_]+)")
_MARKS = re.compile(r"[*@#](?=[^\W_])")
_STARRED_STAND_IN = re.compile(r"[*@#](?=Xq[a-j]+z)", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_]+")
_SPACES = re.compile(r" {2,}")
_BLANK = re.compile(r"\[k\d+\]")
_STAND_IN = re.compile(r"Xq[a-j]+z", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:\.\d+)+")


@dataclass(frozen=True, slots=True)
class _Sentence:
    """English of one sentence, and how many of its words were translated and known."""

    text: str
    words: int
    known: float


class Apertium:
    """Debian's Apertium, kept running. Languages are what is installed when this is made; `terms` are a team's own."""

    name = "apertium"

    def __init__(self, modes: Path = DEBIAN_MODES, seconds: float = 30.0, terms: UserTerms = NO_TERMS) -> None:
        chains = discover(modes)
        self.version = _version(chains.values()) + (f"+terms.{terms.digest}" if terms.digest else "")
        self._terms = {language: _terms(terms, language) for language in chains}
        # the kernel ends a child with the thread that started it: this one lives as long as the engine
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="apertium-starter")
        self._glossaries = {language: Glossary(language) for language in chains}
        self._workers = {language: Worker(chain, seconds, self._starter) for language, chain in chains.items()}

    def languages(self) -> frozenset[str]:
        return frozenset(self._workers)

    def pids(self, language: str) -> list[int]:
        """Of the language's running processes, in the order of the pipe; for health checks."""
        return self._workers[language].pids()

    def translate(self, texts: Sequence[str], language: str) -> list[Translated]:
        """English and the share of known words; raises EngineError where the processes fail twice in a row."""
        if language not in self._workers:
            raise EngineError(f"no Apertium package that translates `{language}` into English is installed")
        cut = [segments(text) for text in texts]
        sentences = self._sentences([segment.text for text in cut for segment in text], language)
        position = 0
        results = []
        for text in cut:
            own = sentences[position : position + len(text)]
            position += len(text)
            english = "".join(sentence.text + segment.after for sentence, segment in zip(own, text, strict=True))
            words = sum(sentence.words for sentence in own)
            known = sum(sentence.known for sentence in own)
            results.append(Translated(english, round(known / words, 4) if words else 1.0))
        return results

    def close(self) -> None:
        for worker in self._workers.values():
            worker.close()
        self._starter.shutdown(wait=False)

    def _sentences(self, texts: Sequence[str], language: str) -> list[_Sentence]:
        worker = self._workers[language]
        wrapped = [blanks.wrap(text, terms=self._terms[language]) for text in texts]
        bodies = [normalise(one.body, language) for one in wrapped]
        english = worker.ask([body if one.has_words() else None for body, one in zip(bodies, wrapped, strict=True)])
        glossary = self._glossaries[language]
        results = []
        for text, one, body, answer in zip(texts, wrapped, bodies, english, strict=True):
            sentence = _Sentence(text, 0, 0.0) if answer is None else _finish(body, answer, one, language, glossary)
            results.append(self._piecewise(one, body, language) if sentence is None else sentence)
        return results

    def _piecewise(self, one: blanks.Wrapped, body: str, language: str) -> _Sentence:
        """A sentence whose kept parts did not all come back once: what lies between them, each by itself."""
        parts = blanks.pieces(blanks.Wrapped(body, one.kept))
        asked = [
            text.strip() if translate and blanks.Wrapped(text, ()).has_words() else None for text, translate in parts
        ]
        answers = self._workers[language].ask(asked)
        out, words, known = [], 0, 0.0
        for (text, _), question, answer in zip(parts, asked, answers, strict=True):
            done = (
                None
                if answer is None or question is None
                else _finish(question, answer, blanks.Wrapped(question, ()), language, self._glossaries[language])
            )
            if done is None:
                out.append(text)
                continue
            words, known = words + done.words, known + done.known
            out.append(text[: len(text) - len(text.lstrip())] + done.text + text[len(text.rstrip()) :])
        return _Sentence("".join(out), words, known)


def _finish(body: str, answer: str, one: blanks.Wrapped, language: str, glossary: Glossary) -> _Sentence | None:
    """Marks taken off, negation and words of commerce put right, kept parts back; None if one of those is lost."""
    answer = _STARRED_STAND_IN.sub("", answer.replace("\\", ""))
    unknown = 0

    def known(match: re.Match[str]) -> str:
        nonlocal unknown
        english = glossary.word(match[1])
        unknown += english is None
        return english or match[1]

    text = _SPACES.sub(" ", _MARKS.sub("", _UNKNOWN.sub(known, answer))).strip()
    checked = negation.check(body, text, language)
    whole = blanks.unwrap(glossary.in_context(body, checked.text), one.kept)
    if whole is None:
        return None
    words = len(_WORDS.findall(_STAND_IN.sub("", _BLANK.sub("", body))))
    share = max(0.0, 1.0 - unknown / words) if words else 1.0
    return _Sentence(whole, words, words * (share if checked.kept else min(share, _UNSURE)))


def _terms(terms: UserTerms, language: str) -> blanks.Terms | None:
    pattern = terms.pattern(language)
    return None if pattern is None else blanks.Terms.of(pattern, partial(terms.meant, language))


def _version(chains: Iterable[Chain]) -> str:
    """Apertium's own version, a digest of the installed language data, and the version of our rules."""
    program = shutil.which("lt-proc")
    if program is None:
        return f"none+rules.{RULES_VERSION}"
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False)
        found = _NUMBER.search(answer.stdout + answer.stderr)
    except (OSError, subprocess.TimeoutExpired):
        found = None
    data = hashlib.sha256()
    for path in sorted({mode for chain in chains for mode in chain.modes}):
        for word in sorted(set(shlex.split(path.read_text(encoding="utf-8").replace("|", " ")))):
            if Path(word).is_file():
                data.update(f"{Path(word).name} {Path(word).stat().st_size}\n".encode())
    return f"{found[0] if found else 'unknown'}+data.{data.hexdigest()[:8]}+rules.{RULES_VERSION}"
