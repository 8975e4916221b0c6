"""One language per sentence or part of one: detection, smoothed by what stands around it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from enrichers.text.detector import NOTHING, UNKNOWN, Detector, Guess
from enrichers.text.sentences import split_sentences
from enrichers.text.words import FUNCTION_WORDS, OWN_SCRIPT

MAX_SPANS = 200
_MAX_SENTENCES = 1_000
_WORD = re.compile(r"\S+")
_LETTER = re.compile(r"[^\W\d_]")
_FEWEST_LETTERS = 10  # on each side of a switch inside a sentence
_CLEAR = 0.4  # a lead that no text in two languages has
_MOST_WORDS = 400  # of a sentence in which a switch is looked for
_GAIN = 0.10  # by which the two sides must beat the whole


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text and the guess about it; `sure` in [0, 1]."""

    start: int
    end: int
    guess: Guess
    language: str = UNKNOWN
    sure: float = 0.0


def language_spans(text: str, detector: Detector, claimed: str | None = None) -> list[Piece]:
    """The text's sentences, split where the language switches, each with its language; at most 200.

    They cover every character that is not white space, in order, without overlaps. `claimed`, what the channel says,
    decides only where the words do not.
    """
    pieces: list[Piece] = []
    for start, end in _bounded(split_sentences(text)):
        pieces += _switches(text, Piece(start, end, detector(text[start:end])), detector)
    pieces = _smoothed(pieces, claimed)
    return _merged(pieces, MAX_SPANS)


def shares(pieces: Sequence[Piece]) -> Counter[str]:
    """Letters per language."""
    count: Counter[str] = Counter()
    for piece in pieces:
        count[piece.language] += piece.guess.letters
    return count


def _bounded(sentences: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """No more sentences than can be looked at one by one: beyond that, several are taken as one."""
    step = -(-len(sentences) // _MAX_SENTENCES)
    if step <= 1:
        return sentences
    return [
        (sentences[place][0], sentences[min(place + step, len(sentences)) - 1][1])
        for place in range(0, len(sentences), step)
    ]


def _switches(text: str, piece: Piece, detector: Detector) -> list[Piece]:
    """The piece, or its two parts where it clearly changes language half-way."""
    if piece.guess.letters < 2 * _FEWEST_LETTERS or piece.guess.margin > _CLEAR:
        return [piece]
    words = [match.span() for match in _WORD.finditer(text, piece.start, piece.end)]
    if not 5 <= len(words) <= _MOST_WORDS:
        return [piece]
    middle = len(words) // 2
    left = detector(text[piece.start : words[middle - 1][1]])
    right = detector(text[words[middle][0] : piece.end])
    edge = max(2, min(middle, 8))
    head = left if edge == middle else detector(text[piece.start : words[edge - 1][1]])
    tail = right if edge == middle else detector(text[words[-edge][0] : piece.end])
    if {head.language, tail.language, left.language, right.language} <= {piece.guess.language, UNKNOWN}:
        return [piece]
    best: tuple[float, int, Guess, Guess] | None = None
    step = max(1, len(words) // 40)
    for cut in range(2, len(words) - 1, step):
        first = detector(text[piece.start : words[cut - 1][1]])
        second = detector(text[words[cut][0] : piece.end])
        if not _switch(first, second):
            continue
        value = _mean(first, second)
        if best is None or value > best[0]:
            best = value, cut, first, second
    whole = piece.guess.scores.get(piece.guess.language, 0.0)
    if best is None or best[0] < whole + _GAIN:
        return [piece]
    _, cut, first, second = best
    return [Piece(piece.start, words[cut - 1][1], first), Piece(words[cut][0], piece.end, second)]


def _switch(first: Guess, second: Guess) -> bool:
    """True where two sides are surely in two languages."""
    return (
        first.reliable
        and second.reliable
        and first.language != second.language
        and min(first.letters, second.letters) >= _FEWEST_LETTERS
        and min(first.margin, second.margin) >= 0.1
    )


def _mean(first: Guess, second: Guess) -> float:
    """The sides' scores, weighted by letters."""
    letters = first.letters + second.letters
    return (first.scores[first.language] * first.letters + second.scores[second.language] * second.letters) / letters


def _smoothed(pieces: list[Piece], claimed: str | None) -> list[Piece]:
    """Every piece with its language; the unsure ones lean on their neighbours, the whole post and the claim."""
    letters: Counter[str] = Counter()
    for piece in pieces:
        if piece.guess.reliable:
            letters[piece.guess.language] += piece.guess.letters
    total = sum(letters.values())
    out: list[Piece] = []
    following = _next_reliable(pieces)
    before: str | None = None
    for place, piece in enumerate(pieces):
        guess = piece.guess
        if guess is NOTHING:
            out.append(piece)
            continue
        if guess.reliable:
            before = guess.language
            out.append(replace(piece, language=guess.language, sure=min(1.0, 0.6 + guess.margin)))
            continue
        scores = dict(guess.scores)
        for code in (before, following[place]):
            if code:
                scores[code] = scores.get(code, 0.0) + 0.1
        for code, count in letters.items():
            scores[code] = scores.get(code, 0.0) + 0.3 * count / total
        if claimed:
            scores[claimed] = scores.get(claimed, 0.0) + 0.15
        language = _decided(guess, scores, context=bool(total) or claimed is not None)
        sure = 0.0 if language == UNKNOWN else min(0.55, 0.3 + guess.margin) if language == guess.language else 0.3
        out.append(replace(piece, language=language, sure=sure))
    return _without_letters(out)


def _decided(guess: Guess, scores: dict[str, float], *, context: bool) -> str:
    """The language of an unsure piece; unknown where neither its letters nor what stands around it tell."""
    if not scores or (not guess.scores and not context):
        return UNKNOWN
    if not guess.scores and guess.letters >= 12:
        return UNKNOWN  # words of a language that the detector does not know
    best = max(scores, key=scores.__getitem__)
    if context and scores[best] - guess.scores.get(best, 0.0) > 0.05:
        return best
    # a word or two, alone: a clear lead is needed, and a clearer one for a language far from home
    lead = 0.02 if guess.letters >= 10 else 0.08 if guess.letters >= 5 else 0.25
    if best in OWN_SCRIPT:
        lead = 0.01
    elif best not in FUNCTION_WORDS:
        lead *= 2
    if guess.margin >= lead and guess.language == best:
        return best
    added = {code: score - guess.scores.get(code, 0.0) for code, score in scores.items()}
    return max(added, key=added.__getitem__) if context else UNKNOWN


def _next_reliable(pieces: list[Piece]) -> list[str | None]:
    """For each piece, the language of the next sure one after it."""
    found: list[str | None] = []
    following: str | None = None
    for piece in reversed(pieces):
        found.append(following)
        if piece.guess.reliable:
            following = piece.guess.language
    return found[::-1]


def _without_letters(pieces: list[Piece]) -> list[Piece]:
    """ "5/5" and emoji speak the language of what they stand beside; where that is nothing, none."""
    out: list[Piece] = []
    last = next((piece.language for piece in pieces if piece.guess is not NOTHING), UNKNOWN)
    for piece in pieces:
        if piece.guess is NOTHING:
            out.append(replace(piece, language=last))
        else:
            last = piece.language
            out.append(piece)
    return out


def _merged(pieces: list[Piece], most: int) -> list[Piece]:
    """At most so many pieces: neighbours of one language are joined first, then any."""
    same = True
    while len(pieces) > most:
        out: list[Piece] = []
        excess = len(pieces) - most
        for piece in pieces:
            pair = out[-1] if out else None
            if pair and excess > 0 and (pair.language == piece.language or not same) and not _full(pair, pieces, most):
                out[-1] = _joined(pair, piece)
                excess -= 1
            else:
                out.append(piece)
        if len(out) == len(pieces):
            same = False
        pieces = out
    return pieces


def _full(pair: Piece, pieces: list[Piece], most: int) -> bool:
    """True where a joined piece is long enough already: the cut is spread over the whole text."""
    return pair.end - pair.start > 2 * (pieces[-1].end - pieces[0].start) / most


def _joined(first: Piece, second: Piece) -> Piece:
    bigger, smaller = (first, second) if first.guess.letters >= second.guess.letters else (second, first)
    guess = replace(bigger.guess, letters=bigger.guess.letters + smaller.guess.letters)
    return Piece(first.start, second.end, guess, bigger.language, min(first.sure, second.sure))
