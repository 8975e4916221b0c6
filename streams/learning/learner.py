"""The shared topic model as it learns: lessons and a person's commands in, records of the compacted topic out.

Between fresh looks topics stand still: a sentence joins the nearest centroid by the same function as in every `enrich`
worker, or is emerging. A fresh look (`grouping`) then moves topics, and everything that it changes is a record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from enrichers.scoring.topic_model import TopicModel
from schemas.enriched import Relabel
from schemas.identity import from_millis
from schemas.signals import Lesson
from schemas.topics import ForgetPost, LearnState, Sentence, Topic, TopicCommand
from schemas.vectors import Vector, decode_vector, encode_vector
from streams.learning.catalog import Catalog
from streams.learning.grouping import NONE, LearnRule, Memory, Regrouped, mean_of, regroup
from streams.learning.groups import keep_grouped
from streams.learning.joining import merge, part
from streams.learning.lessons import Taught, sentences_of
from streams.learning.memory import Held, SentenceMemory
from streams.learning.naming import Namer, examples
from streams.learning.telling import references

MODEL_KEY = "model"


@dataclass(slots=True)
class Changes:
    """What followed from lessons. `records` by key, None to forget it, the state last; `relabels`: posts to label."""

    records: dict[str, Topic | Sentence | LearnState | None] = field(default_factory=dict)
    relabels: list[Relabel] = field(default_factory=list)


class TopicLearner:
    """The newest topics and the memory behind them. Not thread-safe: one stage owns it."""

    def __init__(
        self,
        topics: Iterable[Topic] = (),
        sentences: Iterable[Sentence] = (),
        state: LearnState | None = None,
        rule: LearnRule | None = None,
    ) -> None:
        self._rule = rule or LearnRule()
        self._state = state or LearnState()
        self._topics = Catalog(topics)
        # what came after the state was of a batch that is given again
        self._memory = SentenceMemory(one for one in sentences if one.applied <= self._state.applied)
        self._model = TopicModel.from_topics(self._topics.all())
        self._foreseen: tuple[TopicModel, dict[int, list[int]]] = (self._model, {})
        self._relabels: dict[str, Relabel] = {}

    @property
    def topics(self) -> list[Topic]:
        """All topics that are known, by id."""
        return self._topics.all()

    @property
    def model(self) -> TopicModel:
        """What assigns until the next look: the same snapshot that every `enrich` worker builds from the records."""
        return self._model

    @property
    def sentences(self) -> list[Sentence]:
        """The memory, in order of arrival."""
        return [held.sentence for held in self._memory]

    @property
    def state(self) -> LearnState:
        """Where it stands."""
        return self._state

    def foresee(self, lessons: Sequence[Lesson]) -> None:
        """Assigns the sentences of a batch in one matrix product: far cheaper than one by one among many topics."""
        size = self._memory.dimensions()
        spans = [(lesson, sentences_of(lesson, size)) for lesson in lessons]
        rows = [one.vector for _, own in spans for one in own]
        if not rows or any(row.shape != rows[0].shape for row in rows):
            return
        owners = iter(self._model.nearest(np.stack(rows))[0].tolist())
        self._foreseen = (self._model, {id(lesson): [next(owners) for _ in own] for lesson, own in spans})

    def _owners(self, lesson: Lesson, spans: Sequence[Taught]) -> list[int]:
        model, foreseen = self._foreseen
        found = foreseen.get(id(lesson)) if model is self._model else None
        if found is not None and len(found) == len(spans):
            return found
        owners: list[int] = self._model.nearest(np.stack([one.vector for one in spans]))[0].tolist()
        return owners

    def learn(self, lesson: Lesson, offset: int) -> None:
        """Takes one lesson; a repeat (an offset that was applied) changes nothing."""
        if offset <= self._state.applied:
            return
        spans = sentences_of(lesson, self._memory.dimensions())
        known = self._memory.of_post(lesson.identity)
        if known and known[0].sentence.version > lesson.version:
            spans = []  # an older version of what is known
        elif spans:
            for held in known:
                self._memory.forget(held.sentence.id)
        if spans:
            owners = self._owners(lesson, spans)
            for (place, text, vector, said), owner in zip(spans, owners, strict=True):
                topic = self._model.ids[owner] if owner >= 0 else None
                told = self._topics.survivor(said)
                sentence = Sentence(
                    id=f"s-{lesson.identity}-{place}",
                    identity=lesson.identity,
                    version=lesson.version,
                    place=place,
                    of=len(spans),
                    text=text,
                    vector=encode_vector(vector),
                    event_time=lesson.event_time,
                    applied=offset,
                    topic=topic,
                    told=told.id if told is not None else None,
                )
                self._memory.add(sentence, vector)
        self._state = replace(
            self._state, applied=offset, seen=self._state.seen + len(spans), since=self._state.since + len(spans)
        )
        if self._rule.due(self._state.since, len(self._memory)):
            self._look()

    def command(self, order: TopicCommand, offset: int) -> bool:
        """A person's word. False for one that cannot be (an unknown topic, a topic into itself): it changes nothing."""
        if offset <= self._state.applied:
            return True
        self._state = replace(self._state, applied=offset)
        topic = self._topics.get(order.topic)
        wanted = "merged" if order.action == "undo" else "active"
        if topic is None or topic.status != wanted:
            return False
        if order.action == "rename" and order.label:
            at = max(order.at, topic.updated_at or "")  # a document's version never goes back
            self._topics.put(replace(topic, label=order.label, pinned_label=True, updated_at=at))
            self._tell({held.sentence.identity for held in self._memory if held.sentence.told == topic.id})
            return True
        into = self._topics.survivor(order.into if order.action == "merge" else topic.id)
        if into is None or into.id == topic.id:
            return False
        if order.action == "merge":
            touched = merge(self._topics, self._memory, topic, into, at=order.at, pinned=True)
        else:
            touched = part(self._topics, self._memory, topic, into, at=order.at)
        self._tell(touched)
        self._model = TopicModel.from_topics(self._topics.all())
        return True

    def forget(self, order: ForgetPost, offset: int) -> None:
        """Drops a post: its sentences, and the examples that quote it."""
        if offset <= self._state.applied:
            return
        self._state = replace(self._state, applied=offset)
        for held in self._memory.of_post(order.identity):
            self._memory.forget(held.sentence.id)
        for topic in self._topics.all():
            if order.identity in topic.quoted:
                kept = [i for i, quoted in enumerate(topic.quoted) if quoted != order.identity]
                examples, quoted = [topic.examples[i] for i in kept], [topic.quoted[i] for i in kept]
                at = max(order.at, topic.updated_at or "")
                self._topics.put(replace(topic, examples=examples, quoted=quoted, updated_at=at))

    def changes(self) -> Changes:
        """What has changed since it was last asked, for the records and relabels of a batch."""
        records: dict[str, Topic | Sentence | LearnState | None] = dict(self._memory.changed)
        records.update(self._topics.changed)
        records[MODEL_KEY] = self._state
        found = Changes(records, list(self._relabels.values()))
        self._memory.changed = {}
        self._topics.changed = {}
        self._relabels = {}
        self._foreseen = (self._model, {})
        return found

    def _look(self) -> None:
        held = list(self._memory)
        doubled = self._count(held)
        active = self._topics.active()
        numbers = {topic.id: number for number, topic in enumerate(active)}
        posts: dict[str, int] = {}
        memory = Memory(
            vectors=np.stack([one.vector for one in held]),
            labels=np.array([numbers.get(one.topic or "", NONE) for one in held], np.int64),
            posts=np.array([posts.setdefault(one.sentence.identity, len(posts)) for one in held], np.int64),
            sizes={numbers[topic.id]: topic.count for topic in active},
            anchors=[
                (numbers[key], row)
                for key, rows in self._topics.merged_by_people().items()
                for row in (decode_vector(self._topics[key].centroid), *rows)
            ],
            apart={(numbers[one.id], numbers[other]) for one in active for other in one.apart if other in numbers},
        )
        found = regroup(memory, self._rule, fresh=len(active), seen=self._state.seen, moved=self._state.moved)
        namer = Namer(held)
        names = {number: topic.id for number, topic in enumerate(active)}
        for number, parent in found.parents.items():
            inside = found.labels == number
            if namer.keywords([held[index] for index in np.flatnonzero(inside).tolist()]):
                names[number] = self._born(held, inside, names.get(parent))
            else:  # what no word tells from the rest nobody would understand
                found.labels[inside] = memory.labels[inside]
        telling: set[str] = set()
        for absorbed, survivor in found.merges:
            gone, into = active[absorbed], self._topics[names[survivor]]
            telling |= merge(self._topics, self._memory, gone, into, at=_now(held), pinned=False)
        telling |= self._label(held, found, names)
        self._refresh(doubled, found, namer)
        self._tell(telling)  # not before a newborn topic has its name
        self._state = replace(self._state, since=0, moved=self._state.moved + found.moved)
        self._forget_excess()
        self._state = replace(self._state, grouped=keep_grouped(self._topics, self._state.grouped))
        self._model = TopicModel.from_topics(self._topics.all())

    def _count(self, held: Sequence[Held]) -> set[str]:
        """Counts what has come since the last look; the topics that have doubled."""
        grown: dict[str, list[Sentence]] = {}
        for one in held:
            topic = self._topics.get(one.topic)
            if topic is not None and one.sentence.applied > topic.applied:
                grown.setdefault(topic.id, []).append(one.sentence)
        doubled: set[str] = set()
        for key, new in grown.items():
            topic = self._topics[key]
            latest = max(topic.updated_at or "", from_millis(max(one.event_time for one in new)))
            applied = max(one.applied for one in new)
            count = topic.count + len(new)
            self._topics.put(replace(topic, count=count, updated_at=latest, applied=applied))
            if count.bit_length() > topic.count.bit_length():
                doubled.add(key)
        return doubled

    def _born(self, held: Sequence[Held], inside: NDArray[np.bool_], parent: str | None) -> str:
        own = [held[index].sentence for index in np.flatnonzero(inside).tolist()]
        seed = ":".join((own[0].id, str(own[0].version), str(self._state.applied)))
        key = f"t-{hashlib.sha256(seed.encode()).hexdigest()[:12]}"
        self._topics.put(
            Topic(
                id=key,
                label="",
                split_from=parent,
                created_at=from_millis(max(one.event_time for one in own)),
                applied=self._state.applied,
                count=0,
            )
        )
        return key

    def _label(self, held: Sequence[Held], found: Regrouped, names: dict[int, str]) -> set[str]:
        """What every sentence belongs to now; gives the posts that have to be told."""
        telling: set[str] = set()
        for index, (one, number) in enumerate(zip(held, found.labels.tolist(), strict=True)):
            topic = names.get(number)
            told = self._topics.survivor(one.sentence.told)
            says = told.id if told is not None else None
            if topic is not None and (says is None or index in found.told_anew) and says != topic:
                says = topic
                telling.add(one.sentence.identity)
            self._memory.label(one.sentence.id, topic, says)
        return telling

    def _refresh(self, doubled: set[str], found: Regrouped, namer: Namer) -> None:
        """Centroids, spreads and words of the topics that are in memory."""
        groups: dict[str, list[Held]] = {}
        for one in self._memory:
            if one.topic is not None:
                groups.setdefault(one.topic, []).append(one)
        merged = self._topics.merged_by_people()
        for key, inside in groups.items():
            topic = self._topics[key]
            if topic.centroid and len(inside) < self._rule.born:
                continue  # too few are left to say where it is
            vectors = np.stack([one.vector for one in inside])
            if key in merged and topic.centroid:  # what a person merged into it keeps a centroid of its own
                own = (vectors @ merged[key].T).max(1) < vectors @ decode_vector(topic.centroid)
                vectors = vectors[own] if own.any() else vectors
            centroid, _ = mean_of(vectors)
            words = namer.keywords(inside)
            # looked at again when the topic has doubled or no longer speaks of it, never where a person gave the name
            stale = key in doubled or topic.label.split(",")[0] not in words[:3]
            quoted = examples(inside, centroid, words, self._rule.examples)
            again = not topic.label or (stale and not topic.pinned_label)
            self._topics.put(
                replace(
                    topic,
                    centroid=encode_vector(centroid),
                    radius=self._radius(vectors @ centroid, found),
                    count=max(topic.count, len(inside)),
                    keywords=words,
                    label=(namer.label(words) or topic.label or key) if again else topic.label,
                    examples=[one.text for one in quoted],
                    quoted=[one.identity for one in quoted],
                    updated_at=topic.updated_at or topic.created_at,
                )
            )

    def _radius(self, cosines: Vector, found: Regrouped) -> float:
        """The least cosine to join: strict while the model is young, then as far as the topic's own sentences lie."""
        share = self._rule.strict if self._state.seen < self._rule.mature else self._rule.far
        own = float(np.quantile(cosines.astype(np.float64), share))
        return round(max(min(own, found.core), found.edge), 4)

    def _forget_excess(self) -> None:
        """Keeps sentences and topics within their bounds."""
        self._memory.trim(self._rule.memory)
        retired = self._topics.retire(self._rule.topics)
        for key in [held.sentence.id for held in self._memory if held.topic in retired]:
            self._memory.forget(key)
        self._topics.prune(self._rule.topics)

    def _tell(self, identities: set[str]) -> None:
        """The documents of these posts name their topics anew; one that is not whole in memory stays as it is."""
        for identity in sorted(identities):
            own = [held.sentence for held in self._memory.of_post(identity)]
            if own and len(own) == own[0].of:
                self._relabels[identity] = Relabel(
                    identity=identity, version=own[0].version, topics=references(own, self._topics)
                )


def _now(held: Sequence[Held]) -> str:
    return from_millis(max(one.sentence.event_time for one in held))
