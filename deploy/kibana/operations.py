"""The operators' dashboard: what documents can tell of the pipeline, and where the rest is."""

from __future__ import annotations

from dashboard import Row, chart, dashboard, documents, links, text
from lens import count, dates, filters, newest, table, terms, tile, xy
from objects import Object
from views import DEAD_LETTERS, POSTS, TOPICS

TRANSLATION = {
    "English": "feedback.translation.status : identity",
    "translated": "feedback.translation.status : translated",
    "partly": "feedback.translation.status : partial",
    "no engine": "feedback.translation.status : unsupported",
    "nothing to translate": "not feedback.translation.status : *",
}

ELSEWHERE = """**What is not here.** Posts are dated by when they were *written*, so these charts cannot tell how fast
vocero works; dead letters are dated by when their record came. Throughput, lag, latency, retries and memory are
metrics of each stage (`metrics_port`, for Prometheus):

| question | PromQL |
| --- | --- |
| records a second, by stage | `sum by (stage) (rate(vocero_records_total[5m]))` |
| how far behind | `sum by (stage, topic) (vocero_lag_records)` |
| a stage that stands still | `vocero_idle_seconds > 300 and on (stage) sum by (stage) (vocero_lag_records) > 0` |
| post arrived → searchable | `histogram_quantile(0.99, rate(vocero_indexed_latency_seconds_bucket[5m]))` |
| post arrived → alert told | `histogram_quantile(0.99, rate(vocero_alert_latency_seconds_bucket[5m]))` |
| dead letters a second, by reason | `sum by (stage, reason) (rate(vocero_dead_letters_total[5m]))` |
| the store asked again | `sum by (stage) (rate(vocero_store_retries_total[5m]))` |"""


def operations(others: dict[str, str]) -> Object:
    """`others`: the dashboards to link to, id to label."""
    return dashboard(
        "vocero-operations",
        title="vocero: operations",
        about="What came in from where, what could not be done with it, and how the topic model grows.",
        rows=[
            Row(4, [links("links", 48, others)]),
            Row(
                16,
                [
                    text("elsewhere", 32, ELSEWHERE),
                    chart("stored", "Posts stored", 8, tile(POSTS, count("Posts"))),
                    chart("unused", "Dead letters", 8, tile(DEAD_LETTERS, count("Dead letters"))),
                ],
            ),
            Row(
                13,
                [
                    chart(
                        "dead-letters-over-time",
                        "Dead letters, by reason",
                        24,
                        xy(
                            DEAD_LETTERS,
                            "bar_stacked",
                            dates(),
                            count("Dead letters"),
                            split=terms("feedback.dead_letter.reason", "Reason", size=12),
                        ),
                    ),
                    chart(
                        "dead-letters-by-stage",
                        "Dead letters, by stage, topic and reason",
                        24,
                        table(
                            DEAD_LETTERS,
                            [
                                terms("feedback.dead_letter.stage", "Stage", size=6),
                                terms("feedback.dead_letter.topic", "Topic of the record", size=12),
                                terms("feedback.dead_letter.reason", "Reason", size=30),
                            ],
                            count("Dead letters"),
                            newest("@timestamp", "Newest"),
                        ),
                    ),
                ],
            ),
            Row(13, [documents("dead-letters", "Dead letters, newest first", 48, "vocero-dead-letters-list")]),
            Row(
                13,
                [
                    chart(
                        "posts-by-source",
                        "Posts by source, by when they were written",
                        24,
                        xy(
                            POSTS,
                            "bar_stacked",
                            dates(),
                            count("Posts"),
                            split=terms("feedback.source", "Source", size=10),
                        ),
                    ),
                    chart(
                        "silent-sources",
                        "Sources, the newest post of each: a silent one stands out",
                        24,
                        table(
                            POSTS,
                            [
                                terms("feedback.channel", "Channel", size=10),
                                terms("feedback.source", "Source", size=50),
                            ],
                            count("Posts"),
                            newest("@timestamp", "Newest post"),
                        ),
                    ),
                ],
            ),
            Row(
                13,
                [
                    chart(
                        "translation",
                        "Translation by language",
                        24,
                        xy(
                            POSTS,
                            "bar_horizontal",
                            terms("feedback.language", "Language", size=20),
                            count("Posts"),
                            split=filters("Translation", TRANSLATION),
                        ),
                    ),
                    chart(
                        "quality",
                        "What could not be told, by source",
                        24,
                        table(
                            POSTS,
                            [terms("feedback.source", "Source", size=50)],
                            count("Posts"),
                            count("No sentiment", where="feedback.sentiment.status : unscored"),
                            count("No engine", where=TRANSLATION["no engine"]),
                            count("Enrichers failed", where="feedback.provenance.failed : *"),
                            count("Personal data marked", where="feedback.redactions.kind : *"),
                        ),
                    ),
                ],
            ),
            Row(
                13,
                [
                    chart(
                        "topics-born",
                        "Topics by when they were born",
                        16,
                        xy(TOPICS, "bar_stacked", dates("Born", "feedback.topic.created_at"), count("Topics")),
                    ),
                    documents("topics-list", "Topics, most spoken of first", 32, "vocero-topics-list"),
                ],
            ),
        ],
    )
