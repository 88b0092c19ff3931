"""Phrases find what they should in inflected text, and leave alone what is measurable."""

from __future__ import annotations

import re

import pytest

from registry.catalogue.record import Localised
from registry.checks.phrases import groups, pattern, says

VAGUE = [
    # Finnish: endings, word order, split sentences, other verbs
    "Tietoja säilytetään niin kauan kuin on tarpeen.",
    "vain niin kauan, kuin on tarpeen tässä selosteessa kuvattujen tarkoitusten toteuttamiseksi",
    "Tiedot poistetaan, kun niillä ei ole enää tarvetta asiakkaan palvelun kannalta.",
    "Henkilötietoja säilytetään niin pitkään kuin se on tarpeellista käsittelyn tarkoituksen kannalta",
    "Säilytämme tietojasi vain sen ajan, kuin tarkoituksen toteuttaminen edellyttää",
    "niin kauan kun lainsäädäntö sitä vaatii",
    "Tietoja ei säilytetä pidempään kuin on välttämätöntä",
    "emme säilytä tietoja kauempaa, eikä niitä säilytetä pitempään kuin käyttötarkoitus edellyttää",
    "Tiedot hävitetään, kun niitä ei enää tarvita.",
    "kunnes tiedot eivät ole enää tarpeellisia",
    "kun säilyttämiselle ei ole enää perustetta",
    "tarpeellisen ajan",
    "Tietoja säilytetään lain edellyttämän ajan",
    "laissa säädetyn ajan",
    "kulloinkin voimassa olevan lainsäädännön mukaisesti",
    "voimassaolevan lain puitteissa",
    "Tiedot säilytetään toistaiseksi.",
    "kun tarve on päättynyt",
    "kun käyttötarkoitus poistuu",
    "Vanhat tiedot poistetaan säännöllisesti",
    "kohtuullisen ajan asiakassuhteen jälkeen",
    "TIETOJA SÄILYTETÄÄN NIIN KAUAN\nKUIN ON TARPEEN",
    "tar\u00adpeellisen ajan",
    # Swedish
    "Uppgifterna lagras så länge det är nödvändigt",
    "Uppgifterna bevaras så länge som de behövs för ändamålet",
    "inte längre än vad som krävs",
    "Uppgifterna raderas när de inte längre behövs.",
    "när uppgifterna inte längre är nödvändiga för ändamålet",
    "tills vidare",
    "under den tid som lagen föreskriver och enligt gällande lagstiftning",
    "under skälig tid",
    "uppgifter raderas regelbundet",
    # English
    "as long as necessary",
    "We keep the data for as long as it is needed for the purposes described",
    "no longer than is necessary",
    "Data is deleted when it is no longer needed",
    "for the period required by law",
    "until further notice",
    "in accordance with applicable legislation",
    "for a reasonable period",
    "records are deleted regularly",
]

MEASURABLE = [
    "6 kuukautta",
    "Tietoja säilytetään kaksi vuotta viimeisestä yhteydenotosta.",
    "puoli vuotta",
    "12 kk keskustelusta",
    "kuuden kuukauden ajan",
    "30 päivän kuluttua",
    "vuoden ajan",
    "asiakassuhteen päättymiseen asti",
    "jäsenyyden päätyttyä",
    "kunnes opiskelija valmistuu",
    "kunnes suostumus peruutetaan",
    "sopimussuhteen ajan",
    "lukuvuoden loppuun",
    "sex månader",
    "två år efter avslutat kundförhållande",
    "tills avtalet upphör",
    "till utgången av kalenderåret",
    "six months",
    "2 years after the last contact",
    "until the contract ends",
    "until you withdraw your consent",
    "when the account is closed",
]

UNDECIDED = [
    "arkistonmuodostussuunnitelman mukaan",
    "Säilytysaika määräytyy asiakirjan luonteen perusteella",
    "se kerrotaan erikseen",
    "enligt arkivplanen",
    "as set out in the retention schedule",
]


@pytest.mark.parametrize("text", VAGUE)
def test_vague_periods_are_found(text: str) -> None:
    assert says("as_long_as_needed", text)
    assert not says("length_of_time", text)


@pytest.mark.parametrize("text", MEASURABLE)
def test_measurable_periods_are_left_alone(text: str) -> None:
    assert says("length_of_time", text) or says("event", text)
    assert not says("as_long_as_needed", text)


@pytest.mark.parametrize("text", UNDECIDED)
def test_what_needs_a_person_is_neither(text: str) -> None:
    assert not any(says(group, text) for group in ("as_long_as_needed", "length_of_time", "event"))


GROUPS: dict[str, tuple[list[str], list[str]]] = {
    "heading_rights": (
        [
            "9. TARKASTUS,- KIELTO- JA KORJAUSOIKEUS",
            "Tarkastusoikeus",
            "Rekisteröidyn oikeudet",
            "Your rights",
            "Oikeus vaatia tiedon korjaamista",
            "Den registrerades rättigheter",
            "Right to object",
        ],
        ["Oikeusperuste", "Käyttöoikeudet", "Käyttöoikeuksien hallinta", "Copyright"],
    ),
    "heading_retention": (
        ["Tietojen säilytysajat", "HENKILÖTIETOJEN SÄILYTTÄMISAIKA", "Lagringstid", "Data retention"],
        ["Rekisterin suojaus"],
    ),
    "heading_legal_basis": (
        [
            "Rekisterin pitämisen peruste",
            "Oikeusperuste ja käsittelyn tarkoitus",
            "Rättslig grund",
            "Legal basis",
        ],
        ["Rekisterin suojauksen periaatteet"],
    ),
    "heading_complaint": (
        ["Oikeus tehdä valitus", "Valvontaviranomainen", "Klagomål", "How to complain"],
        ["Rekisterin nimi"],
    ),
    "inside_eea": (
        ["EU", "EU:n alueella", "ETA-alue", "palvelimet Suomessa", "inom EES", "within the European Union"],
        ["USA", "konesali", "Yhdysvallat", "Eurajoki"],
    ),
    "from_creation": (
        [
            "chat-tallenteen syntyminen",
            "viestin lähettäminen",
            "keskustelun tallentamisesta",
            "när meddelandet skickades",
            "creation of the record",
        ],
        ["jäsenyyden päättyminen", "avtalets upphörande", "end of the contract"],
    ),
    "heading_purpose": (
        [
            "4. Henkilötietojen käyttötarkoitus",
            "Käsittelyn tarkoitukset",
            "Behandlingens ändamål",
            "Purposes",
        ],
        ["Rekisterin tietosisältö", "Tarkastusoikeus"],
    ),
    "authorised_people": (
        [
            "Vain tietoihin oikeutetut ja määritellyt käyttäjät",
            "ainoastaan valtuutetuilla henkilöillä",
            "henkilöt, joilla on siihen oikeus",
            "niillä työntekijöillä, joilla on käyttöoikeus rekisteriin",
            "käyttöoikeuden saaneet",
            "endast behöriga personer",
            "de som har behörighet",
            "authorised users only",
            "those who have been given access",
        ],
        [
            "kirjaston chat-neuvojat",
            "oikeudellinen neuvonta",
            "Rekisterinpitäjän myöntämä yksilöllinen käyttöoikeus",
            "studiehandledare",
            "library advisers",
        ],
    ),
    "everybody": (
        [
            "Kaakon henkilöstö",
            "hallituksen jäsenet",
            "koko henkilökunta",
            "kaikki työntekijät",
            "hela personalen",
            "styrelsen",
            "all staff",
            "board members",
        ],
        ["chat-neuvojat", "kirjaston neuvoja", "pääkäyttäjä", "kundrådgivare", "chat advisers"],
    ),
    "task_mailbox": (
        ["asiakas.palvelu", "info.oulu", "tietosuoja.vastaava", "registrator.umea", "privacy.team"],
        ["maija.mallikas", "malli_maija"],
    ),
    "necessary_tracker": (
        [
            "välttämättömät evästeet",
            "palvelun toiminnan kannalta välttämättömät tekniset evästeet",
            "pakolliset evästeet",
            "istuntoeväste",
            "nödvändiga kakor",
            "strictly necessary cookies",
            "essential for the service",
        ],
        ["evästeet", "muut seurantatekniikat", "kävijäseuranta", "analyskakor", "analytics cookies"],
    ),
    "two_factor": (
        [
            "kaksivaiheinen tunnistautuminen",
            "Monivaiheisella todennuksella",
            "vahva tunnistus",
            "MFA",
            "tvåfaktorsautentisering",
            "two-factor authentication",
            "multi-factor login",
        ],
        ["Henkilökohtaiset käyttäjätunnukset ja salasanat", "kaksivaiheinen hakumenettely", "vahva salasana"],
    ),
    "placeholder": (
        [
            "x (x)",
            "Lisää tähän rekisterin nimi",
            "Kohta täydennetään myöhemmin.",
            "Etunimi Sukunimi",
            "skriv här",
            "Kompletteras senare",
            "Lorem ipsum dolor",
            "TODO",
            "to be confirmed",
            "insert name here",
        ],
        [
            "Lomakkeeseen täytetään nimi ja sähköpostiosoite",
            "lisää tietoa tietosuojavastaavalta",
            "kirjoita viestisi chattiin",
            "Windows XX",
            "fyll i blanketten",
            "enter your name in the form",
        ],
    ),
}


@pytest.mark.parametrize("group", GROUPS)
def test_groups_find_and_leave_alone(group: str) -> None:
    yes, no = GROUPS[group]
    assert [text for text in yes if not says(group, text)] == []
    assert [text for text in no if says(group, text)] == []


def test_a_text_in_several_languages_says_what_any_of_them_says() -> None:
    assert says("as_long_as_needed", Localised({"fi": "kaksi vuotta", "en": "until further notice"}))
    assert not says("as_long_as_needed", Localised({"fi": "kaksi vuotta"}))
    assert not says("as_long_as_needed", None)


@pytest.mark.parametrize(
    ("phrase", "yes", "no"),
    [
        (
            "kuin|kun tarpe-",
            ["kun tarpeen", "kuin, tarpeellinen"],
            ["kuin on tarpeen", "kuin. Tarpeen", "kuinka tarpeen"],
        ),
        ("-oikeus", ["oikeus", "tarkastusoikeus"], ["oikeusperuste"]),
        ("-avtal-", ["avtal", "kundavtalets"], ["avta"]),
        ("ei … enää", ["ei enää", "ei a b c d e f g h enää"], ["ei a b c d e f g h i enää", "ei. Enää"]),
        ("on enää? tarve", ["on tarve", "on enää tarve"], ["on vielä tarve"]),
        ("# kk", ["6 kk", "12 kk"], ["kuusi kk", "a6 kk"]),
    ],
)
def test_phrases_are_read_as_written(phrase: str, yes: list[str], no: list[str]) -> None:
    made = re.compile(rf"(?<!\w)(?:{pattern(phrase)})(?!\w)")
    assert [text for text in yes if not made.search(text.casefold())] == []
    assert [text for text in no if made.search(text.casefold())] == []


def test_every_group_speaks_three_languages() -> None:
    for name, by_language in groups().items():
        assert set(by_language) == {"fi", "sv", "en"}, name
        assert all(by_language.values()), name


@pytest.mark.slow
def test_a_long_text_is_searched_in_no_time() -> None:
    import time

    text = "niin kauan kuin asiakkaan tietoja voidaan ei enää pitää ja kun käsitellään " * 300
    began = time.perf_counter()
    for group in groups():
        says(group, text)
    assert time.perf_counter() - began < 2
