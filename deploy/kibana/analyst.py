"""The analyst's dashboard: how people feel, about what, where, and in their own words beside the English."""

from __future__ import annotations

from dashboard import Control, Row, chart, dashboard, documents, links, text
from lens import count, dates, filters, measure, newest, table, terms, tile, unique, xy
from objects import Object
from views import POSTS

NEGATIVE = "feedback.sentiment.label : negative"
COMPLAINT = "feedback.intents.label : complaint"
OURS = "feedback.author.role : company"
VOICES = f"not {OURS}"
"""The company's own replies are posts too, and no feedback."""

MOODS = {
    "negative": NEGATIVE,
    "neutral": "feedback.sentiment.label : neutral",
    "positive": "feedback.sentiment.label : positive",
    "not scored": "feedback.sentiment.status : unscored",
}
SCORE = "feedback.sentiment.score"
SEVERITY = "feedback.severity.score"

HOW_TO_READ = """**How to read this.** Sentiment goes from -1 to 1 and comes from the words, never from the stars.
*Not scored* means that nobody could tell, not that it was neutral. Severity is negativity times reach. Click any bar
or line to filter the whole page; the tables at the end show the original beside its English. The company's own replies
are left out of the charts."""


def analyst(others: dict[str, str]) -> Object:
    """`others`: the dashboards to link to, id to label."""
    mood = measure("average", SCORE, "Average sentiment")
    return dashboard(
        "vocero-analyst",
        title="vocero: what customers say",
        about="Sentiment, topics, complaints, suggestions, ratings and places, down to the words themselves.",
        view=POSTS,
        controls=[
            Control("feedback.brand", "Brand"),
            Control("feedback.channel", "Channel"),
            Control("feedback.source", "Source"),
            Control("feedback.language", "Language"),
            Control("feedback.product", "Product"),
            Control("feedback.place", "Place"),
        ],
        rows=[
            Row(4, [links("links", 48, others)]),
            Row(
                8,
                [
                    text("how-to-read", 16, HOW_TO_READ),
                    chart("posts", "Posts", 8, tile(POSTS, count("Posts"), query=VOICES)),
                    chart(
                        "complaints",
                        "Complaints",
                        8,
                        tile(POSTS, count("Complaints"), query=f"{COMPLAINT} and {VOICES}"),
                    ),
                    chart("mood", "Average sentiment", 8, tile(POSTS, mood, query=VOICES)),
                    chart(
                        "languages", "Languages", 8, tile(POSTS, unique("feedback.language", "Languages"), query=VOICES)
                    ),
                ],
            ),
            Row(
                13,
                [
                    chart(
                        "mood-shares",
                        "Shares of sentiment over time",
                        16,
                        xy(
                            POSTS,
                            "area_percentage_stacked",
                            dates(),
                            count("Posts"),
                            split=filters("Sentiment", MOODS),
                            query=VOICES,
                        ),
                    ),
                    chart(
                        "mood-by-language",
                        "Average sentiment over time, by language",
                        16,
                        xy(
                            POSTS,
                            "line",
                            dates(),
                            mood,
                            split=terms("feedback.language", "Language", size=6, by="frequency"),
                            query=VOICES,
                        ),
                    ),
                    chart(
                        "mood-by-channel",
                        "Average sentiment over time, by channel",
                        16,
                        xy(
                            POSTS,
                            "line",
                            dates(),
                            mood,
                            split=terms("feedback.channel", "Channel", size=6, by="frequency"),
                            query=VOICES,
                        ),
                    ),
                ],
            ),
            Row(
                14,
                [
                    chart(
                        "topics-over-time",
                        "Topics over time",
                        24,
                        xy(
                            POSTS,
                            "bar_stacked",
                            dates(),
                            count("Posts"),
                            split=terms("feedback.topic_labels", "Topic", size=8, exclude=[""]),
                            query=VOICES,
                        ),
                    ),
                    chart(
                        "topics",
                        "Topics and their trend",
                        24,
                        table(
                            POSTS,
                            [terms("feedback.topic_labels", "Topic", size=30, exclude=[""])],
                            count("Posts"),
                            count("In the time before", before=True),
                            count("Negative", where=NEGATIVE),
                            mood,
                            measure("max", SEVERITY, "Worst severity"),
                            query=VOICES,
                        ),
                    ),
                ],
            ),
            Row(14, [documents("worst", "The worst complaints, by severity", 48, "vocero-worst-complaints")]),
            Row(
                14,
                [
                    chart(
                        "suggestions-by-product",
                        "Suggestions by product",
                        16,
                        xy(
                            POSTS,
                            "bar_horizontal",
                            terms("feedback.product", "Product", size=15),
                            count("Suggestions"),
                            query=f"feedback.intents.label : suggestion and {VOICES}",
                        ),
                    ),
                    documents("suggestions", "What they suggest", 32, "vocero-suggestions"),
                ],
            ),
            Row(
                14,
                [
                    chart(
                        "stars-by-source",
                        "Stars by source: one that hides its negatives stands out",
                        20,
                        xy(
                            POSTS,
                            "bar_horizontal_percentage_stacked",
                            terms("feedback.source", "Source", size=15),
                            count("Ratings"),
                            split=terms("feedback.rating.value", "Stars", size=10, kind="number", by="itself"),
                            query="feedback.rating.value : *",
                        ),
                    ),
                    chart(
                        "ratings",
                        "Stars beside words, by source",
                        28,
                        table(
                            POSTS,
                            [terms("feedback.source", "Source", size=30)],
                            count("Ratings"),
                            measure("average", "feedback.rating.value", "Average stars"),
                            mood,
                            count("Negative words", where=NEGATIVE),
                            count("Stars and words disagree", where="feedback.rating_disagrees : true"),
                            count("Incentive told or seen", where="feedback.authenticity.flags.name : *incentive*"),
                            query="feedback.rating.value : *",
                        ),
                    ),
                ],
            ),
            Row(
                14,
                [
                    chart(
                        "places",
                        "Places",
                        24,
                        table(
                            POSTS,
                            [terms("feedback.place", "Place", size=50)],
                            count("Posts"),
                            count("Complaints", where=COMPLAINT),
                            mood,
                            measure("max", SEVERITY, "Worst severity"),
                            newest("@timestamp", "Newest post"),
                            query=VOICES,
                        ),
                    ),
                    chart(
                        "products",
                        "Complaints and praise, by product",
                        24,
                        xy(
                            POSTS,
                            "bar_horizontal",
                            terms("feedback.product", "Product", size=15),
                            count("Complaints", where=COMPLAINT),
                            count("Praise", where="feedback.intents.label : praise"),
                            query=VOICES,
                        ),
                    ),
                ],
            ),
            Row(14, [documents("doubts", "In doubt, with the evidence", 48, "vocero-doubts")]),
            Row(20, [documents("beside", "Every post: the original beside its English", 48, "vocero-beside")]),
        ],
    )
