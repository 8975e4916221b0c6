"""The posts that speed and memory are measured with: tweets in eight languages where they lie beside the project."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

from schemas.codec import decode_raw
from schemas.raw import RawPost

ROOT = Path(__file__).parents[1]
UMSAB = ROOT.parent / "shared" / "data" / "umsab"
GLUED = (
    "The parcel came late and nobody answersMany shops do better than this one.",
    "El pedido llegó tarde y nadie respondeMuchas tiendas lo hacen mejor que esta.",
    "Il pacco è arrivato tardi e nessuno rispondeMolti negozi fanno meglio di questo.",
    "A encomenda chegou tarde e ninguém respondeMuitas lojas fazem melhor do que esta.",
    "Le colis est arrivé en retard et personne ne répondBeaucoup de boutiques font mieux.",
    "Das Paket kam zu spät und niemand antwortetViele Läden machen das besser als dieser.",
)
"""The first posts of all: words run together ask for a language's dictionary, which is loaded once, in the warm-up."""


def texts() -> tuple[str, list[str]]:
    """What they are, and all of them, languages mixed: the UMSAB tweets, else the shipped sample."""
    if UMSAB.is_dir():
        files = [path.read_text(encoding="utf-8").splitlines() for path in sorted(UMSAB.glob("*.train.jsonl"))]
        return "UMSAB tweets, 8 languages", [
            json.loads(line)["text"] for row in zip(*files, strict=True) for line in row
        ]
    lines = [line for file in ("reviews", "social") for line in (ROOT / f"examples/sample/{file}.jsonl").open("rb")]
    return "the shipped sample", [decode_raw(line).text for line in lines]


def posts(first: int, count: int, *, brands: int = 1) -> Iterator[RawPost]:
    """The posts numbered from `first` on, each under an id of its own; texts come again once all have been used."""
    source = texts()[1]
    for number, text in enumerate(itertools.islice(itertools.cycle(source), first, first + count), first):
        words = GLUED[number] if number < len(GLUED) else text
        yield RawPost(id=str(number), source="bench", channel="social", brand=f"brand{number % brands}", text=words)
