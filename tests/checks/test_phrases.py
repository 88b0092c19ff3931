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
    "open_ended": (
        [
            "Keräämme esimerkiksi nimen ja osoitteen",
            "Nimi, osoite, puhelinnumero jne.",
            "Mahdolliset muut yhteydenottoon liittyvät tiedot",
            "Tietoja voidaan luovuttaa viranomaisille",
            "Järjestelmään saattaa tallentua arkaluonteisia tietoja",
            "tarvittaessa henkilötunnus",
            "muun muassa laskutustiedot",
            "Tiedot voivat siirtyä alihankkijalle",
            "Käsittelemme joitakin perustietoja",
            "asiakkaan antamat muut lisätiedot",
            "mahdollisesti myös IP-osoite",
            "Uppgifterna kan lämnas ut till myndigheter",
            "Namn, adress m.m.",
            "Vi behandlar till exempel ditt namn",
            "andra uppgifter som du ger oss",
            "eventuella tilläggsuppgifter",
            "I vissa fall sparas personbeteckningen",
            "vid behov kontaktuppgifter till anhöriga",
            "We may share your data with partners",
            "such as your name and address",
            "other information you provide",
            "Data might be transferred to the US",
            "Your data could be used for research",
            "in some circumstances your address",
            "where necessary, your ID number",
            "name, address, etc.",
            "tilanteen mukaan myös terveystietoja",
            "Tietoja luovutetaan harkinnan mukaan",
            "mukaan lukien mutta ei rajoittuen nimeen",
            "bl.a. namn och adress",
            "including but not limited to your name",
        ],
        [
            "Nimi, sähköpostiosoite ja puhelinnumero",
            "Tilauksen toimittaminen",
            "Viestiin vastaamisen mahdollistaminen",
            "mahdollisimman nopea palvelu",
            "Tietoja ei luovuteta",
            "Jäsenmaksun laskuttaminen",
            "voimassa oleva sopimus",
            "Namn och adress",
            "Uppgifterna lämnas inte ut",
            "Kandidatuppgifter",
            "Name and e-mail address",
            "Sending the newsletter",
            "We do not share your data",
            "maybugs",
        ],
    ),
    "third_parties": (
        [
            "kolmannet osapuolet",
            "kolmansille osapuolille",
            "ulkopuoliset toimijat",
            "muut tahot",
            "yhteistyökumppanimme",
            "tredje parter",
            "utomstående aktörer",
            "våra samarbetspartner",
            "third-party providers",
            "other organisations",
            "our business partners",
            "ulkopuolinen taho",
            "sidosryhmät",
        ],
        [
            "Verohallinto",
            "suomalaiset tilitoimistot",
            "kirjapaino",
            "Skatteförvaltningen",
            "payroll services in Finland",
            "oppilaitoksen opintotoimisto",
            "tryckeriet",
        ],
    ),
    "old_basis": (
        [
            "asiallinen yhteys",
            "asiakassuhteen perusteella",
            "jäsenyyden perusteella",
            "yhteysvaatimus",
            "asiallisen yhteyden nojalla",
            "saklig anknytning",
            "på grund av kundförhållandet",
            "on the basis of the customer relationship",
            "palvelussuhteen vuoksi",
            "appropriate connection",
        ],
        [
            "suostumus",
            "asiakaspalvelu",
            "sopimuksen täytäntöönpano",
            "rättslig förpliktelse",
            "legal obligation",
        ],
    ),
    "old_rights": (
        [
            "Tarkastusoikeus",
            "10. Tarkastusoikeuden toteuttaminen",
            "Kielto-oikeus",
            "Korjausoikeus",
            "Oikeus vaatia virheellisen tiedon korjaamista",
            "Oikeus vaatia tiedon korjaamista",
            "Tarkastus- ja kieltooikeus",
            "Insynsrätt",
            "Rätt till insyn",
            "Right of inspection",
            "Rättelse av uppgift",
            "Tiedon korjaaminen",
        ],
        [
            "Rekisteröidyn oikeudet",
            "Oikeus saada pääsy tietoihin",
            "Vastustamisoikeus",
            "Oikeus tietojen oikaisemiseen",
            "Rätt till radering",
            "Right of access",
            "Käyttöoikeudet",
        ],
    ),
    "old_form": (
        [
            "Rekisterin nimi",
            "Rekisterin tietosisältö",
            "Säännönmukaiset tietolähteet",
            "Tietojen säännönmukaiset luovutukset",
            "Rekisteriasioita hoitava henkilö",
            "Yhteyshenkilö rekisteriä koskevissa asioissa",
            "A. Manuaalinen aineisto",
            "B. ATK:lla käsiteltävät tiedot",
            "Rekisterin suojauksen periaatteet",
            "Rekisterin pitäjä",
            "Registrets namn",
            "Registrets datainnehåll",
            "Regelmässiga uppgiftskällor",
            "Regelmässigt utlämnande av uppgifter",
            "Manuellt material",
            "Name of the register",
            "Regular sources of information",
            "Rekisterin käyttötarkoitus",
        ],
        [
            "Rekisterinpitäjä",
            "Tietosuojavastaava",
            "Säilytysaika",
            "Tietojen vastaanottajat",
            "Personuppgiftsansvarig",
            "Data controller",
            "Retention",
        ],
    ),
    "relationship": (
        [
            "asiakassuhde",
            "jäsenyyteen",
            "kundförhållandet",
            "relationship",
            "membership",
            "työsuhteen",
            "palvelussuhteeseen",
        ],
        ["palvelun", "kehittäminen", "utveckling", "security", "turvallisuus", "asiakaspalvelu"],
    ),
    "any_provider": (
        [
            "palveluntarjoajat",
            "toimittaja",
            "yritykset",
            "leverantörer",
            "tjänsteleverantör",
            "provider",
            "companies",
            "alihankkijat",
        ],
        ["tilitoimisto", "painotalo", "revisor", "auditor", "Suomessa"],
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
    "heading_sources": (
        [
            "6. SÄÄNNÖNMUKAISET TIETOLÄHTEET",
            "Henkilötietojen lähteet",
            "Mistä saamme tietosi",
            "Tietolähteistä",
            "Informationskällor",
            "Varifrån får vi uppgifterna?",
            "Sources of personal data",
            "Where do we get your data from?",
        ],
        ["Lähetetyt viestit", "Tietojen luovutukset", "Open-source licences"],
    ),
    "not_processing": (
        [
            "eikä palveluntarjoaja siten osallistu asiakkaidensa tileillä olevan tiedon käsittelyyn",
            "Toimittaja ei käsittele henkilötietoja.",
            "Henkilötietoja ei käsitellä toimittajan puolella",
            "Leverantören deltar inte i behandlingen av uppgifter",
            "Leverantören behandlar inga personuppgifter",
            "The vendor does not take part in processing personal data",
            "Our host never processes your data",
        ],
        [
            "Toimittaja käsittelee tietoja ohjeidemme mukaan",
            "ei säilytetä",
            "Leverantören behandlar uppgifter för vår räkning",
            "The vendor processes data on our behalf",
        ],
    ),
    "processing_within_limits": (
        [
            "ei käsittele tietoja muihin tarkoituksiin",
            "ei käsittele tietoja omiin käyttötarkoituksiinsa",
            "ei käsittele tietoja ilman rekisterinpitäjän ohjeita",
            "ei käsittele ohjeiden vastaisesti",
            "behandlar inte uppgifterna för andra ändamål",
            "behandlar inte uppgifter utan den ansvariges anvisningar",
            "does not process the data for its own purposes",
            "does not process data without documented instructions",
        ],
        [
            "ei osallistu tiedon käsittelyyn; poikkeuksena vian korjaus ja tietojen palauttaminen",
            "behandlar inte uppgifter",
            "does not process personal data",
        ],
    ),
    "hosting_or_restoring": (
        [
            "ohjelmistovian korjaus ja tietojen palauttaminen",
            "tiedot ovat toimittajan palvelimilla",
            "vastaa varmuuskopioinnista",
            "ylläpitää järjestelmää",
            "återställer uppgifter från säkerhetskopior",
            "på leverantörens servrar",
            "restores data after a failure",
            "hosts the service on its servers",
        ],
        [
            "Asiakaspalaute",
            "antaa teknistä neuvontaa puhelimessa",
            "ger råd per telefon",
            "gives advice by telephone",
        ],
    ),
    "identifier": (
        [
            "Asiakkaan nimi",
            "Etu- ja sukunimi",
            "Sähköpostiosoitteet",
            "Puhelinnumeronne",
            "Opiskelijanumeroa",
            "Käyttäjän IP-osoite",
            "Henkilötunnukset",
            "Namn och e-postadress",
            "Telefonnummer",
            "Personbeteckningar",
            "Student ID",
            "E-mail address",
            "IP addresses",
            "Full name",
            "Kirjastokortin numero",
        ],
        [
            "Kampus",
            "Käytössä oleva selain",
            "Keskustelun aihe",
            "Nimike",
            "Webbläsare",
            "Språk",
            "Browser",
            "Language",
        ],
    ),
    "postal_address": (
        [
            "Postiosoite",
            "Kotiosoitteesi",
            "Osoitetiedot",
            "Nimi ja osoite",
            "Postadress",
            "Namn och adress",
            "Home address",
            "Postal addresses",
            "Name and address",
        ],
        ["Sähköpostiosoite", "IP-osoite", "Verkko-osoite", "IP-adress", "E-mail address"],
    ),
    "implied_consent": (
        [
            "Asiakas hyväksyy luovuttaessaan tietojaan niiden tallentuvan chat-historiaan.",
            "Käyttämällä sivustoa hyväksyt evästeiden käytön",
            "Palvelun käytön jatkaminen katsotaan suostumukseksi",
            "Ottaessaan yhteyttä asiakas suostuu tietojensa käsittelyyn",
            "Lähettämällä lomakkeen hyväksyt tietojesi tallentamisen",
            "Genom att använda chatten godkänner du att dina uppgifter sparas",
            "När du skickar ett meddelande samtycker du till detta",
            "Användningen av tjänsten anses som samtycke",
            "By continuing to use this site you agree to cookies",
            "Use of the service constitutes consent",
            "You accept this policy by using the website",
        ],
        [
            "Suostumus pyydetään valintaruudulla ennen keskustelun alkua",
            "henkilön suostumus",
            "Voit hyväksyä evästeet asetuksista",
            "Samtycke begärs med en kryssruta",
            "We ask for your consent before the chat begins",
            "You may withdraw consent at any time",
        ],
    ),
    "marketing": (
        [
            "Suoramarkkinointi",
            "suoramainontaa, etämyyntiä ja muuta suoramarkkinointia",
            "Markkinointiviestit jäsenille",
            "mielipidetutkimuksia varten",
            "Uutiskirjeiden lähettäminen",
            "Kohdennettu mainonta",
            "Direktmarknadsföring",
            "Utskick av nyhetsbrev",
            "Marknadsundersökningar",
            "E-mail marketing",
            "Sending newsletters",
            "Opinion polls",
            "Targeted advertising",
        ],
        [
            "Asiakaspalvelun kehittäminen",
            "Asiakassuhteen hoitaminen",
            "Tjänsteutveckling",
            "Customer support",
        ],
    ),
    "electronic": (
        [
            "sähköisesti allekirjoitettuna",
            "sähköpostilla",
            "Suomi.fi-tunnistautuminen",
            "verkkolomakkeella",
            "vahvalla tunnistautumisella",
            "elektroniskt",
            "per e-post",
            "electronically",
            "by e-mail",
            "through the online form",
        ],
        ["kirjeitse", "käymällä toimistossa", "per brev", "by letter", "luotettavasti varmennettu menetelmä"],
    ),
    "visit_or_post": (
        [
            "henkilökohtaisesti toimistolla",
            "käynti rekisterinpitäjän luona",
            "postitse",
            "kirjeellä",
            "kirjallisesti postin välityksellä",
            "personligt besök",
            "per brev",
            "på kansliet",
            "in person",
            "by post",
            "at our office",
        ],
        [
            "sähköpostitse",
            "sähköisesti",
            "luotettavasti varmennettu menetelmä",
            "per e-post",
            "by e-mail",
            "electronically",
        ],
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
    "redaction": (
        [
            "Maksukortin numerot peitetään",
            "henkilötunnukset maskataan",
            "Kortnummer maskeras automatiskt",
            "Card numbers are redacted",
            "masked in the log",
        ],
        ["Peite", "kasvomaski", "mask", "peitto", "Redaktionen svarar"],
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


# Texts that the phrases were tried on only after they had been written: 96 of 111 were judged rightly then, and nothing
# was found that should not be. The phrases were mended by what they had missed (two of the 111 are left out).
MORE: dict[str, tuple[list[str], list[str]]] = {
    "implied_consent": (
        [
            "Jatkamalla sivuston käyttöä hyväksyt tietosuojaselosteen",
            "Chatin käyttäminen tulkitaan suostumukseksi tietojen tallentamiseen",
            "Asiakas suostuu tietojensa tallentamiseen aloittaessaan keskustelun",
            "Osallistumalla arvontaan annat suostumuksesi markkinointiin",
            "Palvelua käyttäessään asiakas hyväksyy nämä ehdot",
            "Ilmoittautuessaan osallistuja hyväksyy tietojensa käsittelyn",
            "Rekisteröitymällä palveluun hyväksyt tietojesi käsittelyn",
            "Genom att fortsätta godkänner du vår integritetspolicy",
            "Genom att anmäla dig samtycker du till behandlingen",
            "Kunden samtycker till lagring då hen lämnar sina uppgifter",
            "By registering you consent to the processing",
            "Continued use implies acceptance of this policy",
            "Your use of the chat is deemed consent",
            "When you contact us you agree to the recording",
        ],
        [
            "Suostumuksen voi peruuttaa ilmoittamalla siitä meille",
            "Hyväksyn tietojeni käsittelyn (valintaruutu)",
            "Voit antaa suostumuksesi rastittamalla ruudun",
            "Du kan återkalla ditt samtycke när som helst",
            "Samtycket ges genom att kryssa i rutan",
            "You give consent by ticking the box",
            "Consent is recorded in the log",
        ],
    ),
    "marketing": (
        [
            "Tiedotteiden ja mainosten lähettäminen",
            "Tapahtumien markkinoiminen",
            "tuotteiden etämyynti",
            "jäsenkyselyt ja markkinatutkimus",
            "Reklam till medlemmar",
            "Marknadsföring av kurser",
            "Promotion of events and offers",
            "telemarketing",
            "surveys of opinion and market research",
        ],
        ["Tapahtumista tiedottaminen", "Laskutus", "Kursanmälan", "Billing", "Event registration"],
    ),
    "identifier": (
        [
            "Etunimi ja sukunimi",
            "asiakkaan yhteystiedot",
            "Matkapuhelinnumero",
            "Sähköposti",
            "Tilinumero",
            "Namn",
            "Elevens personnummer",
            "mobiltelefonnummer",
            "IP-adresser",
            "Member ID",
            "telephone number",
            "Phone numbers",
            "social security number",
        ],
        [
            "Oppilaitos",
            "Kieli",
            "Tapahtuman nimike",
            "Kurs",
            "Ort",
            "Enhetstyp",
            "Town",
            "Course",
            "Device type",
        ],
    ),
    "not_processing": (
        [
            "Palveluntarjoaja ei osallistu tietojen käsittelyyn",
            "Palvelun toimittaja ei itse käsittele asiakkaan tietoja",
            "Leverantören tar inte del av eller behandlar uppgifterna",
            "Leverantören är inte delaktig i behandlingen",
            "The provider is not involved in the processing",
            "The supplier does not process customer data",
        ],
        [
            "Palveluntarjoaja käsittelee tietoja sopimuksen mukaan",
            "behandlas av leverantören",
            "is processed by the supplier",
        ],
    ),
    "visit_or_post": (
        [
            "tulemalla käymään toimipisteessä",
            "asioimalla henkilökohtaisesti",
            "lähettämällä kirje",
            "genom besök hos oss",
            "per post",
            "by letter",
            "visiting the office in person",
        ],
        ["sähköpostiviestillä", "vahvasti tunnistautumalla", "via e-post", "via the online service"],
    ),
    "heading_sources": (
        [
            "Tietojen lähteet",
            "Mistä tiedot saadaan",
            "Henkilötietojen tietolähteet",
            "Källor till uppgifter",
            "Varifrån kommer uppgifterna",
            "Where does the information come from?",
            "Data sources",
        ],
        ["Käsittelyn tarkoitus", "Säilytys", "Ändamål", "Retention"],
    ),
    "heading_purpose": (
        [
            "Mihin käytämme tietojasi",
            "Miksi käsittelemme tietoja",
            "Käsittelyn tarkoitus ja oikeusperuste",
            "Varför behandlar vi uppgifter",
            "Syftet med behandlingen",
            "Why we process your data",
            "What we use your data for",
        ],
        ["Tietosisältö", "Rekisterinpitäjä", "Registrets innehåll", "Contents"],
    ),
    "postal_address": (
        [
            "osoitetiedot",
            "asiakkaan kotiosoite",
            "lähiosoite ja postinumero",
            "hemadress",
            "namn och adress",
            "street address",
        ],
        ["verkkosivun osoite", "IP-osoite", "webbadress", "web address"],
    ),
}


@pytest.mark.parametrize("group", GROUPS)
def test_groups_find_and_leave_alone(group: str) -> None:
    yes, no = ([*texts, *more] for texts, more in zip(GROUPS[group], MORE.get(group, ([], [])), strict=True))
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
    began = time.thread_time()  # of this thread alone, whoever else is at work
    for group in groups():
        says(group, text)
    assert time.thread_time() - began < 5
