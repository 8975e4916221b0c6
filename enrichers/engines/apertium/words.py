"""Word tables of informal Spanish, Italian, Portuguese and French: what a writer in a hurry types, and what is meant.

Only forms with one plausible reading are listed; "esta", "si" or "e" stay as they are.
"""

from __future__ import annotations

import re


def _table(text: str) -> dict[str, str]:
    """`short=meant` pairs, separated by commas."""
    return dict(pair.strip().split("=") for pair in text.split(","))


def _words(text: str) -> frozenset[str]:
    """Words separated by white space."""
    return frozenset(text.split())


def _rules(*pairs: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern, re.IGNORECASE), replacement) for pattern, replacement in pairs)


SHORT_FORMS: dict[str, dict[str, str]] = {
    "es": _table(
        "q=que,k=que,qe=que,xq=porque,xk=porque,pq=porque,porq=porque,pk=porque,x=por,xfa=por favor,xfavor=por favor,"
        "porfa=por favor,tb=también,tmb=también,tbn=también,d=de,dl=del,dnd=donde,bn=bien,msj=mensaje,grax=gracias,"
        "aki=aquí,kiero=quiero,toy=estoy,pa=para,xa=para,mxo=mucho,muxo=mucho,tp=tampoco,tlf=teléfono,tel=teléfono,"
        "vdd=verdad,finde=fin de semana,sta=está,hbs=hablamos,weno=bueno,nd=nada,nda=nada,ntc=no te creas"
    ),
    "pt": _table(
        "q=que,vc=você,vcs=vocês,pq=porque,pk=porque,tb=também,tbm=também,tbem=também,n=não,ñ=não,naum=não,num=não,mt=muito,"
        "mto=muito,mta=muita,mtos=muitos,td=tudo,tds=todos,obg=obrigado,obgd=obrigado,hj=hoje,amh=amanhã,kd=onde está,"
        "cmg=comigo,ctg=contigo,dps=depois,msm=mesmo,qnd=quando,qdo=quando,qto=quanto,qq=qualquer,blz=beleza,"
        "pra=para,pro=para o,pras=para as,pros=para os,tá=está,tô=estou,tava=estava,tou=estou,eh=é,"
        "pfv=por favor,pf=por favor,"
        "ngm=ninguém,nd=nada,vlw=obrigado,cê=você,né=não é"
    ),
    "it": _table(
        "xké=perché,xke=perché,xchè=perché,xché=perché,perkè=perché,perké=perché,perke=perché,nn=non,cmq=comunque,x=per,"
        "tt=tutto,qnd=quando,qst=questo,qsta=questa,qlc=qualche,ke=che,k=che,ki=chi,ank=anche,anke=anche,dv=dove,"
        "grz=grazie,msg=messaggio,prox=prossimo,sn=sono,cn=con,qualcosina=qualcosa,ok=bene"
    ),
    "fr": _table(
        "pk=pourquoi,pq=pourquoi,pcq=parce que,pske=parce que,bcp=beaucoup,tjs=toujours,tjrs=toujours,qd=quand,ds=dans,"
        "vs=vous,ns=nous,dc=donc,jms=jamais,rdv=rendez-vous,svp=s'il vous plaît,stp=s'il te plaît,mnt=maintenant,"
        "ki=qui,ke=que,qq=quelque,qqn=quelqu'un,qqch=quelque chose,slt=salut,bjr=bonjour,mdr=haha,"
        "tt=tout,tte=toute,ac=avec"
    ),
    "ca": _table("q=que,xq=perquè,tb=també"),
}

ACCENTS: dict[str, dict[str, str]] = {
    "es": _table(
        "tambien=también,despues=después,facil=fácil,dificil=difícil,dia=día,dias=días,rapido=rápido,rapida=rápida,"
        "pesimo=pésimo,pesima=pésima,telefono=teléfono,asi=así,aqui=aquí,alli=allí,ahi=ahí,pagina=página,articulo=artículo,"
        "numero=número,credito=crédito,todavia=todavía,ademas=además,jamas=jamás,adios=adiós,util=útil,inutil=inútil,"
        "ningun=ningún,algun=algún,detras=detrás,atras=atrás,ultimo=último,ultima=última,unico=único,unica=única,"
        "proximo=próximo,economico=económico,fantastico=fantástico,maximo=máximo,minimo=mínimo,increible=increíble,"
        "horrorosa=horrorosa,tenia=tenía,habia=había,podia=podía,queria=quería,decia=decía,seria=sería,estan=están,"
        "estaran=estarán,llego=llegó,recibi=recibí,pedi=pedí,quizas=quizás,electronico=electrónico,"
        "basico=básico,plastico=plástico,tecnico=técnico,publico=público,mas=más"
    ),
    "pt": _table(
        "nao=não,voce=você,voces=vocês,tambem=também,ate=até,ja=já,servico=serviço,servicos=serviços,otimo=ótimo,otima=ótima,"
        "pessimo=péssimo,pessima=péssima,preco=preço,precos=preços,ninguem=ninguém,alguem=alguém,porem=porém,sao=são,"
        "estao=estão,entao=então,mae=mãe,amanha=amanhã,rapido=rápido,rapida=rápida,horrivel=horrível,incrivel=incrível,"
        "dificil=difícil,facil=fácil,impossivel=impossível,possivel=possível,ultimo=último,ultima=última,unico=único,"
        "unica=única,numero=número,credito=crédito,relogio=relógio,agua=água,proximo=próximo,alias=aliás,cartao=cartão,"
        "funcionario=funcionário,funcionarios=funcionários,site=site,atras=atrás,apos=após,tres=três"
    ),
    "it": _table(
        "perche=perché,perchè=perché,piu=più,cosi=così,gia=già,puo=può,poiche=poiché,finche=finché,qualita=qualità,"
        "velocita=velocità,citta=città,verita=verità,possibilita=possibilità,affidabilita=affidabilità,novita=novità,"
        "cioe=cioè,pero=però,pò=po',nè=né,ne'=né,piu'=più,e'=è,perche'=perché,cosi'=così,gia'=già,puo'=può,"
        "qualita'=qualità,citta'=città,pero'=però,cioe'=cioè,sara'=sarà,c'e=c'è,nessun'=nessuna,li'=lì,la'=là,giu=giù,"
        "lunedi=lunedì,martedi=martedì,mercoledi=mercoledì,giovedi=giovedì,venerdi=venerdì"
    ),
    "fr": _table(
        "tres=très,deja=déjà,apres=après,meme=même,memes=mêmes,etre=être,ca=ça,probleme=problème,problemes=problèmes,"
        "qualite=qualité,recu=reçu,decu=déçu,decue=déçue,decevant=décevant,numero=numéro,telephone=téléphone,"
        "societe=société,bientot=bientôt,plutot=plutôt,etait=était,etaient=étaient,ete=été,voila=voilà,francais=français,"
        "delai=délai,delais=délais,colere=colère,fete=fête,tot=tôt,cote=côté,pres=près,interesse=intéressé,deux=deux,"
        "arrivee=arrivée,livree=livrée,abimé=abîmé,abime=abîmé,casse=cassé,prefere=préféré"
    ),
}

ENDINGS: dict[str, tuple[tuple[re.Pattern[str], str], ...]] = {
    "es": _rules(
        (r"(?<=[^\W\d_]{2})cion$", "ción"),
        (r"(?<=[^\W\d_]{3})sion$", "sión"),
        (r"(?<=[^\W\d_]{2})isim([oa]s?)$", r"ísim\1"),
    ),
    "pt": _rules(
        (r"(?<=[^\W\d_]{2})cao$", "ção"),
        (r"(?<=[^\W\d_]{2})coes$", "ções"),
        (r"(?<=[^\W\d_]{2})issim([oa]s?)$", r"íssim\1"),
    ),
}

PHRASES: dict[str, tuple[tuple[re.Pattern[str], str], ...]] = {
    "it": _rules(
        (r"\b(lo|la|li|le|ve l[oa]|vi|ti|non|lo stra|vivamente) consiglio\b", r"\1 raccomando"),
        (r"^consiglio\b", "raccomando"),
        (r"\b(lo|la|li|le|vi|ti)? ?sconsiglio\b", r"non \1 raccomando"),
        (r"\bconsigliat([oaie])\b", r"raccomandat\1"),
        (r"\bfino a(?:d)? (?:quando|che)\b", "finché"),
        (r"\bfino ad ora\b", "finora"),
        (r"\bfino ad?\b", "fin a"),
        (r"\bne (?=(?:il|lo|i|gli|nessun\w*)\b|Xq)", "né "),
        (r"\bnessuno\b(?! d)", "nessuna persona"),
    ),
    "fr": _rules(
        (r"\bj'aime\b", "j'adore"),
        (r"\bplus jamais\b", "jamais"),
        (r"\b(?:toujours pas|pas encore)\b", "pas"),
    ),
}
"""Turns of phrase that Apertium reads wrong, and others of the same meaning that it reads right."""

KNOWN_NAMES = _words(
    """
    españa inglaterra londres alemania francia italia grecia suiza bélgica holanda suecia noruega dinamarca
    polonia turquía marruecos brasil japón rusia europa américa áfrica asia navidad reyes semana santa dios
    usted ustedes ud uds sr sra srta don doña señor señora spagna inghilterra londra germania svizzera parigi
    roma milano napoli venezia firenze torino natale pasqua dio lei voi vi suo sua loro signor signora sig dott
    espanha alemanha frança itália grécia suíça natal páscoa deus você vocês senhor senhora dona espagne
    angleterre allemagne italie grèce suisse belgique europe noël pâques dieu monsieur madame mme espanya
    anglaterra alemanya nadal internet
    """
)
"""Capitalised words to be translated all the same: names with an English form, and forms of courtesy."""

COMMON = _words(
    """
    el la los las lo un una unos unas al del de en y o u e que qué quien quién cuando cuándo como cómo donde
    dónde si sí no pero porque aunque mientras también tampoco muy más menos mucho mucha muchos muchas poco poca
    pocos pocas todo toda todos todas otro otra otros otras algún alguna algunos algunas ningún ninguna cada
    este esta estos estas ese esa esos esas esto eso aquel yo tú él ella ellos ellas nosotros nosotras vosotros
    me te se nos os le les mi tu su mis tus sus nuestro nuestra para por con sin sobre entre hasta desde hoy
    ayer mañana ahora luego después entonces además nunca siempre ya aún solo sólo gracias hola nadie nada es
    son era fue ha he hay había está están estaba il lo gli i le uno di da in con su per tra fra ed ma se che
    chi cui quando come dove perché anche ancora già molto molta molti molte poco tutto tutta tutti tutte altro
    altra altri altre ogni questo questa questi queste quello quella quelli quelle io noi essi loro mio mia tuo
    suo nostro nostra vostro dal dalla dei degli delle nel nella al alla ai alle oggi ieri domani ora poi dopo
    allora mai sempre solo soltanto grazie ciao nessuno niente non è sono ho ha hanno era erano o a os as um uma
    uns umas do da dos das no na nos nas ao à em com sem por pelo pela que quem quando como onde porque mas
    também muito muita muitos muitas pouco tudo todo toda todos todas outro outra outros outras cada este esta
    isso isto esse essa aquele eu ele ela eles elas nós meu minha seu sua nosso nossa hoje ontem amanhã agora
    depois então nunca sempre já ainda só obrigado obrigada olá ninguém nada não sim é são foi era tem há está
    estão estava le la les un une des du au aux et ou mais donc car que qui quoi quand comment où pourquoi parce
    aussi encore très trop beaucoup peu tout toute tous toutes autre autres chaque ce cet cette ces je tu il
    elle on nous vous ils elles mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs pour par avec
    sans sur entre dans en hier demain maintenant puis après alors jamais toujours déjà merci bonjour personne
    rien ne pas oui non est sont était a ont
    """
)
"""Words that have a capital in mid-sentence only by accident, as after a heading that lost its full stop."""
