"""Cost of topics on synthetic vectors, as the stream grows and as topics become many; for `benchmarks/topics.py`.

Costs are the process's own CPU time, which a busy machine disturbs less than the clock.
"""

from __future__ import annotations

import resource
import time

import numpy as np

from schemas.signals import Lesson, LessonSpan
from schemas.topics import Topic
from schemas.vectors import encode_vector
from streams.learning.grouping import LearnRule
from streams.learning.learner import TopicLearner

BATCH = 64


def simulate(posts: int, kinds: int, dimensions: int = 64) -> None:
    """Cost a lesson as the stream grows: kinds appear all along, in a power law, one post in ten is noise."""
    dice = np.random.default_rng(0)
    centres = dice.normal(size=(kinds, dimensions)).astype(np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    learner = TopicLearner()
    words = [f"kind{kind} thing{kind} matters" for kind in range(kinds)]
    print(f"{posts} synthetic lessons of {kinds} kinds in {dimensions} dimensions")
    print(f"{'lessons':>10}{'CPU µs':>10}{'topics':>8}{'memory':>8}{'records/lesson':>16}{'peak MiB':>10}")
    done = 0
    for part in range(10):
        size = posts // 10
        known = max(10, kinds * (part + 1) // 10)
        chosen = np.minimum((known * dice.random(size) ** 2).astype(int), known - 1)
        noise = dice.normal(0, 0.5 / np.sqrt(dimensions), (size, dimensions)).astype(np.float32)
        vectors = centres[chosen] + noise
        stray = dice.random(size) < 0.1
        vectors[stray] = dice.normal(size=(int(stray.sum()), dimensions))
        records, started = 0, time.process_time()
        for index in range(size):
            span = LessonSpan(vector=encode_vector(vectors[index]), text=words[chosen[index]])
            learner.learn(Lesson(identity=f"{done:064d}", version=1, event_time=done, spans=[span]), done)
            done += 1
            if done % BATCH == 0:
                records += len(learner.changes().records)
        spent = time.process_time() - started
        active = sum(topic.status == "active" for topic in learner.topics)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        row = f"{done:>10}{1e6 * spent / size:>10.0f}{active:>8}{len(learner.sentences):>8}"
        print(f"{row}{records / size:>16.2f}{peak:>10.0f}", flush=True)


def many_topics() -> None:
    """Cost of a lesson and of an assignment with few and with 10,000 topics."""
    from enrichers.scoring.topic_model import TopicModel

    dice = np.random.default_rng(1)
    print(f"{'topics':>10}{'µs a lesson':>14}{'µs to assign, batch of 64':>28}{'ms to build the model':>24}")
    for count in (100, 1_000, 10_000):
        rows = dice.normal(size=(count, 384)).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        topics = [
            Topic(id=f"t-{n:05d}", label=str(n), centroid=encode_vector(row), radius=0.7) for n, row in enumerate(rows)
        ]
        learner = TopicLearner(topics, rule=LearnRule(first=400))
        posts = rows[dice.integers(count, size=1200)] + dice.normal(0, 0.02, (1200, 384)).astype(np.float32)
        started = time.process_time()
        lessons = [
            Lesson(
                identity=f"{number:064d}",
                version=1,
                event_time=number,
                spans=[LessonSpan(vector=encode_vector(vector), text="the parcel came late again")],
            )
            for number, vector in enumerate(posts)
        ]
        for number, one in enumerate(lessons):
            if number % BATCH == 0:
                learner.foresee(lessons[number : number + BATCH])
            learner.learn(one, number)
        lesson = 1e6 * (time.process_time() - started) / len(posts)
        started = time.process_time()
        model = TopicModel.from_topics(topics)
        built = 1e3 * (time.process_time() - started)
        started = time.process_time()
        for start in range(0, 1152, BATCH):
            model.nearest(posts[start : start + BATCH])
        assign = 1e6 * (time.process_time() - started) / 1152
        print(f"{count:>10}{lesson:>14.0f}{assign:>28.1f}{built:>24.1f}", flush=True)
