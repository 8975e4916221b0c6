"""Tables of the glossary: the words of shops, couriers and customers, by source language.

`SENSES`: source words | what Apertium says | what is meant here. `UNKNOWN`: words that Apertium does not know, in the
source language or in the Spanish that Italian, Portuguese and French pass through.
"""

from __future__ import annotations

SENSES: dict[str, str] = {
    "es": r"""
        gust\w+ | (?:it|i) liked me | I liked
        gust\w+ | (?:it|i) did not like me | I did not like
        gust\w+ | it has liked me | I liked
        gust\w+ | it likes me | I like
        gust\w+ | (?:it|i) does not like me | I do not like
        encant\w+ | it loves me | I love it
        encant\w+ | it loved me | I loved it
        encantan? | loves me | delights me
        hace | it does(?= (?:\d+|some|several|many|a lot of|a few) ) | for
        de nada | of at all | you are welcome
        nada mal | at all badly | not bad at all
        vale la pena | does not be worthwhile | is not worthwhile
        tiendas? | tent|tend(?: them)? | shop
        pedidos? | request | order
        reembolsos? | repayment | refund
        env[íi]os? | sending | delivery
        redes sociales | social net | social network
        cola | tail | queue
        cargador(?:es)? | carrier | charger
        mensajero | messenger | courier
        groser[oa]s? | earthy | rude
        borde | brink | rude
        amables? | amiable | friendly
        cita | date | appointment
        camarer[oa]s? | steward | waiter
        cobros?|cobrado | collection | charge
        (?:número|gastos|cuenta|correo) | post | mail
        contestan? | attended | answered
        caja | crate | box
        encantad[oa]s? | loved | delighted
        (?:muy|es|son|más|tan) car[oa]s? | face | expensive
        p[eé]sim[oa]s? | abysmal | terrible
        enfadad[oa]s? | angered | angry
        gracias por | thank you for the have | thank you for having
        panel de control | signpost of control | control panel
        demora(?:n|ron|do)? | delay | delay
        colgaron | hanged | hung up
        """,
    "it": r"""
        piac\w+ | (?:it|i) liked me | I liked
        piac\w+ | (?:it|i) did not like me | I did not like
        piac\w+ | it has liked me | I liked
        piac\w+ | it likes me | I like
        piac\w+ | (?:it|i) does not like me | I do not like
        perch[ée](?=[^?]*\?) | reason | why
        perch[ée] | reason | because
        sbagliat[oaie] | made a mistake | wrong
        niente male | at all badly | not bad at all
        non vedo l'ora | I do not see the hour | I cannot wait
        negozi[o]? | tent | shop
        spedizion[ei] | sending | delivery
        rimbors[oi] | repayment | refund
        corriere | correspondence | courier
        cod[ae] | tail | queue
        tagli[ae] | short | size
        scontrino | they clash | receipt
        saldi | balance | sale
        schifos[oa] | foul | disgusting
        assicurazione | sure | insurance
        cameriere | steward | waiter
        camera | camera | room
        albergo | hostel | hotel
        appuntamento | date | appointment
        ordinat[oaie] | orderly | ordered
        ordinat[oaie] | ordained | ordered
        spedit[oaie] | envoy | shipped
        ottim[oaie] | optimum | excellent
        pessim[oaie] | abysmal | terrible
        economic[oaie] | economic | cheap
        purtroppo | alas | unfortunately
        iban | went | IBAN
        fate | fairies | make
        cart[ae] | paper | card
        cambio | transmission | exchange
        recension[ei] | opinion | review
        paura | fear | fear
        clienti | service clients | customer service
        assistenza | assistance clients | customer service
        complimenti | compliment | compliment
        grazie mille | thank you one thousand | thanks a lot
        """,
    "pt": r"""
        gost\w+ | (?:it|i) liked me | I liked
        gost\w+ | (?:it|i) did not like me | I did not like
        gost\w+ | it has liked me | I liked
        gost\w+ | it likes me | I like
        gost\w+ | (?:it|i) does not like me | I do not like
        h[áa]|faz | it does(?= (?:\d+|some|several|many|a lot of|a few) ) | for
        de volta | of turn | back
        de nada | of at all | you are welcome
        nada mal | at all badly | not bad at all
        pequeno[ -]almoço | small-breakfast | breakfast
        devolv\w+ | give the money | give the money back
        vale a pena | does not be worth it | is not worth it
        lojas? | tent | shop
        pedidos? | request | order
        reembolsos? | repayment | refund
        encomendas? | (?:to )?(?:it|you) entrusts?(?: it)? | the order
        envios? | sending | delivery
        t[êe]nis | tennis | trainers
        golpes? | swipe | scam
        burlas? | mockery | fraud
        atendimento | attention | service
        [óo]tim[oa]s? | optimum | excellent
        p[ée]ssim[oa]s? | abysmal | terrible
        celular(?:es)? | cellular | mobile phone
        grosseir[oa]s? | earthy | rude
        quebrad[oa]s? | fraction | broken
        senha | signal | password
        presentes? | present | gift
        filas? | row | queue
        ligaç(?:ão|ões) | connection | call
        lig(?:uei|ou|aram|ar) | connected | called
        lig(?:uei|ou|aram|ar) | connect | call
        adorei | adored | loved
        recomendo | recommend | recommend
        quartos? | chamber | room
        fundas? | case | case
        obrigad[oa] | forced|obliged | thank you
        pra[zs]os? | term | deadline
        chatead[oa]s? | annoying | upset
        """,
    "fr": r"""
        débitée? | sold | charged
        march(?:e|ent|ait) | walk | work
        magasins?|boutiques? | tent | shop
        commandes? | commission | order
        command(?:é|ée|és|ées|er) | command | order
        remboursements? | repayment | refund
        facteur | factor | postman
        cartes? | map | card
        prix | prize | price
        soldes | balance | sale
        avis | look|notice | review
        nul(?:le)?s? | any | useless
        serveu(?:r|se)s? | server | waiter
        chambres? | chamber | room
        files? | row | queue
        vol | robbery | flight
        reçue?s? | received | received
        belles? | good-looking | beautiful
        magnifiques? | glorious | magnificent
        malheureusement | alas | unfortunately
        abîmée?s? | spoilt | damaged
        clients? | service client | customer service
        colis | the packages | the package
        colis | packages is | package is
        envoi | sending | delivery
        sacs? | stock exchange | bag
        au rendez-vous | to the date | as promised
        """,
    "ca": r"""
        mai | mai | never
        botigu(?:a|es) | tent | shop
        comand(?:a|es) | request | order
        enviaments? | sending | delivery
        """,
}

UNKNOWN: dict[str, str] = {
    "es": """
        repartidor=courier repartidores=couriers zapatillas=trainers tardanza=delay demora=delay maleducado=rude
        maleducada=rude maleducados=rude caducado=expired caducada=expired guay=cool genial=great geniales=great
        súper=super ojalá=hopefully poquito=little_bit rasca=scratches pica=itches ticket=receipt tickets=receipts
        navidad=Christmas video=video videos=videos peli=film finde=weekend cutre=shoddy cutres=shoddy
        chollo=bargain currar=work mola=is_cool cual=which cuales=which bonitísimo=very_beautiful
        bonitísima=very_beautiful bondadoso=kind bondadosa=kind amabilísimo=very_kind amabilísima=very_kind
        velocísimo=very_fast bravísimo=very_good dispiace=sorry sucedido=happened restituir=return gilipollas=idiot
        apresamiento=socket operario=employee operarios=employees injustificada=unjustified
        injustificadas=unjustified injustificado=unjustified laxas=lax acotación=remark omiso=deaf
        fascinante=fascinating obviaba=ignored influencers=influencers tuit=tweet chafa=shoddy pésimamente=terribly
        estafadores=fraudsters impresentables=disgraceful impresentable=disgraceful timadores=fraudsters
        reembolsaron=refunded reembolsan=refund reembolsen=refund descosido=unstitched descosida=unstitched
        destiñe=fades encogió=shrank online=online web=web app=app apps=apps email=email emails=emails
        whatsapp=WhatsApp twitter=Twitter facebook=Facebook instagram=Instagram ok=OK lol=lol recompensados=rewarded
        refinado=up culo=arse mierda=shit puto=damned puta=damned recalentamiento=warming
        """,
    "it": """
        pacco=parcel pacchi=parcels stoffa=fabric cucitura=seam cuciture=seams caricatore=charger
        caricabatterie=charger difettoso=faulty difettosa=faulty difettosi=faulty fregatura=rip-off scortese=rude
        scortesi=rude maleducato=rude maleducati=rude maleducata=rude deluso=disappointed delusa=disappointed
        delusi=disappointed deludente=disappointing arrabbiato=angry arrabbiata=angry stufo=fed_up stufa=fed_up
        sito=website siti=websites account=account guasto=fault guasta=broken prenotazione=booking annullare=cancel
        annullato=cancelled esaurito=sold_out scaduto=expired scaduta=expired nessun=no sconsiglio=advise_against
        sconsigliato=not_recommended sconsigliatissimo=not_recommended_at_all consigliatissimo=highly_recommended
        gentilissimi=very_kind gentilissima=very_kind bellissimi=very_beautiful bellissime=very_beautiful
        benissimo=very_well malissimo=very_badly ciao=hi boh=who_knows beh=well oddio=my_god cazzo=damn
        schifezza=filth vergognoso=shameful vergognosa=shameful tantissimo=very_much inarrestabile=unstoppable
        affollavano=crowded accomodate=settled stessse=own luccicanti=glittering gestori=managers restie=reluctant
        cortesi=polite business=business puntualissimi=very_punctual velocissima=very_fast velocissimi=very_fast
        rimborsato=refunded rimborsare=refund rimborsarmi=refund_me rotti=broken rovinato=ruined rovinata=ruined
        graffia=scratches prude=itches ennesimo=umpteenth sbagliato=wrong sbagliata=wrong consegnato=delivered
        consegnata=delivered bravi=good buonanotte=good_night buongiorno=good_morning buonasera=good_evening
        dispiaciuto=sorry chissà=who_knows
        """,
    "pt": """
        entregador=courier carregador=charger telemóvel=mobile_phone zíper=zip cupom=voucher ruim=bad ruins=bad
        nojo=disgust porcaria=rubbish atendente=assistant atendentes=assistants bacana=nice desiludido=disappointed
        desiludida=disappointed farto=fed_up farta=fed_up garçom=waiter chuveiro=shower lâmpada=lamp
        infelizmente=unfortunately confortable=comfortable funcionário=employee saudade=longing saudades=longing
        fofa=cute fofo=cute gostoso=tasty gostosa=tasty merda=shit bosta=shit tchau=bye legalzinho=nice
        engraçado=funny desrespeito=disrespect descaso=neglect péssimamente=terribly golpistas=fraudsters
        enganado=cheated ressarcido=refunded dica=tip estória=story cômico=comic EUA=USA eua=USA culatra=breech
        arranha=scratches coça=itches host=host posts=posts post=post viral=viral powerpoint=PowerPoint
        atrasadíssimo=very_late lindíssimo=very_beautiful lindíssima=very_beautiful amei=loved sumiu=disappeared
        travando=freezing trava=freezes bugado=buggy jeito=way moço=man moça=woman alô=hello cadê=where_is
        sac=customer_service
        """,
    "fr": """
        livreur=courier livreurs=couriers chargeur=charger dégoûtant=disgusting dégoûtante=disgusting poubelle=bin
        défectueux=faulty défectueuse=faulty impoli=rude impolie=rude fâché=angry fâchée=angry marre=fed_up
        courriel=e-mail courriels=e-mails panne=breakdown réservation=booking réservations=bookings
        emballage=packaging canapé=sofa lampe=lamp périmé=expired périmée=expired bravo=well_done gâchis=waste
        arnaqueurs=fraudsters injoignable=unreachable injoignables=unreachable incompétent=incompetent
        incompétents=incompetent irrespectueux=disrespectful honteux=shameful honteuse=shameful
        scandaleux=scandalous lamentable=pitiful pas=not décevant=disappointing décevante=disappointing
        pourri=rotten pourrie=rotten gratte=scratches emballé=packed soigné=careful soignée=careful ravie=delighted
        ravi=delighted réactif=responsive réactive=responsive moche=ugly naze=useless remboursé=refunded
        remboursée=refunded remboursez=refund rembourser=refund déchiré=torn déchirée=torn caddie=trolley
        colissimo=parcel hein=eh aller=go
        """,
    "ca": """
        paquet=parcel repartidor=courier botiga=shop mai=never
        """,
}
