"""A team's own words: a table of terms with the English they want, which wins over everything that Apertium says.

One term a line: language, term, English, with tabs between them; `#` starts a comment. The term stands for the whole
of what it names: case is ignored, and it is found as a word by itself, never inside another word or a web address.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from schemas.errors import SettingsError

MAX_TERMS = 50_000
MAX_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class UserTerms:
    """Terms by language: folded source to English. `digest` names this very table, empty where there is none."""

    english: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    digest: str = ""

    def pattern(self, language: str) -> str | None:
        """A regular expression that finds the language's terms, the longest one first; None where there are none."""
        terms = self.english.get(language)
        if not terms:
            return None
        words = sorted(terms, key=len, reverse=True)
        return rf"(?<!\w)(?:{'|'.join(_loose(word) for word in words)})(?!\w)"

    def meant(self, language: str, found: str) -> str:
        """English of a term as it was found in a text; a capital at its start is kept."""
        english = self.english[language][_folded(found)]
        return english[:1].upper() + english[1:] if found[:1].isupper() else english


def read_terms(path: Path) -> UserTerms:
    """The table of a file; raises SettingsError with the line that does not fit and what would."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"the glossary {path} cannot be read: name a text file in UTF-8") from None
    return parse_terms(text, str(path))


def parse_terms(text: str, name: str = "the glossary") -> UserTerms:
    """Like `read_terms`, of a text."""
    english: dict[str, dict[str, str]] = {}
    count = 0
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        cells = [" ".join(cell.split()) for cell in line.split("\t")]
        if len(cells) != 3 or not all(cells) or not re.fullmatch(r"[a-z]{2,3}", cells[0]):
            raise SettingsError(f"{name}, line {number}: give a language, a term and its English, with tabs between")
        if max(map(len, cells)) > MAX_CHARACTERS:
            raise SettingsError(f"{name}, line {number}: a term has at most {MAX_CHARACTERS} characters")
        count += 1
        if count > MAX_TERMS:
            raise SettingsError(f"{name} has more than {MAX_TERMS} terms: split it by brand")
        english.setdefault(cells[0], {})[_folded(cells[1])] = cells[2]
    digest = hashlib.sha256(repr(sorted((k, sorted(v.items())) for k, v in english.items())).encode()).hexdigest()[:8]
    return UserTerms(english, digest if english else "")


def _folded(term: str) -> str:
    return " ".join(term.lower().split())


def _loose(term: str) -> str:
    """The term with any white space between its words."""
    return r"\s+".join(re.escape(word) for word in term.split())
