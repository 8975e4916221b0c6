"""What a blog's template says around a post: comment forms, share buttons, lists of other posts."""

from __future__ import annotations

import re

# alone on a line at the start or end of a post, each of these is the template speaking
_STRONG = (
    # the comment form
    r"(?:leave|post|add|write) (?:a |your )?(?:reply|comment)s?(?: cancel reply)?",
    r"cancel reply|responder|cancelar (?:la )?respuesta|annulla risposta|annuler la réponse|cancelar resposta",
    r"deja (?:un|tu) comentario|dejar (?:un|una) (?:comentario|respuesta)",
    r"deja una respuesta(?: cancelar la respuesta)?",
    r"publicar un comentario(?: en la entrada)?|escribe (?:un|tu) comentario",
    r"lascia un commento(?: annulla risposta)?|lascia una risposta|posta un commento|scrivi un commento",
    r"deixe (?:um|o seu|seu|uma) (?:comentário|resposta)(?: cancelar resposta)?|postar um comentário|comente",
    r"laisser un commentaire(?: annuler la réponse)?|enregistrer un commentaire|poster un commentaire",
    r"(?:schreibe?|hinterlasse?)(?: einen| eine)? (?:kommentar|antwort)(?: abbrechen| antworten abbrechen)?",
    r"kommentar (?:schreiben|verfassen|veröffentlichen)|antwort abbrechen",
    r"save my name, e-?mail,? and website in this browser.{0,60}",
    r"guarda(?:r)? mi nombre, correo electrónico y (?:sitio )?web en este navegador.{0,60}",
    r"salva il mio nome, e-?mail e sito web in questo browser.{0,60}",
    r"salvar meus dados neste navegador.{0,60}|guardar o meu nome, e-?mail e site neste navegador.{0,60}",
    r"enregistrer mon nom, (?:mon )?e-?mail et (?:mon )?site.{0,80}",
    r"meinen namen, (?:meine )?e-?mail-adresse und (?:meine )?website in diesem browser.{0,60}",
    r"notify me (?:of|by|when) .{0,80}(?:comments|posts)(?: (?:by|via) e-?mail)?\.?",
    r"you must be logged in to post a comment\.?",
    r"this site uses akismet to reduce spam\..{0,80}|este sitio usa akismet para reducir el spam\..{0,120}",
    # around it
    r"(?:\d{1,4} )?(?:comments?|comentarios?|commenti|commentaires?|comentários?|kommentare?)(?: \(\d{1,4}\))?:?",
    r"popular posts|entradas populares|post più popolari|postagens mais visitadas|articles les plus consultés",
    r"related (?:posts|articles)|you (?:may|might) also (?:like|enjoy)\b.{0,20}|also read\b.{0,100}",
    r"(?:artículos|entradas|posts) relacionad[oa]s|también te puede interesar.{0,20}|lee también.{0,100}",
    r"(?:articoli|post) correlati|potrebbe interessarti anche.{0,20}|leggi anche.{0,100}",
    r"(?:artigos|posts|postagens) relacionad[oa]s|leia também.{0,100}|veja também",
    r"(?:articles|posts) (?:similaires|liés)|à lire aussi.{0,100}|lire aussi.{0,100}",
    r"(?:ähnliche|verwandte) (?:beiträge|artikel)|lesen sie auch.{0,100}|auch interessant.{0,20}",
    r"share this:?|share on (?:facebook|twitter|x|linkedin|whatsapp|pinterest)|like this:?|click to share on .{0,60}",
    r"compart(?:e|ir|ilhe|ilhar)(?: isto| esto)?:?|condividi:?|partager:?|teilen:?|me gusta esto:|mi piace:",
    r"powered by (?:blogger|wordpress)\.?|con la tecnología de blogger\.?|theme images by .{0,60}|skip to content",
)
# of a form or a widget, but words that an author may well end with: they go only together with a strong line
_WEAK = (
    r"(?:your )?(?:name|e-?mail(?: address)?|website|comment|url|message)",
    r"nombre|correo electrónico|sitio web|web|comentario|nome|sito web|commento|site|comentário|nom|site web",
    r"commentaire",
    r"kommentar|webseite|enviar|envoyer|invia|send|submit|post comment|publicar comentario|publicar comentário",
    r"invia commento|laisser un commentaire|kommentar abschicken|search|buscar|cerca|archive|archives|archivo|labels",
    r"(?:facebook|twitter|linkedin|whatsapp|pinterest|telegram|e-?mail|print|tumblr|reddit)",
    r"loading\.*|cargando\.*|tags?:.{0,80}|etiquetas:.{0,80}",
)
# a form's sentences, unmistakable even when scraping ran them into the last paragraph
_FORM = (
    r"your e-?mail address will not be (?:published|shared)\.?|required fields are marked|all fields are required",
    r"(?:tu|su) dirección de correo electrónico no será publicada\.?",
    r"los campos (?:obligatorios|necesarios) están marcados",
    r"il tuo indirizzo e-?mail non sarà pubblicato\.?|i campi obbligatori sono contrassegnati",
    r"o (?:seu|teu) endereço de (?:e-?mail|correio eletrónico) não será publicado\.?",
    r"campos obrigatórios (?:são )?marcados|campos obrigatórios são marcados",
    r"votre adresse (?:e-?mail|de messagerie|courriel) ne sera pas publiée\.?",
    r"les champs obligatoires sont indiqués avec",
    r"(?:deine|ihre) e-?mail-adresse wird nicht veröffentlicht\.?|erforderliche felder sind(?: mit)?",
)
_TAIL = r"(?: (?:with|con|com|mit|avec|un))?(?: ?\*)?(?: markiert)?\.?"

_MARKS = re.compile(r"[\s*:.…_|»«→\-]+")
_strong = re.compile("|".join(f"(?:{pattern})" for pattern in _STRONG), re.IGNORECASE)
_weak = re.compile("|".join(f"(?:{pattern})" for pattern in _WEAK), re.IGNORECASE)
_form = re.compile(rf"(?:(?:{'|'.join(_FORM)}){_TAIL}\s*)+", re.IGNORECASE)
_suffix = re.compile(
    rf"(?:(?:leave a (?:reply|comment)|deja un(?:a respuesta| comentario)|lascia un(?:a risposta| commento)|"
    rf"deixe um comentário|laisser un commentaire|schreibe einen kommentar)\W*)?{_form.pattern}\Z",
    re.IGNORECASE,
)
_LONGEST = 240  # characters of a template's line
_MOST = 60  # lines looked at from each end


def strip_boilerplate(text: str) -> str:
    """Text without the template's lines at its start and end; unchanged where nothing else would be left."""
    lines = text.split("\n")
    end = _last(lines)
    start = len(lines[:end]) - _last(lines[:end][::-1])
    kept = "\n".join(lines[start:end]).strip()
    tail = kept[-3 * _LONGEST :]
    match = _suffix.search(tail)
    if match:
        kept = kept[: len(kept) - len(tail) + match.start()].rstrip()
    return kept or text


def _last(lines: list[str]) -> int:
    """How many lines stay when the template's lines are cut from the end."""
    kept = place = len(lines)
    while place and len(lines) - place < _MOST:
        line = lines[place - 1]
        bare = _MARKS.sub(" ", line).strip()
        if bare and _is_strong(line, bare):
            kept = place - 1
        elif bare and not (len(bare) <= _LONGEST and _weak.fullmatch(bare)):
            break
        place -= 1
    return kept


def _is_strong(line: str, bare: str) -> bool:
    if len(line) > _LONGEST:
        return False
    return bool(_strong.fullmatch(bare) or _strong.fullmatch(line.strip()) or _form.fullmatch(line.strip()))
