"""Function words of the languages that vocero serves: what tells them apart, and what may stand in glued words."""

from __future__ import annotations

from typing import Final


def word_set(text: str) -> frozenset[str]:
    """Words listed in one string, between spaces."""
    return frozenset(text.split())


FUNCTION_WORDS: Final[dict[str, frozenset[str]]] = {
    "en": word_set(
        "the a an and or but of to in on at for with from by is are was were be been have has had do does did not "
        "this that these those it its i you he she we they my your his her our their me him us them what when where "
        "who which how why if so as than then there here very just will would can could should about after before "
        "because while until all any some no more most only own same too again never always also into over"
    ),
    "es": word_set(
        "el la los las un una unos unas y o pero de del a al en con por para sin sobre es son era fue ser estar está "
        "están ha han he no sí que qué quien cuando como cómo donde porque si ya muy más menos este esta esto ese esa "
        "eso aquel yo tú él ella nosotros ellos mi tu su sus nos me te se lo le les también después antes hasta desde "
        "entre todo todos toda todas nada nunca siempre hay tiene"
    ),
    "it": word_set(
        "il lo la i gli le un uno una e o ma di del della dei delle degli a al alla in nel nella con per da dal su "
        "sul è sono era stato essere ho ha hanno non sì che chi quando come dove perché se già molto più meno questo "
        "questa questi quello quella io tu lui lei noi voi loro mio tuo suo mi ti si ci vi anche dopo prima fino tra "
        "fra tutto tutti nulla niente mai sempre c'è cosa poi"
    ),
    "pt": word_set(
        "o a os as um uma uns umas e ou mas de do da dos das em no na nos nas ao aos à com por para pelo pela sem "
        "sobre é são era foi ser estar está estão tem têm não sim que quem quando como onde porque se já muito mais "
        "menos este esta isto esse essa isso aquele eu você ele ela nós eles meu minha seu sua me te lhe também "
        "depois antes até desde entre tudo todos nada nunca sempre há"
    ),
    "fr": word_set(
        "le la les l' un une des et ou mais de du d' à au aux en dans avec pour par sans sur est sont était été être "
        "ai a ont ne pas oui que qu' qui quand comme comment où parce si déjà très plus moins ce cet cette ces je tu "
        "il elle nous vous ils elles mon ma mes ton son sa ses leur me te se lui y aussi après avant depuis entre tout "
        "tous rien jamais toujours c'est j'ai"
    ),
    "de": word_set(
        "der die das den dem des ein eine einen einem einer und oder aber von zu zum zur in im an am auf mit für aus "
        "bei nach ist sind war waren sein haben hat habe nicht kein keine ja dass was wer wann wie wo warum weil wenn "
        "schon sehr mehr weniger dieser diese dieses ich du er sie es wir ihr mich dich sich uns mein dein auch noch "
        "nur dann vor bis über unter alles immer nie wird werden"
    ),
}
"""Lower case, by ISO 639-1 code."""

HINDI_ROMANISED: Final[frozenset[str]] = word_set(
    "hai hain hua hui hue nahi nahin nhi kya kyu kyun kyon kaise kab kahan kaun mein main mera meri mere tera teri "
    "tere hum tum aap aapka aapki apna apni apne unka unki inka uska uski iska iski ko ki ke ka se bhi aur ya toh "
    "phir fir bahut bohot accha acha achha bura yeh ye woh wo jo agar lekin magar abhi aaj kal sab kuch koi raha rahe "
    "rahi gaya gayi gaye karna karo kar kiya kiye diya liya tha thi thay hoga hogi ho jai "
    "ji bhai yaar log desh mat bas sirf"
)
"""Frequent words of Hindi in Latin letters."""

CHAT_ARABIC: Final[frozenset[str]] = word_set(
    "ana enta enti inta inti howa hiya e7na mesh mish msh mafi wallah wallahi yalla inshallah inshalla mashallah "
    "habibi "
    "habibti 7abibi ya3ni yaani kaman keda kda leh leih ezay izzay keef keefak shu shou hayda bokra delwa2ti awi gedan "
    "3ayz 3ayez 3ala 3an fi el al il w wa bas khalas ahlan shukran tamam aywa la2 ma3 men elly illi kol kteer"
)
"""Frequent words of Arabic in the alphabet of chats."""

TELLING_WORDS: Final[dict[str, str]] = {
    word: language
    for language, words in {
        "en": "nice good great awesome bad terrible awful poor amazing disappointed disappointing thanks hello",
        "es": "hola bueno buena buenísimo malo mala pésima genial gracias estupendo recomendable encantada encantado",
        "it": "ottimo ottima pessimo pessima buono bello bella ciao grazie perfetto eccellente consigliato",
        "pt": "ótimo ótima péssimo bom ruim obrigado obrigada olá recomendo maravilhoso lindo horrível amei adorei",
        "fr": "bonjour merci nul nulle parfait génial décevant déçu déçue médiocre ravi ravie mauvais",
        "de": "gut schlecht toll danke hallo furchtbar enttäuscht enttäuschend schrecklich prima klasse",
    }.items()
    for word in words.split()
}
"""Words that make up whole reviews, and belong to one of the served languages only."""

OWN_SCRIPT: Final[frozenset[str]] = word_set(
    "am ar be bg bn el fa gu he hi hy ja ka kn ko lo ml mr or pa ru sr ta te th uk ur zh"
)
"""Languages that are not written in Latin letters: few letters tell a lot."""
