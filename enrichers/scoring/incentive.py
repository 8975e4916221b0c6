"""Whether a text tells of something given or offered for a review, in seven languages. Pure.

A benefit, a word of exchange and a review must stand close together in one sentence, and nothing before them may deny
it: "10% off for a review" and "a cambio de una reseña" count, "no discount for my review" and "a birthday gift" do not.
"""

from __future__ import annotations

import re
from typing import Final

from enrichers.scoring.text import fold_in_place

MAX_CHARACTERS: Final = 20_000
"""Of a post that are searched."""
QUOTED_WORDS: Final = 6

_BENEFIT = (
    r"(?:discount|\d+ ?%(?: off)?|voucher|gift ?card|coupon|cash ?back|freebie"
    r"|free (?:product|sample|item|gift|meal|drink)"
    r"|(?:money|[$€£]\s?\d+|\d+ ?(?:euros?|dollars?|[$€£]))|for free|free of charge"
    r"|descuento|cupon|tarjeta regalo|regal(?:o|aron|an|ado|aban)|gratis|gratuit[oa]|vale de|sorteo"
    r"|sconto|buono|omaggio|regal(?:ato|ano)|gratuitamente"
    r"|desconto|cupom|brinde|ganhei|de graca|sorteio"
    r"|reduction|bon d.achat|cadeau|gratuitement|offert|remise"
    r"|rabatt|gutschein|geschenk|kostenlos|umsonst|korting|cadeaubon)"
)
_REVIEW = (
    r"(?:reviews?|ratings?|feedback|(?:5|five)[- ]stars?"
    r"|resenas?|valoracion(?:es)?|valorar|opinion(?:es)?|comentario|(?:5|cinco) estrellas"
    r"|recension[ei]|recensire|(?:5|cinque) stelle|parere|opinione"
    r"|opiniao|opinioes|avaliac(?:ao|oes)|avaliar|resenha|(?:5|cinco) estrelas"
    r"|avis|(?:5|cinq) etoiles|commentaire"
    r"|bewertung(?:en)?|rezension(?:en)?|(?:5|funf) sterne|beoordeling)"
)
_FOR = (
    r"(?:for|if|in exchange|in return|when|to (?:write|leave|post)"
    r"|por(?! lo que)|a cambio|si|para|in cambio|per|se|em troca|contre|en echange|pour"
    r"|fur|gegen|im gegenzug|wenn|damit|voor|in ruil|als)"
)
_EXCHANGE = (
    r"(?:in exchange|in return) for|a cambio de|in cambio di|em troca d[ea]|en echange d(?:e|.)"
    r"|im (?:gegenzug|austausch) fur"
    r"|in ruil voor"
)
_REFUND = (
    r"(?:refund(?:ed)?|money back|reembols\w+|devolv\w+|devuel\w+|rimbors\w+|dinheiro de volta|rembours\w+|erstatt\w+"
    r"|geld zuruck)"
)
_BETTER = (
    r"(?:positiv\w*|good|five|5|buen\w+|chang\w+|delet\w+|remov\w+|cambi\w+|borr\w+|elimin\w+|apag\w+|cancell\w+"
    r"|supprim\w+|modifi\w+|losch\w+|anderung|geandert|andere)"
)
_WRITE = r"(?:leave|write|post|deja|dejas|escribe|lascia|scrivi|deixe|escreva|laissez|ecrivez|schreib\w*|hinterlass\w*)"
_INCENTIVE = re.compile(
    rf"\b{_BENEFIT}\b[^.!?;,\n]{{0,40}}?\b{_FOR}\b[^.!?;,\n]{{0,30}}?\b{_REVIEW}\b"
    rf"|\b(?:{_EXCHANGE})[^.!?;,\n]{{0,30}}?\b{_REVIEW}\b"
    rf"|(?<![\d.,])\d{{1,2}} ?% (?:off|de descuento|di sconto|de desconto)[^.!?;,\n]{{0,20}}\b{_REVIEW}\b"
    r"|\bpaid (?:me )?(?:for|to (?:write|leave|post)) (?:a|this|my|an?) (?:\w+ )?review\b"
    r"|\b(?:sent|given|gave|provided|received|got) [^.!?;\n]{0,40}\bfor (?:an? )?(?:honest |fair |unbiased )?review\b"
    r"|\b(?:produkttester|produkttest|testprodukt|probador de productos)\b"
    # money back for a better review
    rf"|\b{_REFUND}\b[^.!?;\n]{{0,60}}?\b{_BETTER}\b[^.!?;\n]{{0,30}}?\b{_REVIEW}\b"
    rf"|\b{_REFUND}\b[^.!?;\n]{{0,60}}?\b{_REVIEW}\b[^.!?;\n]{{0,15}}?\b{_BETTER}\b"
    # the review first, then what it brings
    rf"|\b{_WRITE}\b[^.!?;,\n]{{0,20}}\b{_REVIEW}\b[^.!?;,\n]{{0,8}}\b(?:and|y|e|et|und)\b[^.!?;,\n]{{0,20}}"
    rf"\b(?:{_BENEFIT}|free)\b"
    rf"|\b(?:for|fur|por|per|pour) (?:this|diese|esta|questa|cette|cet|essa) {_REVIEW}\b[^.!?;,\n]{{0,25}}"
    rf"\b{_BENEFIT}\b"
    rf"|\bfree (?:\w+ ){{1,3}}for (?:every|each|a|your|my) [^.!?;,\n]{{0,20}}\b{_REVIEW}\b"
    rf"|\bpa(?:id|ys?|ying)\b[^.!?;,\n]{{0,25}}\b(?:per|for (?:each|every|a)) (?:\w+ ){{0,2}}{_REVIEW}\b"
    r"|\bcomplimentary (?:\w+ )?(?:sample|product|copy|stay|meal)\b[^.!?;\n]{0,40}\b(?:review|test)"
    r"|#(?:ad|gifted|sponsored|publi|publicidad|publicite|adv|werbung|anzeige|sponsorizzato|regalado)\b"
)
_DENIAL = re.compile(
    r"\b(?:no|not|never|without|nobody|none|wasnt|didnt|nor|dont|sin|nunca|nadie|tampoco|non|senza|nessun[oa]?|mai"
    r"|nao|sem|ninguem|nunca|pas|sans|jamais|aucun|nicht|kein|keine|keinen|ohne|nie|niet|geen|zonder)\b[^.!?;\n]{0,30}$"
    r"|n['’]t\b[^.!?;\n]{0,30}$"
)
_LOOK_BACK = 45


def found(text: str) -> str | None:
    """The first words of `text` that tell of an incentive, at most `QUOTED_WORDS`; None where there are none."""
    plain = fold_in_place(text[:MAX_CHARACTERS])
    for match in _INCENTIVE.finditer(plain):
        if not _DENIAL.search(plain[max(0, match.start() - _LOOK_BACK) : match.start()]):
            quoted = text[match.start() : match.end()].split()
            return " ".join(quoted[:QUOTED_WORDS]) + ("…" if len(quoted) > QUOTED_WORDS else "")
    return None
