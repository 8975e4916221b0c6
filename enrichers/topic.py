"""Which topics of the shared model a post speaks of, per span; what fits none is `emerging`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from enrichers.base import Draft
from enrichers.scoring.text import BREAK, words
from enrichers.scoring.topic_model import TopicModel
from schemas.enriched import EnrichedPost, Span, TopicRef

_FEWEST_WORDS: Final = 3
_COURTESIES: Final = frozenset(
    words(
        """
        hi hello hey dear good morning afternoon evening day kind best warm regards wishes thanks thank you the very
        sincerely yours sir madam team everyone all many so much in advance
        hola buenos buenas dias tardes noches estimado estimada estimados senor senora senores un cordial saludo
        saludos gracias muchas de antemano atentamente
        ciao buongiorno buonasera gentile gentili egregio cordiali distinti saluti grazie mille anticipo
        ola oi bom boa tarde noite dia prezado prezada prezados caro cara obrigado obrigada atenciosamente cumprimentos
        bonjour bonsoir salut madame monsieur cher chere cordialement merci beaucoup par avance bien a vous
        hallo guten tag morgen abend sehr geehrte damen und herren liebe lieber mit freundlichen grussen viele grusse
        danke vielen dank im voraus
        """
    ).tokens
)


class Topics:
    """The enricher `topic`. `model` gives the newest snapshot; it is asked once per batch."""

    name = "topic"
    version = "1"

    def __init__(self, model: Callable[[], TopicModel]) -> None:
        self._model = model

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Drafts with `topics`; needs spans and `vectors` (n_spans, d). A post without vectors has none."""
        model = self._model()
        return [draft.with_post(topics=_topics(draft, model)) for draft in drafts]

    def close(self) -> None:
        """Nothing to free."""


@dataclass
class _Found:
    """What the spans of one topic add up to."""

    similarity: float
    weight: float = 0.0
    spans: list[int] = field(default_factory=list)


def says_something(text: str) -> bool:
    """Whether a span can have a topic: more than a few words or courtesies. `Hello,` and `Kind regards` have none."""
    said = [token for token in words(text).tokens if token != BREAK]
    return len(said) >= _FEWEST_WORDS and any(token not in _COURTESIES for token in said)


def _topics(draft: Draft, model: TopicModel) -> list[TopicRef]:
    post = draft.post
    if draft.vectors is None or not len(draft.vectors):
        return []
    candidates = [i for i in range(min(len(post.spans), len(draft.vectors))) if draft.vectors[i].any()]
    chosen = [i for i in candidates if says_something(_text(post, post.spans[i]))]
    # a post of nothing but a word or two still speaks of something
    chosen = chosen or [i for i in candidates if any(c not in _COURTESIES for c in _tokens(post, i))]
    if not chosen:
        return []
    places, similarities = model.nearest(draft.vectors[chosen])
    found: dict[int, _Found] = {}
    for span, place, similarity in zip(chosen, places.tolist(), similarities.tolist(), strict=True):
        topic = found.setdefault(place, _Found(similarity))
        topic.similarity = max(topic.similarity, similarity)
        topic.weight += (post.spans[span].end - post.spans[span].start) * max(similarity, 0.0)
        topic.spans.append(span)
    assigned = sorted((p for p in found if p >= 0), key=lambda p: (-found[p].weight, model.ids[p]))
    refs = [_assigned(model, place, found[place]) for place in assigned]
    if -1 in found:
        refs.append(_emerging(found[-1], known=bool(model.ids)))
    return refs


def _assigned(model: TopicModel, place: int, found: _Found) -> TopicRef:
    return TopicRef(
        status="assigned",
        id=model.ids[place],
        label=model.labels[place],
        keywords=list(model.keywords[place]),
        similarity=found.similarity,
        spans=found.spans,
    )


def _emerging(found: _Found, known: bool) -> TopicRef:
    """What fits no topic: its similarity is that to the nearest one, where there is any."""
    return TopicRef(status="emerging", similarity=found.similarity if known else None, spans=found.spans)


def _text(post: EnrichedPost, span: Span) -> str:
    return post.clean_text[span.start : span.end]


def _tokens(post: EnrichedPost, span: int) -> list[str]:
    return [token for token in words(_text(post, post.spans[span])).tokens if token != BREAK]
