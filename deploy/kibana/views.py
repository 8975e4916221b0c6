"""The data views and the saved searches: what Discover opens with, and what the dashboards' tables show."""

from __future__ import annotations

from objects import Object, data_view, saved_search

POSTS, ALERTS, CASES, TOPICS = "vocero-posts", "vocero-alerts", "vocero-cases", "vocero-topics"
DEAD_LETTERS = "vocero-dead-letters"

NUMBER = {"id": "number", "params": {"pattern": "0.00"}}
SECONDS = {
    "id": "duration",
    "params": {"inputFormat": "seconds", "outputFormat": "humanizePrecise", "outputPrecision": 1},
}
LINK = {"id": "url", "params": {"labelTemplate": "open", "type": "a", "urlTemplate": "{{rawValue}}"}}

BESIDE = ["feedback.clean_text", "feedback.translation.text"]
"""The original and its English, next to each other."""


def data_views(prefix: str) -> list[Object]:
    """One per kind of document; `prefix` is the setting `topic_prefix`, which names the aliases too."""
    return [
        data_view(
            POSTS,
            title="vocero: posts",
            pattern=f"{prefix}-posts",
            formats={"feedback.severity.score": NUMBER, "feedback.sentiment.score": NUMBER, "url.original": LINK},
            hidden=("feedback.embedding", "feedback.embedding_base64"),
        ),
        data_view(
            ALERTS,
            title="vocero: alerts",
            pattern=f"{prefix}-alerts",
            formats={"feedback.alert.expected": NUMBER, "feedback.alert.score": NUMBER},
        ),
        data_view(
            CASES,
            title="vocero: cases",
            pattern=f"{prefix}-cases",
            formats={
                "feedback.case.first_contact_seconds": SECONDS,
                "feedback.case.resolution_seconds": SECONDS,
                "feedback.case.severity": NUMBER,
            },
        ),
        data_view(
            TOPICS,
            title="vocero: topics",
            pattern=f"{prefix}-topics",
            hidden=("feedback.topic.centroid", "feedback.topic.members", "feedback.topic.terms"),
        ),
        data_view(DEAD_LETTERS, title="vocero: dead letters", pattern=f"{prefix}-dead-letters"),
    ]


def saved_searches() -> list[Object]:
    """Documents as tables."""
    return [
        saved_search(
            "vocero-beside",
            title="vocero: every post, the original beside its English",
            about="Click a chart of the dashboard to filter it. A post without English has no engine for its language.",
            view=POSTS,
            columns=[
                "feedback.language",
                "feedback.sentiment.label",
                *BESIDE,
                "feedback.topic_labels",
                "feedback.source",
                "feedback.place",
                "url.original",
            ],
        ),
        saved_search(
            "vocero-worst-complaints",
            title="vocero: the worst complaints first",
            about="Severity is how negative a post is, times how far it reaches.",
            view=POSTS,
            query="feedback.intents.label : complaint and feedback.sentiment.label : negative",
            columns=["feedback.severity.score", *BESIDE, "feedback.product", "feedback.place", "feedback.source"],
            sort="feedback.severity.score",
        ),
        saved_search(
            "vocero-suggestions",
            title="vocero: suggestions",
            view=POSTS,
            query="feedback.intents.label : suggestion",
            columns=["feedback.product", *BESIDE, "feedback.language"],
        ),
        saved_search(
            "vocero-doubts",
            title="vocero: posts whose authenticity is in doubt",
            about="A doubt hides nothing and lowers nothing: the evidence is beside it.",
            view=POSTS,
            query="feedback.authenticity.flags.name : *",
            columns=[
                "feedback.authenticity.flags.name",
                "feedback.authenticity.flags.evidence",
                "feedback.rating.value",
                *BESIDE,
                "feedback.source",
            ],
        ),
        saved_search(
            "vocero-leading-alerts",
            title="vocero: alerts that lead their incident",
            about="One cause raises alerts in several series; these are the ones to read first.",
            view=ALERTS,
            query="feedback.alert.leads : true",
            columns=[
                "feedback.alert.state",
                "feedback.alert.brand",
                "feedback.alert.dimension",
                "feedback.alert.value",
                "feedback.alert.observed",
                "feedback.alert.expected",
                "feedback.alert.topics",
                "feedback.alert.exemplars.excerpt",
                "feedback.alert.exemplars.translation",
            ],
        ),
        saved_search(
            "vocero-open-cases",
            title="vocero: open complaints, most severe first",
            view=CASES,
            query="feedback.case.status : open and feedback.case.queue : complaint",
            columns=[
                "feedback.case.severity",
                "feedback.case.state",
                "feedback.case.opened_at",
                "feedback.case.excerpt",
                "feedback.case.translation",
                "feedback.case.product",
                "feedback.case.place",
                "feedback.case.source",
            ],
            sort="feedback.case.severity",
        ),
        saved_search(
            "vocero-topics-list",
            title="vocero: topics, most spoken of first",
            view=TOPICS,
            query="feedback.topic.status : active",
            columns=[
                "feedback.topic.label",
                "feedback.topic.count",
                "feedback.topic.keywords",
                "feedback.topic.examples",
            ],
            sort="feedback.topic.count",
        ),
        saved_search(
            "vocero-dead-letters-list",
            title="vocero: dead letters, newest first",
            about="Topic, partition and offset say where the record stands. Driven again, a letter stays in this list.",
            view=DEAD_LETTERS,
            columns=[
                "feedback.dead_letter.stage",
                "feedback.dead_letter.reason",
                "feedback.dead_letter.message",
                "feedback.dead_letter.topic",
                "feedback.dead_letter.partition",
                "feedback.dead_letter.offset",
            ],
        ),
    ]
