"""Phone, card and account numbers among all the other numbers that people write."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

import phonenumbers
from stdnum import iban, luhn
from stdnum.ar import cbu
from stdnum.es import ccc

from enrichers.text.words import word_set
from schemas.enriched import RedactionKind

Numbers = list[tuple[int, int, RedactionKind]]

REGIONS: Final = ("ES", "IT", "PT", "BR", "FR", "GB", "US", "DE", "MX", "AR", "CO", "CL")
"""Where a number without a country code may belong."""

_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ \-.]?[A-Za-z0-9]){11,30}")
_IBAN_LENGTHS: Final = {
    "AD": 24, "AE": 23, "AT": 20, "BE": 16, "BG": 22, "BR": 29, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22,
    "DK": 18, "EE": 20, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GI": 23, "GR": 27, "HR": 21, "HU": 28, "IE": 22,
    "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28,
    "PT": 25, "RO": 24, "RS": 22, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TN": 24, "TR": 26, "UA": 29,
}  # fmt: skip
_NAMED_ACCOUNT = re.compile(
    r"(?:account (?:number|no\.?)|acct\.? (?:number|no\.?)|bank account|sort code|routing number|n[úu]mero de cuenta|"
    r"cuenta (?:bancaria|corriente)|n[ºo°]\.? de cuenta|conto corrente|numero (?:di|del) conto|n[úu]mero da conta|"
    r"conta (?:corrente|bancária)|num[ée]ro de compte|compte bancaire|kontonummer|konto-?nr\.?|clabe|cbu|ccc)"
    r"[^\d\n@]{0,12}(\d(?:[ \-.]?\d){5,23})(?![\w@])",
    re.IGNORECASE,
)
_WEB = re.compile(r"(?:https?://|www\.)[^\s<>\"']+|[\w-]{1,63}\.(?:com|net|org|es|it|fr|de|br|pt|io|co|uk)/[^\s<>\"']+")
_HANDLE = re.compile(r"[@#]\w+")
_DATE = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])|"
    r"(?:0?[1-9]|[12]\d|3[01])([-/.])(?:0?[1-9]|1[0-2])\1(?:19|20)\d\d|"
    r"(?:0?[1-9]|1[0-2])([-/.])(?:0?[1-9]|[12]\d|3[01])\2(?:19|20)\d\d)(?:[T ]\d\d:?\d\d(?::?\d\d)?)?(?!\d)|"
    r"(?<!\d)\d{1,2}:\d\d(?::\d\d)?(?!\d)"
)
_CHUNK = re.compile(r"(?<![\w])(?:\+ ?)?(?:\( ?\+?)?\d(?:[ ().\-/]{0,3}\d)*")
_DECIMAL = re.compile(r"\d{1,3}\.\d{4,}")
_DIGITS = re.compile(r"\d+")
_CODE_BEFORE = re.compile(
    r"(?:pedido|orden|order|ordine|bestellung|bestellnummer|commande|encomenda|compra|factura|fattura|facture|fatura|"
    r"invoice|rechnung|ref|referencia|referência|riferimento|référence|reference|ticket|tracking|seguimiento|envío|"
    r"envio|spedizione|sendung(?:snummer)?|colis|rastreio|sku|asin|isbn|ean|gtin|upc|código|codigo|codice|code|cod|"
    r"serial|serie|seriale|série|modelo|model|modello|modèle|artikel|artículo|articolo|article|artigo|item|part|lote|"
    r"id|case|caso|incidencia|reserva|reservation|booking|prenotazione|réservation|protocolo|expediente|nif|dni|cpf|"
    r"cnpj|vat|iva|p\.? ?iva|version|versión|build|ip|barcode|vin|imei)s?"
    r"(?: (?:de|del|di|do|da|number|num|nummer|numero|número|numéro|nr|no|id|code|is|es|è|é|est|ist)){0,2}\W{0,5}"
    r"(?:(?:n|nº|no|nr|num|n°|id|number|numero|número)\W{0,3})?\Z",
    re.IGNORECASE,
)
_PHONE_BEFORE = re.compile(
    r"(?:tel|tlf|tfno|telf|tél|fon|phone|telephone|teléfono|telefono|telefone|téléphone|telefon|mobile|móvil|movil|"
    r"cell|cel|celular|cellulare|handy|portable|whats ?app|wa|wpp|zap|call|text|sms|ring|llam\w{1,6}|chiam\w{1,6}|"
    r"lig\w{1,5}|appel\w{1,4}|anruf\w{0,3}|fax|contact\w{0,3}|número|number|numero)"
    r"(?: (?:me|us|al|no|on|at|to|para|el|o|il|au|le|us|mio|è|es|is|my|número|number|numero|en))*\W{0,4}\Z",
    re.IGNORECASE,
)
_CODE_PART = re.compile(r"[A-Za-z0-9][-_/.,:=*]\Z|[\\=]\Z")
_MONEY_BEFORE = re.compile(r"(?:[$€£¥₹]|r\$|us\$|usd|eur|gbp|cop|clp|ars|mxn|brl)\s?\Z", re.IGNORECASE)
_UNIT_AFTER = re.compile(
    r"\s?(?:[$€£¥₹%°]|(?:euros?|eur|usd|dólares|dollars?|pesos|reais|cop|clp|km|kg|mb|gb|ml|mm|cm|mah|views|followers|"
    r"seguidores|likes|habitantes|people|personas|personnes|unidades|units)\b)",
    re.IGNORECASE,
)
_SERVICE = word_set("112 911")
_MAX_CHECKS = 2_000  # validations per text; a text with more candidates than that gets them all marked


def masked(text: str, places: Numbers, character: str) -> str:
    """The text with a character all over these places (in order, without overlaps), as long as before."""
    pieces: list[str] = []
    reached = 0
    for start, end, _ in places:
        if start >= reached:
            pieces += [text[reached:start], character * (end - start)]
            reached = end
    return "".join([*pieces, text[reached:]])


def find_accounts(text: str) -> Numbers:
    """IBANs by their check digits, and numbers that the words before them call an account."""
    found: Numbers = []
    for match in _IBAN.finditer(text):
        end = _iban_end(match)
        if end:
            found.append((match.start(), end, "ACCOUNT"))
    found += [(match.start(1), match.end(1), "ACCOUNT") for match in _NAMED_ACCOUNT.finditer(text)]
    return sorted(found)


def find_numbers(text: str, taken: Numbers) -> Numbers:
    """Card, account and phone numbers outside of `taken`."""
    if _DIGITS.search(text) is None:
        return []
    text = masked(text, taken, "_")
    for pattern in (_WEB, _HANDLE, _DATE):
        text = pattern.sub(lambda match: "_" * len(match[0]), text)
    checks = _Checks()
    found: Numbers = []
    for match in _CHUNK.finditer(text):
        if sum(map(str.isdigit, match[0])) >= 7:
            found += _in_chunk(text, match.start(), match[0], checks)
    return found


class _Checks:
    """Counts down the validations that a text may cost."""

    def __init__(self) -> None:
        self.left = _MAX_CHECKS

    def phone(self, number: str, *, named: bool) -> bool:
        self.left -= 1
        return self.left < 0 or _is_phone(number, named)


def _in_chunk(text: str, start: int, chunk: str, checks: _Checks) -> Numbers:
    """The numbers of one run of digits and separators."""
    end = start + len(chunk)
    after = text[end : end + 12]
    before = text[max(0, start - 48) : start]
    if _foreign(before, after) or _DECIMAL.fullmatch(chunk) or _CODE_BEFORE.search(before):
        return []
    groups = [match.span() for match in _DIGITS.finditer(chunk)]
    named = bool(_PHONE_BEFORE.search(before))
    found: Numbers = []
    place = 0
    while place < len(groups):
        hit = _number_at(chunk, groups, place, checks, named=named)
        if hit is None:
            place += 1
            continue
        last, kind = hit
        first = groups[place][0]
        while place == 0 and first > 0 and chunk[first - 1] in "+( ":
            first -= 1
        found.append((start + first, start + groups[last][1], kind))
        place = last + 1
    return found


def _foreign(before: str, after: str) -> bool:
    """True where the run is part of a word, a code, a decimal number, a price or a measure."""
    if after[:1].isalnum() or after[:1] in ("_", "@") or re.match(r"[,:]\d|-[A-Za-z]", after):
        return True
    if before[-1:] == "_" or (
        re.search(r"[A-Za-z0-9][-_/.,:=*]\Z|[\\=]\Z", before) and not _PHONE_BEFORE.search(before)
    ):
        return True
    return bool(_MONEY_BEFORE.search(before) or _UNIT_AFTER.match(after))


def _number_at(
    chunk: str, groups: list[tuple[int, int]], place: int, checks: _Checks, *, named: bool
) -> tuple[int, RedactionKind] | None:
    """The longest number that begins with a group: the index of its last group, and its kind."""
    best: tuple[int, RedactionKind] | None = None
    digits = ""
    for last in range(place, min(place + 8, len(groups))):
        if last > place and not _joins(chunk[groups[last - 1][1] : groups[last][0]]):
            break
        digits += chunk[slice(*groups[last])]
        if len(digits) > 24:
            break
        sizes = [end - start for start, end in groups[place : last + 1]]
        if _is_card(digits, sizes):
            return last, "CARD"
        if _is_account(digits, sizes):
            return last, "ACCOUNT"
        plus = "+" in chunk[max(0, groups[place][0] - 3) : groups[place][0]]
        if not (7 <= len(digits) <= 15 and _phone_shape(digits, sizes, plus=plus, named=named)):
            continue
        if checks.phone(f"+{digits}" if plus else digits, named=named):
            best = (last, "PHONE")
    return best


def _joins(separator: str) -> bool:
    """True for what stands inside one number; a double space, " / " or a bare slash part two."""
    return (
        len(separator.strip()) <= 2 and "/" not in separator and not separator.startswith("  ") and "+" not in separator
    )


def _is_card(digits: str, sizes: list[int]) -> bool:
    """A card of a known issuer, in one piece or grouped as on the card, with a right check digit."""
    length = len(digits)
    if not 14 <= length <= 19 or len(set(digits)) == 1:
        return False
    if sizes not in ([length], [4, 4, 4, 4], [4, 6, 5], [4, 6, 4], [4, 4, 4, 4, 3], [4, 4, 4, 4, 2], [4, 4, 4, 1]):
        return False
    issuer, head = int(digits[:4]), digits[:2]
    known = (
        (length in (16, 19) and digits[0] == "4")
        or (length == 16 and ("51" <= head <= "55" or 2221 <= issuer <= 2720))
        or (length == 15 and head in ("34", "37"))
        or (length == 14 and head in ("30", "36", "38", "39"))
        or (length in (16, 19) and (issuer == 6011 or head == "65" or 6440 <= issuer <= 6499 or head in ("62", "35")))
        or (length in (16, 19) and head in ("50", "56", "58", "60", "63", "67"))
    )
    return known and bool(luhn.is_valid(digits))


def _is_account(digits: str, sizes: list[int]) -> bool:
    """A Spanish account (20 digits), Argentine CBU (22) or Mexican CLABE (18), by its check digits."""
    if len(digits) == 20 and sizes in ([20], [4, 4, 2, 10], [4, 4, 4, 4, 4]):
        return bool(ccc.is_valid(digits))
    if len(digits) == 22 and sizes in ([22], [8, 14]):
        return bool(cbu.is_valid(digits))
    if len(digits) == 18 and sizes in ([18], [3, 3, 11, 1]):
        total = sum(int(digit) * weight % 10 for digit, weight in zip(digits[:17], [3, 7, 1] * 6, strict=False))
        return (10 - total % 10) % 10 == int(digits[17]) and int(digits[:3]) >= 1
    return False


def _phone_shape(digits: str, sizes: list[int], *, plus: bool, named: bool) -> bool:
    """False for runs of small numbers, years and lists, which are grouped as no phone number is."""
    if digits in _SERVICE or len(set(digits)) == 1:
        return False
    if plus or digits.startswith("00"):
        return len(digits) >= 8
    if len(digits) < 9 and not named:
        return False
    if len(sizes) == 1:
        return True
    if any(size == 1 for size in sizes[1:]):
        return False
    if all(size == 4 for size in sizes) and not named and digits[:2] in ("19", "20"):
        return False
    if all(size == 3 for size in sizes) and digits[0] in "12":
        return False  # 123.456.789, 100 200 300
    return not (len(sizes) >= 3 and max(sizes) <= 2 and digits[0] not in "06")


@lru_cache(maxsize=8192)
def _is_phone(number: str, named: bool) -> bool:
    """True where the number is valid in a country: its own by prefix, or one that we serve."""
    if number.startswith("00"):
        number = f"+{number[2:]}"
    if number.startswith("+"):
        return _valid(number, None, possible=True)
    if any(_valid(number, region, possible=False) for region in REGIONS if _may_be(number, region, named=named)):
        return True
    # a country code without its plus: 34600123456, 5511912345678
    return (
        len(number) >= 11
        and number[:2] in ("34", "39", "33", "44", "49", "55", "52", "54", "57", "56")
        and _valid(f"+{number}", None, possible=False)
    )


def _may_be(number: str, region: str, *, named: bool) -> bool:
    """Italy and Germany count nearly any number as valid: theirs must begin as people write them."""
    if region != "AR" and not _national(region).fullmatch(number):
        return False
    if region == "IT":
        return (number[0] == "3" and 9 <= len(number) <= 10) or (number[0] == "0" and len(number) >= 9) or named
    if region == "DE":
        return (number[0] == "0" and len(number) >= 10) or named
    if region in ("FR", "GB"):
        return number[0] == "0"
    return True


@cache
def _national(region: str) -> re.Pattern[str]:
    """Every valid number of a region, with or without its prefix for calls inside it: a check before the slow one."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    if metadata is None or metadata.general_desc is None:
        return re.compile(r"\d+")
    return re.compile(f"(?:{metadata.national_prefix or ''})?(?:{metadata.general_desc.national_number_pattern})")


def _valid(number: str, region: str | None, *, possible: bool) -> bool:
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return False
    if phonenumbers.is_valid_number(parsed):
        return True
    return possible and len(number) >= 9 and phonenumbers.is_possible_number(parsed)


def _iban_end(match: re.Match[str]) -> int | None:
    """Where an IBAN ends: by its country's length, checked by its check digits; None if it is none."""
    source = match[0]
    length = _IBAN_LENGTHS.get(source[:2].upper())
    seen = 0
    for place, character in enumerate(source):
        seen += character.isalnum()
        if seen == length:
            number = re.sub(r"[^A-Za-z0-9]", "", source[: place + 1])
            following = match.string[match.start() + place + 1 : match.start() + place + 2]
            if not following.isalnum() and iban.is_valid(number, check_country=False):
                return match.start() + place + 1
            return None
    return None
