"""What in a change calls for something to be done, by whom it is asked, and how that is said: data, in one place."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal, get_args

Call = Literal["new_notice", "inform_people", "dpia", "processor_contract", "transfer_assessment"]
#: What a change may call for.
CALLS: tuple[Call, ...] = get_args(Call)


@dataclasses.dataclass(frozen=True, slots=True)
class Trigger:
    """Something in a change. `law` are the articles; `{what}` in the sentences is what was added or changed."""

    call: Call
    law: tuple[str, ...]
    fi: str
    en: str


_DPIA = ("GDPR 35(1)", "GDPR 35(11)")
_WP248 = "WP248 rev.01"

TRIGGERS: Mapping[str, Trigger] = {
    "published_differs": Trigger(
        "new_notice", ("GDPR 12(1)", "GDPR 13", "GDPR 14"),
        "Julkaistava tieto muuttuu ({what}). Julkaise seloste uudelleen.",
        "What is published changes ({what}). Publish the notice anew.",
    ),
    "purpose_added": Trigger(
        "inform_people", ("GDPR 13(3)", "GDPR 14(4)", "GDPR 6(4)"),
        "Uusi tai uudelleen muotoiltu käyttötarkoitus: {what}. Kerro siitä rekisteröidyille ennen jatkokäsittelyä.",
        "A purpose that is new, or in new words: {what}. Inform people before data is processed further for it.",
    ),
    "special_category_added": Trigger(
        "dpia", ("GDPR 35(3)(b)", "GDPR 9(1)", *_DPIA),
        "Uusia erityisiä henkilötietoryhmiä: {what}. Arvioi, tarvitaanko vaikutustenarviointi.",
        "New special categories of data: {what}. Consider an impact assessment.",
    ),
    "criminal_data_added": Trigger(
        "dpia", ("GDPR 35(3)(b)", "GDPR 10", *_DPIA),
        "Uusia rikostuomioita tai rikkomuksia koskevia tietoja: {what}. Arvioi, tarvitaanko vaikutustenarviointi.",
        "New data on criminal convictions or offences: {what}. Consider an impact assessment.",
    ),
    "national_id_added": Trigger(
        "dpia", ("GDPR 87", "Tietosuojalaki 29 §", *_DPIA),
        "Henkilötunnus tulee käsiteltäväksi: {what}. Arvioi riski ja se, onko käsittelylle peruste.",
        "A national identification number comes in: {what}. Consider the risk, and whether there is a ground for it.",
    ),
    "vulnerable_added": Trigger(
        "dpia", (*_DPIA, _WP248),
        "Uusia haavoittuvia rekisteröityjä tai lapsia: {what}. Arvioi, tarvitaanko vaikutustenarviointi.",
        "New data subjects who are vulnerable, or children: {what}. Consider an impact assessment.",
    ),
    "automated_decisions_added": Trigger(
        "dpia", ("GDPR 35(3)(a)", "GDPR 22", *_DPIA),
        "Automaattinen päätöksenteko tai profilointi otetaan käyttöön. Arvioi, tarvitaanko vaikutustenarviointi.",
        "Automated decisions or profiling begin. Consider an impact assessment.",
    ),
    "scale_up": Trigger(
        "dpia", ("GDPR 35(3)(b)", *_DPIA, _WP248),
        "Käsittelyn laajuus kasvaa ({what}). Arvioi, tarvitaanko vaikutustenarviointi.",
        "The scale grows ({what}). Consider an impact assessment.",
    ),
    "source_added": Trigger(
        "dpia", ("GDPR 14(2)(f)", *_DPIA, _WP248),
        "Tietoja tulee uudesta ulkopuolisesta lähteestä: {what}. Arvioi yhdistämisen riski.",
        "Data comes from a new outside source: {what}. Consider the risk of combining it.",
    ),
    "combination_added": Trigger(
        "dpia", (*_DPIA, _WP248),
        "Tietoja ryhdytään yhdistelemään. Arvioi, tarvitaanko vaikutustenarviointi.",
        "Data begins to be combined. Consider an impact assessment.",
    ),
    "processor_added": Trigger(
        "processor_contract", ("GDPR 28(1)", "GDPR 28(3)"),
        "Uusi käsittelijä: {what}. Tee käsittelysopimus ennen käsittelyn alkua.",
        "A new processor: {what}. Agree on a processor contract before processing begins.",
    ),
    "sub_processor_added": Trigger(
        "processor_contract", ("GDPR 28(2)", "GDPR 28(4)"),
        "Uusi alikäsittelijä: {what}. Tarkista lupa ja samat velvoitteet.",
        "A new sub-processor: {what}. Check the authorisation, and that it is bound alike.",
    ),
    "hosted_system_added": Trigger(
        "processor_contract", ("GDPR 28(1)", "GDPR 28(3)"),
        "Uusi ulkopuolella ylläpidetty järjestelmä: {what}. Tee toimittajan kanssa käsittelysopimus.",
        "A new system that others run: {what}. Agree on a processor contract with its vendor.",
    ),
    "transfer_added": Trigger(
        "transfer_assessment", ("GDPR 44", "GDPR 46(1)", "CJEU C-311/18"),
        "Uusi siirto EU- ja ETA-alueen ulkopuolelle: {what}. Tee siirron vaikutusten arviointi.",
        "A new transfer out of the EU and EEA: {what}. Make a transfer impact assessment.",
    ),
    "transfer_country_changed": Trigger(
        "transfer_assessment", ("GDPR 44", "GDPR 46(1)", "CJEU C-311/18"),
        "Siirron kohdemaa muuttuu: {what}. Arvioi siirto uudelleen.",
        "The country of a transfer changes: {what}. Assess the transfer anew.",
    ),
    "transfer_instrument_changed": Trigger(
        "transfer_assessment", ("GDPR 44", "GDPR 46(1)", "CJEU C-311/18"),
        "Siirtoperuste muuttuu: {what}. Arvioi siirto uudelleen.",
        "The instrument of a transfer changes: {what}. Assess the transfer anew.",
    ),
    "storage_outside_added": Trigger(
        "transfer_assessment", ("GDPR 44", "GDPR 46(1)", "CJEU C-311/18"),
        "Tietoja säilytetään uudessa kolmannessa maassa: {what}. Arvioi siirto.",
        "Data is kept in another third country: {what}. Assess the transfer.",
    ),
}  # fmt: skip

#: Articles by the kind of the new instrument, where they are other than those of the trigger.
BY_INSTRUMENT: Mapping[str, tuple[str, ...]] = {
    "adequacy": ("GDPR 44", "GDPR 45(1)"),
    "derogation": ("GDPR 44", "GDPR 49(1)"),
}
