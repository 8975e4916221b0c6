"""Writes vocero.ndjson, which Kibana imports: `python deploy/kibana/generate.py [FOLDER]`.

One file, so that an import finds everything that its objects refer to. Every run writes the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from analyst import analyst
from incidents import incidents
from objects import Object, packed
from operations import operations
from views import data_views, saved_searches

FILE = "vocero.ndjson"
PREFIX = "feedback"
BUILDERS = {
    "vocero-analyst": ("What customers say", analyst),
    "vocero-incidents": ("Alerts and cases", incidents),
    "vocero-operations": ("Operations", operations),
}


def objects() -> list[Object]:
    """Everything, in the order in which it refers to each other."""
    labels = {name: label for name, (label, _) in BUILDERS.items()}
    built = [
        build({id_: label for id_, label in labels.items() if id_ != name}) for name, (_, build) in BUILDERS.items()
    ]
    return [*data_views(PREFIX), *saved_searches(), *built]


def main(folder: Path) -> None:
    """One object a line."""
    (folder / FILE).write_text("".join(f"{packed(one)}\n" for one in objects()), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
