"""What is a person's own stays inside, and what is a role's is published."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from registry.catalogue.record import assemble
from registry.telling.people import MASK, Discretion
from tests.notices.conftest import answers, document, section

NAME = "Maija Mallikas"


def notice(**record: Any) -> dict[str, Any]:
    details = {"name": "Acme Oy", "phone": "09 123 4567", "email": "kirjaamo@acme.example"}
    return document(assemble("acme/x", {"register": "X", **record}, details), "en")


@pytest.mark.parametrize(
    "mailbox",
    ["maija.mallikas@x.fi", "m.mallikas@x.fi", "maija_mallikas@x.fi", "anna-liisa.mallikas@x.fi",
     "maija.mallikas2@x.fi", "pekka.tukiainen@x.fi", "liisa.hakulinen@x.fi", "MAIJA.MALLIKAS@X.FI", "åke.öhman@x.fi"],
)  # fmt: skip
def test_a_mailbox_that_looks_like_a_person_is_not_printed(mailbox: str) -> None:
    told = notice(
        contact_points=[{"role": "Suunnittelija", "email": mailbox}], dpo={"contact": {"email": mailbox}}
    )
    assert mailbox.lower() not in json.dumps(told, ensure_ascii=False).lower()
    assert "withheld" in {one["status"] for one in answers(section(told, "contact"))}
    assert "withheld" in {one["status"] for one in answers(section(told, "dpo"))}


@pytest.mark.parametrize(
    "mailbox",
    ["tietosuoja@x.fi", "tietosuojavastaava@x.fi", "kirjaamo.oulu@x.fi", "puheenjohtaja@x.fi", "data.protection@x.fi",
     "tietosuoja-asiat@x.fi", "dpo@x.fi", "kirjaston.asiakaspalvelu@x.fi", "hallitus@x.fi"],
)  # fmt: skip
def test_a_mailbox_of_a_role_is_printed_and_linked(mailbox: str) -> None:
    told = notice(contact_points=[{"role": "Neuvonta", "email": mailbox}])
    (block,) = [
        block for block in section(told, "contact")["blocks"] if block.get("name") == "contact_points"
    ]
    links = [text.get("link") for row in block["rows"] for cell in row for text in cell.get("texts", ())]
    assert f"mailto:{mailbox}" in links


@pytest.mark.parametrize("people", ["contact_points", "responsible_persons"])
def test_names_and_direct_numbers_are_never_printed_and_roles_are(people: str) -> None:
    someone = {
        "role": "Suunnittelija",
        "name": NAME,
        "phone": "040 765 4321",
        "email": "mallikas@acme.example",
    }
    told = notice(**{people: [someone]})
    written = json.dumps(told, ensure_ascii=False)
    assert "Suunnittelija" in written
    assert [secret for secret in ("Maija", "Mallikas", "040 765", "mallikas@") if secret in written] == []


def test_the_number_of_the_organisation_is_nobodys_own() -> None:
    told = notice(contact_points=[{"role": "Vaihde", "name": "<vaihde>", "phone": "+358 9 123 4567"}])
    assert "+358 9 123 4567" in json.dumps(told)


def test_a_number_without_a_name_is_a_roles() -> None:
    assert "040 765 4321" in json.dumps(
        notice(contact_points=[{"role": "Päivystys", "phone": "040 765 4321"}])
    )


def test_a_name_inside_a_text_is_struck_out_and_the_page_can_say_so() -> None:
    told = notice(
        contact_points=[{"role": "Suunnittelija", "name": NAME}],
        purposes=[f"Kysy lisää: {NAME}, maija.mallikas@acme.example tai maija.mallikas(at)acme.example"],
        retention=[
            {
                "applies_to_text": f"Arkisto ({NAME.upper()})",
                "criterion": "kunnes kirjaamo@acme.example kuittaa",
            }
        ],
    )
    written = json.dumps(told, ensure_ascii=False)
    assert [secret for secret in ("Maija", "MALLIKAS", "mallikas") if secret in written] == []
    assert f"Kysy lisää: {MASK}, {MASK} tai {MASK}" in written
    assert "kirjaamo@acme.example kuittaa" in written


def test_a_withheld_text_is_withheld_wherever_it_stands() -> None:
    told = notice(purposes=["<rehtori>", "Opetus"])
    assert "rehtori" not in json.dumps(told)
    purposes = section(told, "purposes")["blocks"][0]["entries"]
    assert [one["status"] for one in purposes] == ["withheld", "stated"]


def test_a_long_text_costs_no_more_than_its_length() -> None:
    knows = Discretion((), "")
    started = time.thread_time()  # of this thread alone, whoever else is at work
    for text in ("a" * 20_000, "a." * 10_000, "a@" * 10_000, "a@a." * 5_000):
        knows.masked(text)
    assert time.thread_time() - started < 5
