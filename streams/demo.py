"""The shipped sample, as records in the order of its story."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

from schemas.errors import StoreError
from schemas.identity import parse_time
from streams.broker.pusher import raw_record
from streams.embedded import Parcel
from streams.files import Defaults, Options, Post, open_posts
from streams.topics import Topics

COMPANY = frozenset({"soporte@lumbre.example"})
"""The shop's own address: its mails are answers, not feedback."""
MAIL_HEADERS = {"X-Customer-Id": "author.customer_id", "X-Place": "place", "X-Brand": "brand"}
"""What the support desk adds to its mails, so that a person's mails join her other posts."""


def sample_folder() -> Path:
    """Where the shipped sample lies: in the package of a wheel, or in the checkout."""
    for folder in (Path(__file__).parent / "sample", Path(__file__).parents[1] / "examples" / "sample"):
        if folder.is_dir():
            return folder
    raise StoreError("the sample is missing from this installation: install vocero again")


def parcels(folder: Path, topics: Topics) -> list[Parcel]:
    """Every record of the sample in the order of its story, the malformed ones spread among them."""
    good = sorted(_posts(folder, topics), key=lambda parcel: parcel.time)
    if not good:
        raise StoreError("the sample holds no posts: install vocero again")
    bad = (folder / "malformed.jsonl").read_bytes().splitlines()
    raw = next(iter(topics.raw.values()))
    step = max(1, len(good) // (len(bad) + 1))
    for number, line in enumerate(bad, start=1):
        time_of = good[min(number * step, len(good) - 1)].time
        good.append(Parcel(raw, b"malformed", line, {}, time_of))
    return sorted(good, key=lambda parcel: parcel.time)


def _posts(folder: Path, topics: Topics) -> Iterator[Parcel]:
    shop = Defaults(brand="Lumbre", company=COMPANY)
    pages = [folder / name for name in ("reviews.jsonl", "social.jsonl", "survey.csv")]
    support = Options(defaults=replace(shop, channel="email", source="support"), mapping=MAIL_HEADERS)
    for item in chain(open_posts(pages, Options(defaults=shop)), open_posts([folder / "emails.mbox"], support)):
        if isinstance(item, Post):
            # the order of arrival: an edit arrives when it was made
            moment = parse_time(item.raw.updated_at) or parse_time(item.raw.created_at)
            stamp = moment.timestamp() if moment else 0.0
            key, value, headers = raw_record(item.raw, now_ms=int(stamp * 1000))
            yield Parcel(topics.raw[item.raw.channel], key, value, headers, stamp)
