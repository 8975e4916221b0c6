"""Is the same complaint found in other channels and languages? Pairs of own-written tellings, half of them near misses.

In each group of four, `a` and `b` are two people's complaints of one product or service, told twice each. Even groups
fit the weights of `streams/links/judging.py` (`python -m benchmarks.judged.links --fit`), odd ones are scored.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.judged.enriched import DAY_MS, START_MS, raw, rows, signals
from schemas.signals import Signal
from streams.files import Options, Post, open_posts
from streams.links import judging
from streams.links.telling import Telling, telling_of
from streams.links.window import Window

BACKGROUND = 1000
Pairs = list[tuple[dict[str, Any], dict[str, Any], bool]]


def background(count: int) -> list[dict[str, Any]]:
    """Other people's posts among which the tellings must be found."""
    import json

    folder = Path(__file__).parents[1] / "feedback"
    lines = [line for file in sorted(folder.glob("*.jsonl")) for line in file.read_text(encoding="utf-8").splitlines()]
    found = [json.loads(line) for line in lines]
    return [
        {"id": one["id"], "channel": one["channel"], "source": f"{one['channel']}.example", "text": one["text"]}
        for one in found[:: max(1, len(found) // count)]
    ]


def labelled(told: list[dict[str, Any]]) -> Pairs:
    """Per group: a-a and b-b are one complaint, a-b across channels are near misses."""
    groups: dict[int, list[dict[str, Any]]] = {}
    for row in told:
        groups.setdefault(row["group"], []).append(row)
    pairs: Pairs = []
    for a1, a2, b1, b2 in groups.values():
        pairs += [(a1, a2, True), (b1, b2, True), (a1, b2, False), (a2, b1, False)]
    return pairs


def prepared(cache: Path | None) -> tuple[list[dict[str, Any]], dict[str, Telling], Window]:
    """The rows, their tellings by row id, and a window that holds them and the background."""
    told = rows("links")
    others = background(BACKGROUND)
    times = [START_MS + row["day"] * DAY_MS + 3_600_000 * (place % 9) for place, row in enumerate(told)]
    times += [START_MS + place % 9 * DAY_MS for place in range(len(others))]
    made: list[Signal] = signals([raw(row) for row in told + others], times, cache)
    tellings = [telling_of(signal) for signal in made]
    window = Window()
    for telling in tellings:
        window.add(telling)
    return told, {row["id"]: telling for row, telling in zip(told, tellings, strict=False)}, window


def compared(a: Telling, b: Telling, window: Window) -> judging.Pair:
    """The pair as the stage sees it."""
    candidates = window.candidates(a)
    near = judging.nearness(a, [*candidates, b])
    return judging.compare(a, b, window.rarity, near, judging.crowd(a, candidates, near))


def strangers(window: Window) -> Iterator[tuple[Telling, Telling, Window]]:
    """Candidate pairs of the sample whose authors are not known to be one person: an incident hit many of them."""
    for telling in window:
        for other in window.candidates(telling):
            one, two = telling.author or telling.identity, other.author or other.identity
            if (
                telling.time > other.time
                and one != two
                and not judging.same_person(telling, other)
                and judging.possible(telling, other)
            ):
                yield telling, other, window


def sample(cache: Path | None) -> Window:
    """The shipped sample, by itself: posts of one brand with an incident among them."""
    folder = Path(__file__).parents[2] / "examples" / "sample"
    found = open_posts([folder / "reviews.jsonl", folder / "social.jsonl"], Options())
    posts = [item.raw for item in found if isinstance(item, Post)]
    window = Window()
    for signal in sorted(signals(posts, [START_MS] * len(posts), cache), key=lambda one: one.event_time):
        if signal.role != "company":
            window.add(telling_of(signal))
    return window


def fit(pairs: Pairs, tellings: dict[str, Telling], window: Window, crowded: Window) -> None:
    """Prints weights fitted on pairs: labelled ones, and what the window itself offers as candidates beside them."""
    from sklearn.linear_model import LogisticRegression

    x, y, weight = [], [], []
    for a, b, same in pairs:
        one, other = tellings[a["id"]], tellings[b["id"]]
        if judging.possible(one, other):
            x.append(compared(one, other, window).values)
            y.append(same)
            weight.append(1.0)
    known = {telling.identity: row for row, telling in ((r, tellings[r["id"]]) for pair in pairs for r in pair[:2])}
    for identity, row in known.items():
        telling = window.get(identity)
        assert telling is not None
        for other in window.candidates(telling):
            kin = known.get(other.identity)
            if (kin is None or kin["group"] != row["group"]) and judging.possible(telling, other):
                x.append(compared(telling, other, window).values)
                y.append(False)
                weight.append(0.2)
    for one, other, place in strangers(crowded):
        x.append(compared(one, other, place).values)
        y.append(False)
        weight.append(0.5)
    model = LogisticRegression(C=3.0, max_iter=5000).fit(np.array(x), y, weight)
    print(f"fitted on {len(y)} pairs")
    for name, value in zip(judging.FEATURES, model.coef_[0], strict=True):
        print(f"    {value:.2f},  # {name}")
    print(f"BIAS: Final = {model.intercept_[0]:.2f}")


def score(pairs: Pairs, tellings: dict[str, Telling], window: Window, *, show: bool) -> tuple[float, float]:
    """Precision and recall on the pairs, and over everything that the window offers."""
    right = wrong = missed = 0
    for a, b, same in pairs:
        one, other = tellings[a["id"]], tellings[b["id"]]
        offered = other.identity in {t.identity for t in window.candidates(one)}
        offered = offered or one.identity in {t.identity for t in window.candidates(other)}
        sure = 0.0
        if judging.possible(one, other) and offered:
            sure = judging.confidence(compared(one, other, window))
        linked = sure >= judging.THRESHOLD
        right += linked and same
        wrong += linked and not same
        missed += same and not linked
        if show and linked != same:
            print(f"  {'missed' if same else 'wrong'} {sure:.2f} {a['id']} {b['id']} offered={offered}")
            print("   ", compared(one, other, window))
    precision, recall = right / max(1, right + wrong), right / max(1, right + missed)
    print(f"  pairs {len(pairs)}: precision {precision:.3f}, recall {recall:.3f}")
    return precision, recall


def everywhere(part: list[dict[str, Any]], tellings: dict[str, Telling], window: Window) -> None:
    """Every link that the tellings get among all candidates: which of them are true."""
    stories = {tellings[row["id"]].identity: (row["group"], row["story"]) for row in part}
    right = wrong = unknown = 0
    for identity, story in stories.items():
        telling = window.get(identity)
        assert telling is not None
        for other in window.candidates(telling):
            if (
                judging.possible(telling, other)
                and judging.confidence(compared(telling, other, window)) >= judging.THRESHOLD
            ):
                if other.identity in stories:
                    right += stories[other.identity] == story
                    wrong += stories[other.identity] != story
                else:
                    unknown += 1
    print(f"  all links of these tellings: {right // 2} right, {wrong / 2:g} wrong, {unknown} to posts of others")


def speed(window: Window) -> None:
    """Time to find and judge the candidates of one post, in this window."""
    taken = []
    for telling in list(window)[:500]:
        started = time.perf_counter()
        candidates = window.candidates(telling)
        near = judging.nearness(telling, candidates)
        for other in candidates:
            if judging.possible(telling, other):
                judging.confidence(judging.compare(telling, other, window.rarity, near))
        taken.append(1000 * (time.perf_counter() - started))
    print(f"  {len(window)} posts remembered: {statistics.median(taken):.2f} ms a post, at most {max(taken):.1f} ms")


def main(arguments: list[str] | None = None) -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fit", action="store_true", help="print weights fitted on the even groups")
    parser.add_argument("--show", action="store_true", help="print each mistake")
    parser.add_argument("--cache", type=Path, help="keep what the enrichers make in this file")
    options = parser.parse_args(arguments)
    told, tellings, window = prepared(options.cache)
    crowded = sample(options.cache and options.cache.with_suffix(".sample.json"))
    pairs = labelled(told)
    fitting = [pair for pair in pairs if pair[0]["group"] % 2 == 0]
    scored = [pair for pair in pairs if pair[0]["group"] % 2]
    across = sum(a["language"] != b["language"] for a, b, _ in pairs)
    print(f"links: {len(told)} tellings, {len(pairs)} pairs ({across} across languages), among {len(window)} posts")
    if options.fit:
        fit(fitting, tellings, window, crowded)
    for name, part in (("even groups (fitted on)", fitting), ("odd groups (never fitted on)", scored)):
        print(f" {name}")
        score(part, tellings, window, show=options.show)
        remainder = part[0][0]["group"] % 2
        everywhere([row for row in told if row["group"] % 2 == remainder], tellings, window)
    between = list(strangers(crowded))
    linked = sum(judging.confidence(compared(*pair)) >= judging.THRESHOLD for pair in between)
    print(f" the sample (fitted on): {linked} links between strangers, of {len(between)} candidate pairs")
    speed(window)


if __name__ == "__main__":
    main()
