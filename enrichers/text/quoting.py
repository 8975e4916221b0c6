"""What somebody else wrote, or a mail program: quoted replies, forwarded headers, signatures."""

from __future__ import annotations

import re

_QUOTED = re.compile(r"\s{0,3}(?:>|\|\s)")
# "On Mon, 3 Mar 2026, Ana wrote:" and its translations; the line may be folded once or twice
_WROTE = re.compile(
    r"(?:(?:on|el|il(?: giorno)?|in data|em|a|no dia|le|am|op) .{4,250}? )?"
    r"(?:.{0,120} )?(?:wrote|writes|escribió|escribio|escribía|ha scritto|scrisse|escreveu|a écrit|"
    r"schrieb(?: am .{4,60})?|schreef)(?: .{0,80})?\s?:",
    re.IGNORECASE,
)
_STARTS_WROTE = re.compile(
    r"(?:>\s*)?(?:on|el|il|in data|em|a|no dia|le|am|op) (?=.{0,200}(?:\d|<))|<[^<>\s]{3,100}@", re.IGNORECASE
)
_RULED = re.compile(
    r"\s*[-_=*]{2,}\s*(?:original message|original appointment|forwarded message|mensaje original|mensaje reenviado|"
    r"mensagem original|mensagem encaminhada|messaggio originale|messaggio inoltrato|message d'origine|"
    r"message d’origine|message original|message transféré|ursprüngliche nachricht|weitergeleitete nachricht)"
    r"\s*[-_=*]{2,}\s*|begin forwarded message:|inicio del mensaje reenviado:|inizio messaggio inoltrato:|"
    r"début du message (?:réexpédié|transféré)\s?:|anfang der weitergeleiteten nachricht:",
    re.IGNORECASE,
)
# Outlook's header block: From / Sent / To / Subject on lines of their own
_FROM = re.compile(r"\*?(?:from|de|da|von)\s?:\*? \S.{0,200}", re.IGNORECASE)
_SENT = re.compile(
    r"\*?(?:sent|date|enviado(?: el| em)?|fecha|inviato|data|envoyé(?: le)?|gesendet|datum|to|para|a|à|an|subject|"
    r"asunto|oggetto|assunto|objet|betreff)\s?:\*? \S.{0,300}",
    re.IGNORECASE,
)
_RULE = re.compile(r"\s*_{10,}\s*")
_DEVICE = re.compile(
    r"(?:sent|get outlook|enviado|obtener outlook|obter outlook|inviato|envoyé|téléchargez outlook|gesendet|"
    r"von meinem|scarica outlook)\b.{0,10}\b(?:from|with|using|for|desde|del?|para|do|dal?|con|depuis|de mon|von|mit|"
    r"gesendet|per|pour)\b.{0,60}(?:iphone|ipad|android|samsung|galaxy|huawei|xiaomi|mobile|móvil|movil|celular|"
    r"telemóvel|cellulare|smartphone|phone|tablet|outlook|mail|blackberry|handy|dispositivo|device|gmx|web\.de)\b.{0,40}",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"--\s?|—\s?")
_LONGEST_SIGNATURE = 15  # lines after "-- ": more than that, and it was a rule between paragraphs


def strip_quotes(text: str, *, mail: bool) -> str:
    """Text without quoted replies and signatures; unchanged where nothing else would be left.

    Outside of `mail` only the unmistakable ones go: lines behind ">", ruled headers of replies, "Sent from my
    iPhone". A reply written between quoted lines keeps all its own lines.
    """
    if not mail and ">" not in text and "--" not in text and not _may_end_with_device(text):
        return text
    lines = text.split("\n")
    lines = lines[: _header(lines, mail=mail)]
    lines = _unquoted(lines)
    if mail:
        lines = lines[: _signature(lines)]
    lines = _without_device(lines)
    kept = "\n".join(lines).strip()
    return kept if any(character.isalnum() for character in kept) else text


def rejoin(text: str) -> str:
    """Text whose hard-wrapped lines (55 to 80 characters, the next one going on in lower case) are joined again."""
    out: list[str] = []
    last = 0  # length of the line before, as it stood in the mail
    for line in text.split("\n"):
        if out and 55 <= last <= 80 and line[:1].islower() and out[-1][-1:] not in ".!?:;":
            out[-1] = f"{out[-1]} {line}"
        else:
            out.append(line)
        last = len(line)
    return "\n".join(out)


def _header(lines: list[str], *, mail: bool) -> int:
    """The line where a reply's header starts and everything below is somebody else's."""
    for place, line in enumerate(lines):
        if len(line) > 300:
            continue
        if _RULED.fullmatch(line):
            return place
        follows = [other for other in lines[place + 1 : place + 5] if other.strip()]
        if _FROM.fullmatch(line) and (mail or (place and _RULE.fullmatch(lines[place - 1]))):
            if sum(1 for other in follows if _SENT.fullmatch(other)) >= 2:
                return place - 1 if place and _RULE.fullmatch(lines[place - 1]) else place
        elif mail and _attribution(lines, place) and not _own_words_below(lines, place):
            return place
    return len(lines)


def _attribution(lines: list[str], place: int) -> int:
    """How many lines, from `place`, say who wrote what follows; 0 if none does."""
    if not _STARTS_WROTE.match(lines[place]):
        return 0
    text = ""
    for count, line in enumerate(lines[place : place + 3], start=1):
        text = f"{text} {line.strip()}".strip()
        if len(text) <= 400 and text.endswith(":") and _WROTE.fullmatch(text):
            return count
    return 0


def _own_words_below(lines: list[str], place: int) -> bool:
    """True where quoted lines and own lines follow: an answer between the lines of the mail that it answers."""
    below = lines[place + _attribution(lines, place) :]
    quoted = any(_QUOTED.match(line) for line in below)
    return quoted and any(line.strip() and not _QUOTED.match(line) for line in below)


def _unquoted(lines: list[str]) -> list[str]:
    """Lines that are not behind ">", without the attribution right above such a block."""
    out: list[str] = []
    for place, line in enumerate(lines):
        if not _QUOTED.match(line) or line.lstrip().startswith((">:", ">_", ">.<")):
            out.append(line)
            continue
        if place and not _QUOTED.match(lines[place - 1]):
            while out and not out[-1].strip():
                out.pop()
            for back in (1, 2, 3):
                if len(out) >= back and _attribution(out, len(out) - back) == back:
                    del out[-back:]
                    break
            out.append("")
    return out


def _signature(lines: list[str]) -> int:
    """The line of the last "-- " that is close enough to the end."""
    for place in range(len(lines) - 1, max(-1, len(lines) - 2 - _LONGEST_SIGNATURE), -1):
        if _SIGNATURE.fullmatch(lines[place]):
            return place
    return len(lines)


def _may_end_with_device(text: str) -> bool:
    return bool(_DEVICE.search(text[-200:]))


def _without_device(lines: list[str]) -> list[str]:
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    if end and len(lines[end - 1]) <= 160 and _DEVICE.fullmatch(lines[end - 1].strip(" -–—<>\t")):
        return lines[: end - 1]
    return lines
