"""Finds what Apertium can translate into English: reads its mode files, and chains two over a third language."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import EngineError

DEBIAN_MODES = Path("/usr/share/apertium/modes")
_CODES_TEXT = (
    "afr=af arg=an bul=bg cat=ca cym=cy dan=da deu=de eng=en epo=eo eus=eu fra=fr glg=gl hbs=sh isl=is "
    "ita=it mkd=mk nld=nl nno=nn nob=nb oci=oc por=pt ron=ro slv=sl spa=es srd=sc swe=sv"
)
_CODES = dict(pair.split("=") for pair in _CODES_TEXT.split())
"""ISO 639-3 to 639-1, of the languages that Apertium has."""
_LONGEST_MODE = 65_536


@dataclass(frozen=True, slots=True)
class Chain:
    """How to get from `language` to English: one or two mode files, in order."""

    language: str
    modes: tuple[Path, ...]


def discover(folder: Path = DEBIAN_MODES) -> dict[str, Chain]:
    """Language to its shortest chain into English; empty where the folder is absent.

    A pivot over Spanish is taken before any other: over Catalan the result is measurably worse.
    """
    pairs: dict[tuple[str, str], Path] = {}
    for path in sorted(folder.glob("*.mode")):
        source, hyphen, target = path.stem.partition("-")
        if hyphen and "-" not in target and "_" not in target:
            pairs.setdefault((_code(source), _code(target)), path)
    chains = {source: Chain(source, (path,)) for (source, target), path in pairs.items() if target == "en"}
    pivots = sorted(chains, key=lambda language: (language != "es", language))
    for pivot in pivots:
        for (source, target), path in pairs.items():
            if target == pivot and source not in chains and source != "en":
                chains[source] = Chain(source, (path, *chains[pivot].modes))
    return chains


def commands(chain: Chain, find: Callable[[str], str | None] = shutil.which) -> list[list[str]]:
    """Argument lists of the chain's processes, in order, each answering a NUL byte by flushing (`-z`).

    The last generator keeps its marks of unknown words, those before it drop them. Raises EngineError where a mode
    file cannot be read or a program is missing.
    """
    stages: list[list[str]] = []
    for number, path in enumerate(chain.modes, start=1):
        try:
            text = path.read_text(encoding="utf-8")[:_LONGEST_MODE]
            parts = [shlex.split(part) for part in text.strip().split("|")]
        except (OSError, ValueError) as error:
            raise EngineError(f"the Apertium mode `{path.stem}` cannot be read; reinstall its package") from error
        marks = "-g" if number == len(chain.modes) else "-n"
        stages += [_command(path, words, marks, find) for words in parts]
    return stages


def _command(path: Path, words: list[str], marks: str, find: Callable[[str], str | None]) -> list[str]:
    program = find(words[0]) if words else None
    if program is None:
        raise EngineError(
            f"the Apertium mode `{path.stem}` needs a program that is not installed; reinstall its package"
        )
    # $1 stands for the generator's marks, $2 for an option of the tagger that is not wanted here
    arguments = [marks if word == "$1" else word for word in words[1:] if word != "$2"]
    return [program, "-z", *arguments]


def _code(name: str) -> str:
    return _CODES.get(name, name)
