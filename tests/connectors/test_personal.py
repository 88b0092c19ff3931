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
    ("namn", "medlem"): "pd:Name",
    ("postinumero", ""): "pd:PostalCode",
    ("katuosoite", ""): "pd:PhysicalAddress",
    ("address2", ""): "pd:PhysicalAddress",
    ("Opiskelijanumero", ""): "pd:UID",
    ("kön", ""): "pd:Gender",
    ("user_agent", ""): "pd:UserAgent",
    ("lat", ""): "pd:GPSCoordinate",
    ("keskusteluhistoria", ""): "pd:Communication",
}
OTHERS = [
    ("name", "public.product"), ("nimi", "tuote"), ("page", ""), ("ship_date", ""), ("tags", ""), ("icon", ""),
    ("zipped", ""), ("manage", ""), ("description", ""), ("tiedostonimi", ""), ("language", ""), ("status", ""),
    ("", ""), ("_", ""), ("1", ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "within"), NAMES)
def test_a_name_tells_what_it_holds(name: str, within: str) -> None:
    assert personal.term(name, within=within) == NAMES[name, within]


@pytest.mark.parametrize(("name", "within"), OTHERS)
def test_a_name_of_something_else_tells_nothing(name: str, within: str) -> None:
    assert personal.term(name, within=within) is None


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
    assert [term for term in data["with_people"] if term not in known] == []


def test_phrases_are_written_as_names_are_compared() -> None:
    """A mark, a capital or an underscore in personal.yml would never be found."""
    data = personal._data()
    lists = [*data["with_people"].values(), data["people"], data["created"], data["not_personal"]]
    assert [
        one for words in lists for one in words if not re.fullmatch(r"-?[a-z0-9]+(?: [a-z0-9]+)*-?", one)
    ] == []


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=200))
def test_any_name_is_looked_at(name: str, within: str, comment: str) -> None:
    found = personal.term(name, within=within, comment=comment)
    assert found is None or re.fullmatch(r"pd:[A-Za-z0-9-]+", found)
    assert isinstance(personal.denied(comment), bool)
