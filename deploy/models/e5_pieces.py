"""Which pieces of multilingual-e5-small's vocabulary are kept, and the tokenizer over them.

Kept are the likeliest: words of six languages as simplemma's dictionaries have them, other beginnings and insides of
words in their letters, signs and emoji, and every single letter of Latin, Greek and Cyrillic script. A piece that is
left out is spelled by shorter ones.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Sequence

from simplemma.strategies.dictionaries.dictionary_factory import DefaultDictionaryFactory
from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram

LANGUAGES = ("en", "es", "it", "pt", "fr", "de")
KEPT = {"word": 22_000, "inside": 9_500, "beginning": 1_000, "sign": 2_500, "letter": 2_000}
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿœßºª")
_SPACE = "▁"
_SPECIALS = 4

Pieces = Sequence[tuple[str, float]]


def kept(pieces: Pieces) -> list[int]:
    """Places of the pieces that are kept, ascending; the four special ones come first."""
    words = _words()
    groups: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for place, (piece, score) in enumerate(pieces[_SPECIALS:-1], _SPECIALS):  # the last one is the mask
        groups[_kind(piece, words)].append((-score, place))
    chosen = [place for kind, most in KEPT.items() for _, place in sorted(groups[kind])[:most]]
    return [*range(_SPECIALS), *sorted(chosen)]


def tokenizer(pieces: Pieces) -> Tokenizer:
    """A unigram tokenizer over the pieces that neither pads nor cuts."""
    place = {piece: index for index, (piece, _) in enumerate(pieces)}
    made = Tokenizer(Unigram(list(pieces), unk_id=place["<unk>"], byte_fallback=False))
    made.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(r"[\x01-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]"), ""),
            normalizers.NFKC(),
            normalizers.Replace(Regex("[\\s\u200b-\u200f\u2581\ufeff\ufffd]+"), " "),
        ]
    )
    made.pre_tokenizer = pre_tokenizers.Metaspace(_SPACE, prepend_scheme="always")
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[(name, place[name]) for name in ("<s>", "</s>")]
    )
    return made


def _words() -> frozenset[str]:
    factory = DefaultDictionaryFactory()
    found: set[str] = set()
    for language in LANGUAGES:
        entries = factory.get_dictionary(language)
        for word in (*entries, *entries.values()):
            found.add((word.decode() if isinstance(word, bytes) else word).lower())
    return frozenset(found)


def _kind(piece: str, words: frozenset[str]) -> str:
    plain = piece.replace(_SPACE, "").lower()
    if not any(map(str.isalpha, plain)):
        return "sign" if all(map(_western, plain)) else "other"
    if len(plain) == 1:
        return "letter" if unicodedata.name(plain, "").startswith(("LATIN", "GREEK", "CYRILLIC")) else "other"
    if any(character.isalpha() and character not in _LETTERS for character in plain):
        return "other"
    if not piece.startswith(_SPACE):
        return "inside"
    return "word" if plain in words else "beginning"


def _western(character: str) -> bool:
    """Punctuation, figures, symbols and emoji, but for those of other scripts."""
    code = ord(character)
    return code < 0x300 or 0x2000 <= code < 0x2C00 or code >= 0x1F000 or code in (0xFE0F, 0x20E3)
