"""The composition root: everything is built here from the settings, and nowhere else."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from enrichers.chain import Chain
from enrichers.scoring.topic_model import TopicModel
from schemas.codec import Limits
from schemas.errors import BrokerError, SettingsError
from sinks.base import Sink
from streams.settings import Settings
from streams.topics import Topics, topics_of

if TYPE_CHECKING:
    import faust
    from elasticsearch import Elasticsearch

    from enrichers.base import Enricher
    from enrichers.engines.base import TranslationEngine
    from enrichers.severity import Severity
    from sinks.elasticsearch.administration import Administration
    from streams.broker.outbox import Outbox
    from streams.delivery.ledger import Ledger
    from streams.delivery.observer import Observer
    from streams.reenrich import Again
    from streams.stages.base import Stage

STAGES = ("enrich", "index", "alert", "case", "link", "learn")
"""Every stage by name, in the order of the flow."""


def build_chain(
    settings: Settings, model: Callable[[], TopicModel] = TopicModel.empty, *, shared: bool = False
) -> Chain:
    """The enrichers of the settings' profile, in order, their models loaded. `model` gives the newest topics.

    `shared`: other workers enrich the same topics, so that what they must agree on has to be set.
    """
    from enrichers.authenticity import Authenticity
    from enrichers.clean import Clean
    from enrichers.language import Language
    from enrichers.redact import Redact
    from enrichers.relevance import Relevance
    from enrichers.topic import Topics as TopicAssign
    from enrichers.translate import Translate

    return Chain(
        [
            Clean(),
            Redact(redact_secret(settings, shared=shared)),
            Language(),
            Translate(build_translation(settings)),
            *_understanding(settings),
            TopicAssign(model),
            Authenticity(),
            Relevance(),
            build_cost(settings),
        ],
        lanes=("translate", "embed", "listen"),
    )


def _understanding(settings: Settings) -> list[Enricher]:
    """`embed`, `sentiment` and `intent` of the settings' profile."""
    from enrichers.embed import Embed, Listen
    from enrichers.engines.e5 import E5
    from enrichers.engines.minilm import DIMENSIONS, MiniLM
    from enrichers.intent import Intent
    from enrichers.scoring.features import Reader
    from enrichers.scoring.heads import CARD
    from enrichers.sentiment import HeadReader, Sentiment

    own = Path(settings.sentiment_model) if settings.sentiment_model else None
    if own is not None and not (own / CARD).is_file():
        raise SettingsError(f"sentiment_model: {own} holds no {CARD}; `vocero train sentiment` writes such a folder")
    reader, listen = Reader(), Listen(E5(threads=settings.model_threads))
    if settings.models == "local":
        embed = Embed(MiniLM(threads=settings.model_threads))
        return [embed, listen, Sentiment(HeadReader(reader, own)), Intent(reader)]
    from enrichers.engines.hub.device import best_device
    from enrichers.engines.hub.embedding import HubEmbedding
    from enrichers.engines.hub.sentiment import HubSentiment
    from enrichers.engines.hub.source import Source

    device = best_device(settings.model_threads)
    engine = HubEmbedding(Source.parse(settings.hub_embedding), device)
    if engine.dimensions != DIMENSIONS:
        raise SettingsError(
            f"hub_embedding gives vectors of {engine.dimensions} dimensions, and the store keeps {DIMENSIONS}: "
            "name a model of that size"
        )
    return [
        Embed(engine, original=True),
        listen,
        Sentiment(HubSentiment(Source.parse(settings.hub_sentiment), device)),
        Intent(reader),
    ]


def build_translation(settings: Settings) -> list[TranslationEngine]:
    """The engines of the settings' profile, the one asked first in front; languages are found when they are made."""
    from enrichers.engines.apertium import Apertium
    from enrichers.engines.apertium.user_terms import UserTerms, read_terms

    terms = read_terms(Path(settings.glossary)) if settings.glossary else UserTerms()
    engines: list[TranslationEngine] = [Apertium(terms=terms)]
    if settings.models == "hub" and settings.hub_translation_languages:
        from enrichers.engines.hub.device import best_device
        from enrichers.engines.hub.source import Source
        from enrichers.engines.hub.translation import HubTranslation

        engines.insert(
            0,
            HubTranslation(
                Source.parse(settings.hub_translation),
                best_device(settings.model_threads),
                settings.hub_translation_languages,
                cache=Path(settings.state_dir),
                threads=settings.model_threads,
            ),
        )
    return engines


def build_cost(settings: Settings) -> Severity:
    """What a post can cost, on the settings' scale of reach."""
    from enrichers.scoring.reach import ReachScale
    from enrichers.severity import Severity

    return Severity(
        ReachScale(
            followers=settings.reach_followers,
            views=settings.reach_views,
            shares=settings.reach_shares,
            likes=settings.reach_likes,
            floor=settings.reach_floor,
        )
    )


def redact_secret(settings: Settings, *, shared: bool) -> bytes:
    """The key of the authors' hashes: the setting, or one drawn for this process where nothing is shared."""
    if settings.redact_secret:
        return settings.redact_secret.encode()
    if shared:
        raise SettingsError(
            "workers that share a broker must share the secret that hashes e-mail authors: "
            "set VOCERO_REDACT_SECRET or VOCERO_REDACT_SECRET_FILE"
        )
    return secrets.token_bytes(32)


def make_state_directory(settings: Settings) -> None:
    """Makes the state directory; raises SettingsError where that is not possible."""
    try:
        (Path(settings.state_dir) / "faust").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"the state directory {settings.state_dir} cannot be made ({error.strerror}): set VOCERO_STATE_DIR"
        ) from None


def build_sink(settings: Settings) -> Sink:
    """The store that the settings name, not yet opened."""
    if settings.store == "memory":
        from sinks.memory import MemorySink

        return MemorySink()
    if settings.store == "sqlite":
        from sinks.sqlite import SQLiteSink

        return SQLiteSink(settings.sqlite_file)
    from sinks.elasticsearch import ElasticsearchSink

    return ElasticsearchSink(elasticsearch_client(settings), prefix=settings.topic_prefix)


def elasticsearch_client(settings: Settings) -> Elasticsearch:
    """The client for the settings' cluster and credentials."""
    from sinks.elasticsearch import connect

    if not settings.elasticsearch_url:
        raise SettingsError("store is elasticsearch: set VOCERO_ELASTICSEARCH_URL too")
    user = None
    if settings.elasticsearch_username is not None and settings.elasticsearch_password is not None:
        user = (settings.elasticsearch_username, settings.elasticsearch_password)
    return connect(
        settings.elasticsearch_url,
        api_key=settings.elasticsearch_api_key,
        basic_auth=user,
        ca_file=settings.elasticsearch_ca,
    )


def build_administration(settings: Settings, *, shards: int) -> Administration:
    """What sets up the settings' Elasticsearch."""
    from sinks.elasticsearch.administration import Administration
    from sinks.elasticsearch.indices import Layout

    return Administration(elasticsearch_client(settings), Layout(settings.topic_prefix, shards=shards))


@dataclass(frozen=True, slots=True)
class Flow:
    """What runs in one process: stages, their Faust apps, and what they share."""

    stages: Sequence[Stage]
    apps: Sequence[faust.App]
    outbox: Outbox
    ledger: Ledger
    topics: Topics
    closers: Sequence[Callable[[], None]]

    def close(self) -> None:
        """Frees what the stages share. The stages themselves are closed by the runner."""
        for close in self.closers:
            close()


def build_flow(
    settings: Settings,
    names: Sequence[str] = STAGES,
    *,
    sink: Callable[[], Sink] | None = None,
    chain: Callable[[Callable[[], TopicModel]], Chain] | None = None,
    shared: bool = True,
    observer: Observer | None = None,
    again: Again | None = None,
) -> Flow:
    """The named stages as Faust apps on the settings' broker. `sink` and `chain` replace the real ones in tests.

    `observer` is told what the stages do. `again`: `enrich` makes documents anew (see `streams.reenrich`). `shared`
    False: the broker is this process's own.
    """
    from streams.broker.client import client_config
    from streams.broker.outbox import Outbox
    from streams.broker.state import read_partition
    from streams.cases.known import KnownCorrections
    from streams.delivery.harness import stage_app
    from streams.delivery.ledger import Ledger
    from streams.delivery.observer import UNOBSERVED
    from streams.erase.forgetting import KnownErasures
    from streams.learning.follower import ModelFollower
    from streams.stages.alert import AlertStage
    from streams.stages.case import CaseStage
    from streams.stages.enrich import EnrichStage
    from streams.stages.index import IndexStage
    from streams.stages.learn import LearnStage
    from streams.stages.link import LinkStage

    topics = topics_of(settings)
    config = client_config(settings)
    make_state_directory(settings)
    read_state: Callable[[str, int], Mapping[bytes, bytes]] = partial(read_partition, config)
    follower = ModelFollower(config, topics.topics)
    cost = build_cost(settings)
    corrections = KnownCorrections(config, topics.corrections, cost)
    erasures = KnownErasures(config, topics.erasures)
    if "enrich" in names and chain is None:
        redact_secret(settings, shared=shared)  # refused now, not when the first post comes
    make_chain = chain or partial(build_chain, settings, shared=shared)

    def enrichment() -> Chain:
        if again is not None and not (follower.wait(seconds=60) and corrections.wait(seconds=60)):
            raise BrokerError("topics and corrections could not be read within 60 s: run the same command again")
        erasures.wait()
        return make_chain(follower.newest)

    def opened_sink() -> Sink:
        erasures.wait()
        corrections.wait(seconds=10)
        return build_sink(settings) if sink is None else sink()

    makers: dict[str, Callable[[], Stage]] = {
        "enrich": lambda: EnrichStage(
            topics,
            enrichment,
            Limits(max_bytes=settings.max_record_bytes),
            corrections=corrections,
            again=again,
            erased=erasures,
        ),
        "index": lambda: IndexStage(
            topics,
            opened_sink,
            observer=observer or UNOBSERVED,
            erased=erasures,
            cost=cost,
            corrections=corrections,
        ),
        "alert": lambda: AlertStage(
            topics, read_state, history_days=settings.history_days, adverts=settings.alerts_adverts
        ),
        "case": lambda: CaseStage(topics, read_state),
        "link": lambda: LinkStage(topics, read_state, posts=settings.link_posts),
        "learn": lambda: LearnStage(topics, read_state),
    }
    for name in names:
        if name not in makers:
            raise SettingsError(f"there is no stage `{name}`: the stages are {', '.join(STAGES)}")
    stages = [makers[name]() for name in dict.fromkeys(names)]
    outbox = Outbox(config)
    ledger = Ledger({topic: [s.name for s in stages if topic in s.inputs] for s in stages for topic in s.inputs})
    apps = [
        stage_app(
            stage,
            settings,
            outbox,
            dead_letters=topics.dead_letters,
            ledger=ledger,
            observer=observer or UNOBSERVED,
            group=again.group if again is not None and stage.name == "enrich" else None,
        )
        for stage in stages
    ]
    if any(stage.name == "enrich" for stage in stages):
        follower.start()
    if any(stage.name in ("enrich", "index") for stage in stages):
        corrections.start()
        erasures.start()
    return Flow(stages, apps, outbox, ledger, topics, [follower.close, corrections.close, erasures.close, outbox.close])
