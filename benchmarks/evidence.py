"""How well posts are told apart, linked, doubted, redacted and understood, on vocero's own labelled sets.

python -m benchmarks evidence
"""

from __future__ import annotations

import importlib
import sys

PARTS = ("links", "authenticity", "relevance", "redaction", "intents")


def main(names: list[str]) -> None:
    """Prints the figures of the named parts; of all where none is named."""
    for name in names or PARTS:
        importlib.import_module(f"benchmarks.judged.{name}").main([])
        print()


if __name__ == "__main__":
    main(sys.argv[1:])
