"""Writes vocero.ndjson, which Kibana imports: `python deploy/kibana/generate.py [FOLDER] [--prefix NAME]`.

One file, so that an import finds everything that its objects refer to. Every run writes the same bytes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from analyst import analyst
from incidents import incidents
from objects import Object, packed
from operations import operations
from views import data_views, saved_searches

FILE = "vocero.ndjson"
BUILDERS = {
    "vocero-analyst": ("What customers say", analyst),
    "vocero-incidents": ("Alerts and cases", incidents),
    "vocero-operations": ("Operations", operations),
}


def objects(prefix: str) -> list[Object]:
    """Everything; `prefix` begins the names of the aliases in Elasticsearch."""
    labels = {name: label for name, (label, _) in BUILDERS.items()}
    built = [
        build({id_: label for id_, label in labels.items() if id_ != name}) for name, (_, build) in BUILDERS.items()
    ]
    return [*data_views(prefix), *saved_searches(), *built]


def main() -> None:
    """One object a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("--prefix", default="feedback", help="the setting topic_prefix")
    given = parser.parse_args()
    (given.folder / FILE).write_text("".join(f"{packed(one)}\n" for one in objects(given.prefix)), encoding="utf-8")


if __name__ == "__main__":
    main()
