"""Keywords of a topic by class-based TF-IDF over English words (Grootendorst 2022, BERTopic, section 3.3)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from math import log

WORD = re.compile(r"[a-z][a-z'’-]{2,}")
NAMES = re.compile(r"https?://\S+|[@#]\w+|\[[a-z]+\]")
KEPT_TERMS = 60
STOP = frozenset(
    """a about after again all also am an and any are as at be because been before being but by can could did do does
    doing don't down during each few for from further get got had has have having he her here hers him his how i i'm if
    in into is it it's its just like me more most much my no nor not now of off on once one only or other our out over
    own really said same she should so some such than that that's the their them then there these they this those
    through to too under until up us very was we were what when where which while who why will with would you your
    i've i'll didn't doesn't isn't can't won't ever never always even still""".split()  # noqa: SIM905 - read as prose
)


def terms_of(text: str) -> Counter[str]:
    """Words that may name a topic, with their counts."""
    words = (word.replace("’", "'") for word in WORD.findall(NAMES.sub(" ", text.lower())))
    return Counter(word for word in words if word not in STOP)


def merged(old: Mapping[str, int], new: Mapping[str, int]) -> dict[str, int]:
    """Both counts together, the `KEPT_TERMS` most frequent (ties by word)."""
    total = Counter(old)
    total.update(new)
    return dict(sorted(total.items(), key=lambda pair: (-pair[1], pair[0]))[:KEPT_TERMS])


def keywords(terms: Mapping[str, int], everywhere: Mapping[str, int], topics: int, *, how_many: int = 5) -> list[str]:
    """The words that tell this topic from the others.

    `everywhere` counts each word over all topics, `topics` is how many there are. Weight: tf · log(1 + A / f), with A
    the mean number of words per topic and f the word's count over all topics.
    """
    if not terms:
        return []
    mean = sum(everywhere.values()) / max(topics, 1)
    weight = {word: count * log(1 + mean / max(everywhere.get(word, count), 1)) for word, count in terms.items()}
    return sorted(weight, key=lambda word: (-weight[word], word))[:how_many]
