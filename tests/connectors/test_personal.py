"""Names that look like personal data, in three languages; names that do not; and the terms are those that there are."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.connectors.reading import personal
from registry.law import law

NAMES = {
    ("email", ""): "pd:EmailAddress",
    ("customerEmail", ""): "pd:EmailAddress",
    ("SAHKOPOSTI", ""): "pd:EmailAddress",
    ("Sähköpostiosoite", ""): "pd:EmailAddress",
    ("e-post", ""): "pd:EmailAddress",
    ("epostadress", ""): "pd:EmailAddress",
    ("client_ip", ""): "pd:IPAddress",
    ("ip-osoite", ""): "pd:IPAddress",
    ("HETU", ""): "pd:OfficialID",
    ("Personbeteckning", ""): "pd:OfficialID",
    ("födelsedatum", ""): "pd:BirthDate",
    ("syntymaAika", ""): "pd:BirthDate",
    ("dateOfBirth", ""): "pd:BirthDate",
    ("puhelinnumero", ""): "pd:TelephoneNumber",
    ("kotipuhelin", ""): "pd:TelephoneNumber",
    ("Telefonnummer", ""): "pd:TelephoneNumber",
    ("etunimi", ""): "pd:Name",
    ("sukunimi2", ""): "pd:Name",
    ("efternamn", ""): "pd:Name",
    ("firstname", ""): "pd:Name",
    ("FIRST_NAME", ""): "pd:Name",
    ("name", "public.customers"): "pd:Name",
    ("nimi", "Asiakkaat"): "pd:Name",
    ("nimi", "jäsenrekisteri"): "pd:Name",
    ("other_names", "people"): "pd:Name",
    ("namn", "medlem"): "pd:Name",
    ("postinumero", ""): "pd:PostalCode",
    ("katuosoite", ""): "pd:PhysicalAddress",
    ("address2", ""): "pd:PhysicalAddress",
    ("Opiskelijanumero", ""): "pd:UID",
    ("kön", ""): "pd:Gender",
    ("user_agent", ""): "pd:UserAgent",
    ("lat", ""): "pd:GPSCoordinate",
    ("post_nummer", ""): "pd:PostalCode",
    ("person_nr", ""): "pd:OfficialID",
    ("kaynti_osoite", ""): "pd:PhysicalAddress",
    ("vierailuosoite", ""): "pd:PhysicalAddress",
    ("arbetstelefon", ""): "pd:TelephoneNumber",
    ("mobile", ""): "pd:TelephoneNumber",
    ("asiakasnumero", ""): "pd:UID",
    ("oid", "oppija"): "pd:UID",
    ("patient_namn", "intyg"): "pd:Name",
    ("anhörigs namn", ""): "pd:Name",
    ("elevs namn", ""): "pd:Name",
    ("employee_language", ""): "pd:Language",
    ("kieli_koodi", "henkilo"): "pd:Language",
    ("aidinkieli_id", ""): "pd:Language",
    ("grade", "applications"): "pd:Education",
    ("place_of_birth", "users"): "pd:City",
    ("school", "users"): "pd:School",
    ("koulu", "hakija"): "pd:School",
    ("office_mobile", ""): "pd:TelephoneNumber",
    ("toimipaikka_tel", ""): "pd:TelephoneNumber",
    ("home_address", ""): "pd:PhysicalAddress",
    ("body", "queued_mail"): "pd:Communication",
    ("email_subject", ""): "pd:EmailContent",
    ("last_login_at", ""): "pd:AuthenticationHistory",
    ("avatar_url", ""): "pd:Picture",
    ("viesti_teksti", ""): "pd:Communication",
    ("keskusteluhistoria", ""): "pd:Communication",
}
OTHERS = [
    ("name", "public.product"), ("nimi", "tuote"), ("page", ""), ("ship_date", ""), ("tags", ""), ("icon", ""),
    ("zipped", ""), ("manage", ""), ("description", ""), ("tiedostonimi", ""), ("language", ""), ("status", ""),
    ("", ""), ("_", ""), ("1", ""),
    ("email_sent_at", ""), ("phone_verified", ""), ("message_id", ""), ("meddelandeTyp", ""), ("email_template", ""),
    ("name", "user_types"), ("name", "user_role"), ("nimi", "kayttaja_ryhma"), ("client_name", "saml_clients"),
    ("osoite", "toimipaikka"), ("postnummer", "enhet"), ("city", "public.buildings"),
    ("organisation_address", "orders"),
    ("edustaja_oppilaitos_oid", ""), ("organisaatio_y_tunnus", "arvioija"), ("nb_failed_login", "users"),
    ("error_message", ""), ("www_osoite", ""), ("mobile_app", ""), ("number", "orders"), ("name", "applications"),
    ("body", "pages"), ("Aihe", "ticket"), ("table_cell", ""), ("school", "buildings"), ("toimipaikan osoite", ""),
    ("file_name", "users"), ("ryhma_nimi", "kayttaja"), ("order_number", "customers"), ("email_domain", ""),

]  # fmt: skip


@pytest.mark.parametrize(("name", "within"), NAMES)
def test_a_name_tells_what_it_holds(name: str, within: str) -> None:
    assert personal.term(name, within=within) == NAMES[name, within]


@pytest.mark.parametrize(("name", "within"), OTHERS)
def test_a_name_of_something_else_tells_nothing(name: str, within: str) -> None:
    assert personal.term(name, within=within) is None


@pytest.mark.parametrize("sort", ["N", "D", "T", "uuid"])
def test_what_cannot_be_written_in_a_column_is_not_there(sort: str) -> None:
    assert not personal.held_by("pd:PhysicalAddress", sort)
    assert personal.held_by("pd:PhysicalAddress", "S")
    assert personal.held_by("pd:TelephoneNumber", "N")
    assert personal.held_by("pd:BirthDate", "D")
    assert not personal.held_by("pd:BirthDate", "B")


def test_a_long_name_of_a_field_takes_no_time_to_speak_of() -> None:
    """Titles of fields are written by anybody: none may make the search go over them again and again."""
    for name in ("user " * 200, "kayttaja_" * 110, "a" * 1_000, "by " * 330):
        assert personal.term(name, within=name, comment=name) is None


def test_comments_tell_more_than_names() -> None:
    assert personal.term("x1", comment="Asiakkaan sähköposti") == "pd:EmailAddress"
    assert personal.term("email", comment="pd:Preference: wants our mail") == "pd:Preference"
    assert personal.denied("Ei henkilötietoja")
    assert personal.denied("inga personuppgifter")
    assert personal.denied("not_personal_data")
    assert not personal.denied("Henkilötietoja")
    assert not personal.denied("pd:Name, not personal data")


def test_the_column_that_says_when_a_row_came_to_be() -> None:
    assert personal.of_creation(["id", "updatedAt", "timestamp", "createdAt"]) == "createdAt"
    assert personal.of_creation(["muokattu", "luontipvm"]) == "luontipvm"
    assert personal.of_creation(["ändrad", "Skapad"]) == "Skapad"
    assert personal.of_creation(["born", "valid_until"]) is None


def test_the_terms_are_those_that_we_have_words_for() -> None:
    data = personal._data()
    known = law().vocabularies["personal_data"].terms
    assert [term for term, _ in data["terms"] if term not in known] == []
    listed = [*data["of_one_not"], *data["written"], *data["of_theirs"]]
    listed += [one for name in ("heads", "with_people", "with_writing", "own_kind") for one in data[name]]
    assert [term for term in listed if term not in known] == []


def test_phrases_are_written_as_names_are_compared() -> None:
    """A mark, a capital or an underscore in personal.yml would never be found."""
    data = personal._data()
    by_term = [data[one] for one in ("heads", "with_people", "with_writing", "own_kind")]
    named = [
        "people",
        "accounts",
        "of_one",
        "programs",
        "writing",
        "of_itself",
        "apart_from",
        "organisations",
    ]
    named += ["things", "created", "not_personal"]
    lists = [
        *data["phrases"],
        *(words for one in by_term for words in one.values()),
        *(data[one] for one in named),
    ]
    assert [
        one for words in lists for one in words if not re.fullmatch(r"-?[a-z0-9]+(?: [a-z0-9]+)*-?", one)
    ] == []


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=200))
def test_any_name_is_looked_at(name: str, within: str, comment: str) -> None:
    found = personal.term(name, within=within, comment=comment)
    assert found is None or re.fullmatch(r"pd:[A-Za-z0-9-]+", found)
    assert isinstance(personal.denied(comment), bool)
