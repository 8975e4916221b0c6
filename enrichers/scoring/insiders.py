"""Whether a text says that its author belongs to the company that it speaks of, in six languages. Pure."""

from __future__ import annotations

import re
from typing import Final

from enrichers.scoring.text import fold_in_place

MAX_CHARACTERS: Final = 20_000
QUOTED_WORDS: Final = 8

_HOUSE_EN = "(?:company|brand|shop|store|firm|restaurant|hotel|cafe|team|startup)"
_NOT_A_THING = r"\b(?! (?:of (?:an?|my|two|three)|de (?:una?|dos|um|uma|dois)|di (?:un|una|due)|d.une?|eine[srm]?)\b)"
_PATTERNS: Final = (
    rf"i(?:.ve| have)? work(?:ed)? (?:here|(?:for|at|in) (?:this|the|our) {_HOUSE_EN})\b",
    r"(?:i am|i.m|as) (?:the|an?|one of the) (?:co-?)?(?:owners?|founders?|employees?|managers?|makers?)"
    + _NOT_A_THING,
    r"part of the team (?:that|behind|who)\b",
    r"trabajo (?:aqui|(?:en|para) (?:la|esta|este) (?:empresa|tienda|marca|restaurante|hotel))\b",
    r"(?:soy|como) (?:el|la|una?|un[oa] de l[oa]s) (?:duen[oa]s?|propietari[oa]s?|encargad[oa]|gerente|fundador\w*)"
    + _NOT_A_THING,
    r"formo parte del equipo\b",
    r"lavoro (?:qui|(?:per|in) (?:questa|questo|quest.|l.) ?(?:azienda|marca|ditta|negozio|ristorante))\b",
    r"(?:sono|in quanto|da) (?:il |la |un[oa] d[ei]i? )?(?:titolar[ei]|proprietari[oa]?|gestore|fondat\w+)"
    + _NOT_A_THING,
    r"faccio parte del(?:la)? (?:team|squadra)\b",
    r"trabalho (?:aqui|n(?:a|esta|este|o) (?:empresa|loja|marca|restaurante|hotel))\b",
    r"(?:sou|como) (?:o |a |uma? d[oa]s )?(?:don[oa]s?|proprietari[oa]s?|gerente|fundador\w*)" + _NOT_A_THING,
    r"faco parte da equip[ea]\b",
    r"je travaille (?:ici|(?:pour|dans|chez) (?:cette|la|ce) (?:marque|entreprise|societe|boutique|restaurant))\b",
    r"(?:je suis|en tant que) (?:le |la |l.)?(?:gerante?|proprietaire|fondat\w+|patronn?e?)" + _NOT_A_THING,
    r"je fais partie de l.equipe\b",
    r"ich arbeite (?:hier|(?:bei|fur) (?:der|dieser|diese|die) (?:firma|marke)|in (?:diesem|dieser) \w+)\b",
    r"(?:ich bin|als) (?:der |die |eine?r? )?(?:inhaber(?:in)?|geschaftsfuhrer(?:in)?|grunder(?:in)?)" + _NOT_A_THING,
    r"teil des teams\b",
)
_INSIDER = re.compile("|".join(rf"\b(?:{pattern})" for pattern in _PATTERNS))


def found(text: str) -> str | None:
    """The words of `text` that place its author inside the company, at most `QUOTED_WORDS`; None: there are none."""
    text = text[:MAX_CHARACTERS]
    plain = fold_in_place(text)
    match = _INSIDER.search(plain)
    return " ".join(text[match.start() : match.end()].split()[:QUOTED_WORDS]) if match else None
