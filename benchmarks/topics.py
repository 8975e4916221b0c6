"""Topics on Banking77, streamed once: the shared model beside its peers in one run, and its cost on synthetic vectors.

`python benchmarks/topics.py` prints both; `--seeds 0,1,2`, `--skip dbstream`, `--simulate 1000000`, `--cache DIR`.
Needs scikit-learn, and river for DBSTREAM. The label of a post is the one that its document has at the end of the
stream: from arrival, or from when a topic was born. What never got one is one group of its own: it counts as an error.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from topics_simulated import many_topics, simulate

sys.path.insert(0, str(Path(__file__).parents[1]))

from schemas.codec import encode
from schemas.signals import Lesson, LessonSpan
from schemas.topics import Topic
from schemas.vectors import Vector, encode_vector
from streams.learning.keywords import document_frequencies, keywords, names_in, terms_of
from streams.learning.learner import TopicLearner
from streams.stages.learn import restored

DATA = Path(__file__).parents[1].parent / "shared" / "data" / "banking77" / "train.csv"
BATCH = 64
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Queries:
    texts: list[str]
    intents: list[str]
    vectors: Vector


@dataclass(frozen=True)
class Run:
    """What one method made of one order. `labels` by post, -1 for none; None for what a method does not have."""

    labels: Labels
    seconds: float
    moved: float | None = None
    arrived: float | None = None
    hits: float | None = None


def queries(cache: Path) -> Queries:
    """The queries and their vectors, computed once per model."""
    from enrichers.engines.minilm import MiniLM

    rows = list(csv.DictReader(DATA.open(encoding="utf-8")))
    texts = [row["text"] for row in rows]
    engine = MiniLM(threads=1)
    digest = hashlib.sha256("\n".join([engine.version, *texts]).encode()).hexdigest()[:16]
    file = cache / f"vocero-banking77-{digest}.npy"
    if not file.exists():
        np.save(file, engine.embed(texts))
    return Queries(texts, [row["category"] for row in rows], np.load(file))


class Documents:
    """What the store says: a topic per post, from enrich at arrival and from relabels later."""

    def __init__(self) -> None:
        self.topic: dict[int, str | None] = {}
        self.moved: set[int] = set()
        self.waited = 0

    def arrive(self, post: int, topic: str | None) -> None:
        self.topic[post] = topic
        self.waited += topic is None

    def take(self, relabels: list[Any]) -> None:
        for relabel in relabels:
            post, topic = int(relabel.identity), relabel.topics[0].id
            if self.topic[post] is not None and self.topic[post] != topic:
                self.moved.add(post)
            self.topic[post] = topic

    def final(self, topics: Mapping[str, Topic]) -> list[str | None]:
        """Topics after aliases; a post whose topic was merged away without a relabel has moved too."""
        found = []
        for post in sorted(self.topic):
            key = said = self.topic[post]
            while key is not None and topics[key].status == "merged":
                key = topics[key].merged_into
            if key != said:
                self.moved.add(post)
            found.append(key)
        return found


def vocero(data: Queries, order: Labels, *, restart: bool = False) -> Run:
    """The learner, with the newest model at every batch as an enrich worker has it."""
    learner, documents, state = TopicLearner(), Documents(), {}
    started = time.perf_counter()
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        owners, _ = learner.model.nearest(data.vectors[batch])
        ids = learner.model.ids
        for offset, (post, owner) in enumerate(zip(batch.tolist(), owners.tolist(), strict=True), start=start):
            topic = ids[owner] if owner >= 0 else None
            documents.arrive(post, topic)
            span = LessonSpan(vector=encode_vector(data.vectors[post]), text=data.texts[post], topic=topic)
            time_ms = 1_700_000_000_000 + 1000 * offset
            learner.learn(Lesson(identity=f"{post:064d}", version=1, event_time=time_ms, spans=[span]), offset)
        changes = learner.changes()
        documents.take(changes.relabels)
        if restart:
            for key, record in changes.records.items():
                if record is None:
                    state.pop(key.encode(), None)
                else:
                    state[key.encode()] = encode(record)
            if start // BATCH % 20 == 19:
                learner = restored(state)
    seconds = time.perf_counter() - started
    topics = {topic.id: topic for topic in learner.topics}
    final = documents.final(topics)
    names = {key: number for number, key in enumerate(sorted({key for key in final if key is not None}))}
    labels = np.array([-1 if key is None else names[key] for key in final], np.int64)
    return Run(
        labels,
        seconds,
        moved=len(documents.moved) / len(order),
        arrived=documents.waited / len(order),
        hits=_hits(data, final, {key: " ".join([one.label, *one.keywords]) for key, one in topics.items()}),
    )


def _hits(data: Queries, labels: list[str | None], words: Mapping[str, str]) -> float:
    """Share of labelled posts whose topic's label or keywords hold a word of the topic's most frequent intent."""
    by_topic: dict[str, list[str]] = {}
    for key, intent in zip(labels, data.intents, strict=True):
        if key is not None:
            by_topic.setdefault(key, []).append(intent)
    hit = total = 0
    for key, intents in by_topic.items():
        usual = max(sorted(set(intents)), key=intents.count)
        stems = {word[:5] for word in words[key].replace(",", "").replace("-", " ").split()}
        total += len(intents)
        # every word but `card`, which half of the intents have
        hit += len(intents) * any(
            word.lower()[:5] in stems for word in usual.split("_") if len(word) > 2 and word != "card"
        )
    return hit / max(total, 1)


def hits_of_peer(data: Queries, labels: Labels) -> float:
    """The same for a method that names nothing: its groups get keywords as vocero's do."""
    terms = [terms_of(text) for text in data.texts]
    everywhere, names = document_frequencies(terms), frozenset(names_in(data.texts))
    groups = {str(label): np.flatnonzero(labels == label).tolist() for label in np.unique(labels[labels >= 0])}
    words = {
        key: " ".join(keywords([terms[i] for i in own], everywhere, len(terms), names=names))
        for key, own in groups.items()
    }
    return _hits(data, [str(label) if label >= 0 else None for label in labels], words)


def matched(one: Labels, other: Labels) -> float:
    """Share of posts that two runs put into the same topic, topics matched one to one as well as can be."""
    from scipy.optimize import linear_sum_assignment

    both = (one >= 0) & (other >= 0)
    table = np.zeros((one.max() + 1, other.max() + 1))
    np.add.at(table, (one[both], other[both]), 1)
    rows, columns = linear_sum_assignment(-table)
    return float(table[rows, columns].sum() / len(one))


def leader(data: Queries, order: Labels, threshold: float) -> Run:
    """Plain leader clustering (Hartigan 1975): near a centroid joins it, far from all starts one."""
    sums = np.zeros((len(order), data.vectors.shape[1]), np.float32)
    units = np.zeros_like(sums)
    labels, count = np.full(len(order), -1, np.int64), 0
    started = time.perf_counter()
    for post in order.tolist():
        vector = data.vectors[post]
        place = count
        if count:
            scores = units[:count] @ vector
            best = int(scores.argmax())
            place = best if scores[best] >= threshold else count
        count = max(count, place + 1)
        sums[place] += vector
        units[place] = sums[place] / np.linalg.norm(sums[place])
        labels[post] = place
    return Run(labels, time.perf_counter() - started, moved=0.0, arrived=0.0)


def mini_batch(data: Queries, order: Labels, clusters: int, seed: int) -> Run:
    """MiniBatchKMeans told k, as BERTopic's online mode uses it; its last model names every post again."""
    from sklearn.cluster import MiniBatchKMeans

    model = MiniBatchKMeans(clusters, random_state=seed, n_init=3)
    started = time.perf_counter()
    at_arrival = np.full(len(order), -1, np.int64)
    for start in range(0, len(order), 256):
        batch = order[start : start + 256]
        if len(batch) >= clusters or start:
            model.partial_fit(data.vectors[batch])
            at_arrival[batch] = model.predict(data.vectors[batch])
    labels = model.predict(data.vectors).astype(np.int64)
    seconds = time.perf_counter() - started
    return Run(labels, seconds, moved=float((labels != at_arrival).mean()), arrived=0.0)


def k_means(data: Queries, clusters: int, seed: int) -> Run:
    """KMeans told k, on everything at once: the batch anchor."""
    from sklearn.cluster import KMeans

    started = time.perf_counter()
    labels = KMeans(clusters, random_state=seed, n_init=1).fit_predict(data.vectors).astype(np.int64)
    return Run(labels, time.perf_counter() - started)


def db_stream(data: Queries, order: Labels, dimensions: int = 32) -> Run:
    """River's DBSTREAM on the first principal components of the whole set: in 384 dimensions it is far slower."""
    from river.cluster import DBSTREAM

    centred = data.vectors - data.vectors.mean(0)
    axes = np.linalg.svd(centred, full_matrices=False)[2][:dimensions]
    points = centred @ axes.T
    points = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(float)
    model = DBSTREAM(
        clustering_threshold=0.6, fading_factor=1e-4, cleanup_interval=1000, intersection_factor=0.3, minimum_weight=2
    )
    rows = [dict(enumerate(row)) for row in points.tolist()]
    started = time.perf_counter()
    for post in order.tolist():
        model.learn_one(rows[post])
    labels = np.array([model.predict_one(row) for row in rows], np.int64)
    return Run(labels, time.perf_counter() - started)


def halves(data: Queries) -> tuple[Queries, Queries]:
    """The posts of 38 intents, on which vocero's parameters were chosen, and those of the other 39."""
    names = sorted(set(data.intents))
    chosen = {names[place] for place in np.random.default_rng(77).permutation(len(names))[:38]}
    places = ([i for i, one in enumerate(data.intents) if (one in chosen) == mine] for mine in (True, False))
    tuned, held_out = (
        Queries([data.texts[i] for i in own], [data.intents[i] for i in own], data.vectors[own]) for own in places
    )
    return tuned, held_out


def quality(data: Queries, seeds: list[int], skip: set[str]) -> None:
    """The table of all methods: means over the seeds."""
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

    truth = np.unique(data.intents, return_inverse=True)[1]
    kinds = len(set(data.intents))
    many = round(120 / 77 * kinds)
    methods: dict[str, Callable[[Labels, int], Run]] = {
        "vocero": lambda order, _: vocero(data, order),
        "leader 0.60": lambda order, _: leader(data, order, 0.60),
        "leader 0.65": lambda order, _: leader(data, order, 0.65),
        f"MiniBatchKMeans told {many}": lambda order, seed: mini_batch(data, order, many, seed),
        f"MiniBatchKMeans told {kinds}": lambda order, seed: mini_batch(data, order, kinds, seed),
        "DBSTREAM (river)": lambda order, _: db_stream(data, order),
        f"KMeans told {kinds}, batch": lambda _, seed: k_means(data, kinds, seed),
    }
    print(f"Banking77, {len(truth)} queries, {kinds} intents, seeds {seeds}; means; {platform.machine()}")
    columns = ("AMI", "ARI", "topics", "emerging", "moved", "waited", "same", "label", "posts/s")
    print(f"{'method':26}" + "".join(f"{name:>10}" for name in columns))
    for name, method in methods.items():
        if any(word in name.lower() for word in skip):
            continue
        runs = [method(np.random.default_rng(seed).permutation(len(truth)), seed) for seed in seeds]
        pairs = [(a, b) for i, a in enumerate(runs) for b in runs[i + 1 :]]
        values = (
            _mean(adjusted_mutual_info_score(truth, run.labels) for run in runs),
            _mean(adjusted_rand_score(truth, run.labels) for run in runs),
            _mean(len(np.unique(run.labels[run.labels >= 0])) for run in runs),
            _mean((run.labels < 0).mean() for run in runs),
            _mean(run.moved for run in runs),
            _mean(run.arrived for run in runs),
            _mean(matched(a.labels, b.labels) for a, b in pairs),
            _mean(hits_of_peer(data, run.labels) if run.hits is None else run.hits for run in runs),
            _mean(len(truth) / run.seconds for run in runs),
        )
        shown = [_shown(value, name) for value, name in zip(values, columns, strict=True)]
        print(f"{name:26}" + "".join(f"{value:>10}" for value in shown), flush=True)
    print(
        "emerging: without a topic at the end (an error above); moved: told another topic after a first one; waited:\n"
        "emerging at arrival; same: posts in the matching topic of another order; label: posts whose topic's keywords\n"
        "hold a word of its main intent (the peers' groups get keywords by the same function); posts/s by the clock.\n"
        "DBSTREAM sees 32 principal components of the whole set."
    )
    if any(word in "vocero" for word in skip):
        return
    order = np.random.default_rng(seeds[0]).permutation(len(truth))
    changed = float((vocero(data, order).labels != vocero(data, order, restart=True).labels).mean())
    print(f"restarts from the records alone, every {20 * BATCH} posts: {changed:.2%} of posts end elsewhere")


def _mean(values: Any) -> float:
    known = [float(value) for value in values if value is not None]
    return float(np.mean(known)) if known else float("nan")


def _shown(value: float, name: str) -> str:
    if np.isnan(value):
        return "-"
    if name in ("emerging", "moved", "waited", "same", "label"):
        return f"{value:.1%}"
    return f"{value:.3f}" if name in ("AMI", "ARI") else f"{value:.0f}"


def main() -> None:
    """Runs what the flags ask for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--seeds", default="0,1,2", type=lambda text: [int(seed) for seed in text.split(",")])
    parser.add_argument("--skip", default="", help="methods to leave out, such as dbstream,kmeans")
    parser.add_argument("--simulate", type=int, default=20_000, metavar="N", help="synthetic lessons; 0: none")
    parser.add_argument("--kinds", type=int, default=300, help="of synthetic lessons")
    parser.add_argument("--only-simulate", action="store_true")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()), help="where vectors are kept")
    parser.add_argument("--held-out", action="store_true", help="only the intents on which nothing was tuned")
    flags = parser.parse_args()
    if not flags.only_simulate:
        if DATA.exists():
            data = queries(flags.cache)
            data = halves(data)[1] if flags.held_out else data
            quality(data, flags.seeds, {word for word in flags.skip.split(",") if word})
        else:
            print("Banking77 is not here: its train.csv is looked for in ../shared/data/banking77", file=sys.stderr)
    if flags.simulate:
        simulate(flags.simulate, flags.kinds)
        many_topics()


if __name__ == "__main__":
    main()
