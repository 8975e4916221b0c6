"""The dashboard of alerts and cases: what rises, and which complaints still wait for someone."""

from __future__ import annotations

from dashboard import Row, chart, dashboard, documents, links, text
from lens import count, dates, measure, newest, table, terms, tile, typical, unique, xy
from objects import Object
from views import ALERTS, CASES

WAITING = "feedback.case.status : open"

HOW_TO_READ = """**Alerts** are rises of negative posts that a brand's own weeks do not explain. One cause raises
several, which share an incident; the one that *leads* is the one to read. **Cases** are single complaints, followed
until they are closed; *recovered* means that the customer came back and was content. Both are dated by their last
change. `vocero alerts` and `vocero cases` show the same, and move cases on."""


def incidents(others: dict[str, str]) -> Object:
    """`others`: the dashboards to link to, id to label."""
    return dashboard(
        "vocero-incidents",
        title="vocero: alerts and cases",
        about="Negative spikes and the complaints that are followed.",
        rows=[
            Row(4, [links("links", 48, others)]),
            Row(
                9,
                [
                    text("how-to-read", 16, HOW_TO_READ),
                    chart("alerts-count", "Alerts", 8, tile(ALERTS, count("Alerts"))),
                    chart(
                        "incidents-count",
                        "Incidents",
                        8,
                        tile(ALERTS, unique("feedback.alert.incident", "Incidents")),
                    ),
                    chart("waiting-count", "Open cases", 8, tile(CASES, count("Cases"), query=WAITING)),
                    chart(
                        "recovered-count",
                        "Cases recovered",
                        8,
                        tile(CASES, count("Cases"), query="feedback.case.state : recovered"),
                    ),
                ],
            ),
            Row(
                13,
                [
                    chart(
                        "alerts-over-time",
                        "Alerts by when the rise began",
                        24,
                        xy(
                            ALERTS,
                            "bar_stacked",
                            dates("Since", "feedback.alert.since"),
                            count("Alerts"),
                            split=terms("feedback.alert.dimension", "Dimension", size=6),
                        ),
                    ),
                    chart(
                        "observed",
                        "Negatives, and how many were to be expected",
                        24,
                        xy(
                            ALERTS,
                            "bar_horizontal",
                            terms("feedback.alert.series", "Series", size=15),
                            measure("max", "feedback.alert.observed", "Observed"),
                            measure("max", "feedback.alert.expected", "Expected"),
                        ),
                    ),
                ],
            ),
            Row(14, [documents("leading", "Alerts that lead their incident", 48, "vocero-leading-alerts")]),
            Row(
                13,
                [
                    chart(
                        "alert-topics",
                        "What the alerts are about",
                        16,
                        table(
                            ALERTS,
                            [terms("feedback.alert.topics", "Topic", size=20, exclude=[""])],
                            count("Alerts"),
                            measure("max", "feedback.alert.score", "Strongest, in deviations"),
                        ),
                    ),
                    chart(
                        "cases-over-time",
                        "Cases by when they were opened, and how they stand now",
                        16,
                        xy(
                            CASES,
                            "bar_stacked",
                            dates("Opened", "feedback.case.opened_at"),
                            count("Cases"),
                            split=terms("feedback.case.state", "State", size=12),
                        ),
                    ),
                    chart(
                        "cases-by-queue",
                        "Cases by queue and state",
                        16,
                        table(
                            CASES,
                            [
                                terms("feedback.case.queue", "Queue", size=6),
                                terms("feedback.case.state", "State", size=12),
                            ],
                            count("Cases"),
                            typical("feedback.case.first_contact_seconds", "To the first contact, median"),
                            typical("feedback.case.resolution_seconds", "To the resolution, median"),
                            newest("@timestamp", "Last step"),
                        ),
                    ),
                ],
            ),
            Row(20, [documents("open-cases", "Open complaints, most severe first", 48, "vocero-open-cases")]),
        ],
    )
