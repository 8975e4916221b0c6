"""Words that name a topic: class-based TF-IDF over English words and pairs of words, counted in posts.

Grootendorst 2022 (BERTopic), section 3.3, with the whole memory of `learn` as the other class, so that a word of every
post weighs little even where there are few topics.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import ceil, log

WORD = re.compile(r"[A-Za-z][A-Za-z'’-]+")
NAMES = re.compile(r"https?://\S+|www\.\S+|[@#]\w+|\[[A-Za-z]+\]|\*\S+")
BREAK = re.compile(r"[.,;:!?()\[\]\"“”«»…/|\n]+")
MOST_WORDS = 80
"""Words of one text that are looked at."""
_LEAST_ROOT = 5
PAIR_WEIGHT = 1.5
"""A frequent pair says more than its words."""
PARTICLES = frozenset(("up", "off", "out", "back"))
"""After a word they make another one of it: `top up`, `send back`."""
STOP = frozenset(
    """a about after again all almost already also although am among an and another any anybody anyone anything are
    aren't around as at away back be became because become been before being below between both but by came can can't
    cannot come comes could couldn't did didn't do does doesn't doing don't done down during each either else enough
    even ever every everybody everyone everything few for from further gave get gets getting give given gives go goes
    going gone got had hadn't has hasn't have haven't having he he's her here here's hers him himself his how however i
    i'd i'll i'm i've if in instead into is isn't it it's its itself just knew know known knows least less let let's
    like lot made make makes making many may maybe me might mine more most much must my myself near need needs neither
    never no nobody nor not nothing now of off often oh ok okay on once one ones only onto or other others our ours out
    over own perhaps please put quite rather really said same saw say says see seem seems seen several shall she she's
    should shouldn't since so some somebody someone something soon still such sure take taken takes taking than thank
    thanks that that's the their theirs them themselves then there there's these they they'll they're they've thing
    things think this those though three through till to today together told tomorrow too took toward towards two under
    until up upon us use used using very via want wanted wants was wasn't way we we'd we'll we're we've well went were
    weren't what what's whatever when where whether which while who who's whole whom whose why will with within without
    won't would wouldn't yes yesterday yet you you'd you'll you're you've your yours yourself also am pm etc really
    able ago ask asked asking believe certain couple explain explained find finding first found half happen happened
    happening happens help helped helps keep keeping keeps kept last long longer possible right second show showed
    showing shows specific tell telling tells third tried tries try trying
    day days week weeks month months time times year years hello hi dear bit hour hours minute minutes
    monday tuesday wednesday thursday friday saturday sunday""".split()  # noqa: SIM905 - read as prose
)


def terms_of(text: str) -> set[str]:
    """Words and pairs of neighbouring words in one text that may name a topic, in lower case."""
    found: set[str] = set()
    left = MOST_WORDS
    for part in BREAK.split(NAMES.sub(" . ", text)):
        previous = ""
        for raw in WORD.findall(part)[:left]:
            left -= 1
            word = raw.lower().replace("’", "'").removesuffix("'s").strip("'-")
            head, _, tail = word.rpartition("-")
            if tail in PARTICLES and (head or previous):  # `top-up` and `top up` are one term
                found.discard(previous)
                found.add(f"{head or previous} {tail}")
                previous = ""
                continue
            if word in STOP or len(word) < 3:
                # a pair bridges no gap: "late in delivery" is no "late delivery"
                previous = ""
                continue
            found.add(word)
            if previous and previous != word:
                found.add(f"{previous} {word}")
            previous = word
    return found


def names_in(texts: Iterable[str]) -> set[str]:
    """Words that are names: within sentences they nearly always have a capital, at least twice."""
    capital: Counter[str] = Counter()
    small: Counter[str] = Counter()
    for text in texts:
        for part in re.split(r"[.!?\n:\"“«(]+", NAMES.sub(" . ", text)):
            words = WORD.findall(part)[:MOST_WORDS]
            shouted = sum(word.isupper() for word in words) * 2 > len(words)
            for word in words[1:]:
                if word.isupper():
                    continue  # an abbreviation says what something is about: ATM, PIN
                if word[0].isupper() and not shouted:
                    capital[word.lower()] += 1
                else:
                    small[word.lower()] += 1
    return {word for word, count in capital.items() if count >= 2 and count >= 3 * small[word]}


def document_frequencies(terms: Iterable[Iterable[str]]) -> Counter[str]:
    """In how many texts each term stands."""
    counts: Counter[str] = Counter()
    for one in terms:
        counts.update(one)
    return counts


def keywords(
    inside: Sequence[set[str]], everywhere: Mapping[str, int], texts: int, *, names: frozenset[str] = frozenset()
) -> list[str]:
    """The five terms that tell the texts `inside` from all `texts`; `everywhere` counts texts by term.

    Weight: p · log(p / q), the term's share p inside and q everywhere (its part in the Kullback–Leibler divergence),
    for terms in at least two texts and one in twelve. A pair stands for its words, and a plural for its singular. Of
    `names` at most one is taken, where there is but one other word.
    """
    if not inside:
        return []
    counts = document_frequencies(inside)
    least = max(2, ceil(len(inside) / 12)) if len(inside) > 2 else 1
    weight: dict[str, float] = {}
    for term, count in counts.items():
        if count < least:
            continue
        share, overall = count / len(inside), max(everywhere.get(term, count), count) / max(texts, 1)
        gain = share * log(share / overall) if share > overall else 0.0
        weight[term] = gain * (PAIR_WEIGHT if " " in term else 1.0)
    chosen: list[str] = []
    taken: set[str] = set()
    best = sorted(weight, key=lambda one: (-weight[one], one))
    named = [term for term in best if not names.isdisjoint(term.split())]
    plain = [term for term in best if names.isdisjoint(term.split())]
    # a name alone is no topic; beside a single word it says which: "card, visa"
    for term in plain + named:
        if term in named and len(chosen) != 1:
            break
        stems = {_stem(word) for word in re.split("[ -]", term)}
        if not any(_same(stem, other) for stem in stems for other in taken):
            chosen.append(term)
            taken |= stems
        if len(chosen) == 5:
            break
    return chosen


def label_of(words: Sequence[str]) -> str:
    """A short name: the first two or three keywords."""
    return ", ".join(words[:2] if any(" " in word for word in words[:2]) else words[:3])


def _same(one: str, other: str) -> bool:
    """Whether two stems are of one word: equal, or one with a prefix such as `re`."""
    short, long = sorted((one, other), key=len)
    return one == other or (len(short) >= _LEAST_ROOT and long.endswith(short))


def _stem(word: str) -> str:
    for ending, put in (("ies", "y"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            stem = word[: -len(ending)] + put
            if ending in ("ing", "ed") and stem[-1] == stem[-2] and stem[-1] not in "ls":
                stem = stem[:-1]  # topping, transferred
            return stem.rstrip("e")
    return word.rstrip("e")
