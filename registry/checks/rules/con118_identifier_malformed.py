"""Malformed identifier (postal code, business ID, phone, e-mail, URL).

Values that a record withholds (`<role>`) are left alone. An e-mail address that the source prints as "name(at)host" is
told for information: the record holds it in its proper form.

Why it matters
Contact details that do not work are no contact details (GDPR 13(1)(a), 14(1)(a)), and a record has to be accurate about
the controller too (5(1)(d)).

How to fix
Correct the value. A Finnish postal code has five digits, leading zeros included; a business ID has seven digits, a
hyphen and a check digit; a foreign number begins with + and its country code. In a published notice, write addresses in
full: a form that only people can read shuts out those who use a screen reader, and stops nobody who collects addresses.
"""

import functools
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import email_validator
import phonenumbers
from stdnum.fi import ytunnus

from registry.catalogue.record import withheld
from registry.checks.rule import Case, Outcome, Rule

RULE = Rule(
    code="CON118",
    severity="warning",
    title={
        "fi": "Virheellinen tunniste (postinumero, Y-tunnus, puhelin, sähköposti, verkko-osoite)",
        "sv": "Felaktig uppgift (postnummer, FO-nummer, telefon, e-post, webbadress)",
        "en": "Malformed identifier (postal code, business ID, phone, e-mail, URL)",
    },
    law=("GDPR 5(1)(d)", "GDPR 13(1)(a)"),
    certainty="exact",
    needs=(
        "/controller/business_id", "/controller/address/postal_code", "/controller/email", "/controller/phone",
        "/controller/website", "/dpo/contact/email", "/dpo/contact/phone", "/dpo/contact/address/postal_code",
        "/representative/email", "/representative/phone", "/representative/address/postal_code",
        "/joint_controllers/*/email", "/joint_controllers/*/phone", "/joint_controllers/*/address/postal_code",
        "/contact_points/*/email", "/contact_points/*/phone", "/contact_points/*/address/postal_code",
        "/responsible_persons/*/email", "/responsible_persons/*/phone", "/document/publication_url",
    ),
    kinds=("fail", "pass", "na"),
)  # fmt: skip

#: Kind of value, with its name and its proper form in Finnish and English.
FORMS = {
    "business_id": (("Y-tunnus", "seitsemän numeroa, väliviiva ja oikea tarkistusnumero"),
                    ("business ID", "seven digits, a hyphen and the right check digit")),
    "postal_code": (("Postinumero", "viisi numeroa"), ("postal code", "five digits")),
    "email": (("Sähköpostiosoite", "nimi@palvelin.fi"), ("e-mail address", "name@host.fi")),
    "phone": (("Puhelinnumero", "esimerkiksi 029 123 4567"), ("phone number", "such as 029 123 4567")),
    "url": (("Verkko-osoite", "https://palvelin.fi/sivu"), ("web address", "https://host.fi/page")),
}  # fmt: skip

_POSTAL_CODE = re.compile(r"(?:(?:FI|FIN|AX)-)?[0-9]{5}")
_OBFUSCATED = re.compile(
    r"\w\s*(?:[(\[{<]\s*(?:at|ät|a|miukumauku|snabel-a)\s*[)\]}>]|\s(?:at|ät|miukumauku)\s)\s*\w",
    re.IGNORECASE,
)
_HOST = re.compile(r"(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_]{2,}")


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each value that is malformed, or printed so that it cannot be used."""
    values = list(_values(case))
    found = False
    for pointer, kind, value in values:
        outcome = _judged(case, pointer, kind, value)
        if outcome is not None:
            found = True
            yield outcome
    if found:
        return
    if not values:
        yield case.na(fi="Selosteessa ei ole tunnisteita.", en="The record has no identifiers.")
        return
    yield case.passes(
        values[0][0],  # the business ID comes first, whose check digit says most
        fi="Tunnisteet ovat oikeaa muotoa.",
        en="The identifiers are well formed.",
    )


def _judged(case: Case, pointer: str, kind: str, value: str) -> Outcome | None:
    (fi, fi_form), (en, en_form) = FORMS[kind]
    written = filter(None, (case.record.said(pointer).quote, value))
    hidden = kind == "email" and any(_OBFUSCATED.search(text) for text in written)
    if hidden:
        return case.fail(
            pointer,
            key=pointer,
            severity="info",
            fi="Sähköpostiosoitteen @ on kirjoitettu auki. Julkaise osoite tavallisessa muodossaan.",
            en="The @ of an e-mail address is written out. Print the address in its proper form.",
        )
    if _WELL_FORMED[kind](value):
        return None
    return case.fail(
        pointer,
        key=pointer,
        fi=f"{fi} on virheellinen. Oikea muoto: {fi_form}.",
        en=f"The {en} is malformed. Its form: {en_form}.",
    )


@functools.lru_cache(maxsize=1024)  # the registers of one controller share most of them
def _email(value: str) -> bool:
    try:
        email_validator.validate_email(value, check_deliverability=False)
    except email_validator.EmailNotValidError:
        return False
    return True


@functools.lru_cache(maxsize=1024)
def _phone(value: str) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(value, "FI"))
    except phonenumbers.NumberParseException:
        return False


def _url(value: str) -> bool:
    try:
        parts = urlsplit(value if "://" in value else f"https://{value}")
        return (
            parts.scheme in ("http", "https")
            and parts.hostname is not None
            and _HOST.fullmatch(parts.hostname) is not None
            and " " not in value
        )
    except ValueError:
        return False


_WELL_FORMED: dict[str, Callable[[str], bool]] = {
    "business_id": ytunnus.is_valid,
    "postal_code": lambda value: _POSTAL_CODE.fullmatch(value) is not None,
    "email": _email,
    "phone": _phone,
    "url": _url,
}


def _values(case: Case) -> Iterator[tuple[str, str, str]]:
    """Every identifier that is not withheld, as (pointer, kind, value)."""
    for pointer, kind, value in _all(case):
        if value and not withheld(value):
            yield pointer, kind, value


def _all(case: Case) -> Iterator[tuple[str, str, str | None]]:
    record, controller = case.record, case.record.controller
    if controller.address.country in (None, "FI", "AX"):
        yield "/controller/business_id", "business_id", controller.business_id
    yield from _reach("/controller", controller, controller.address.country)
    yield "/controller/website", "url", controller.website
    yield "/document/publication_url", "url", record.document.publication_url
    for pointer, party in _parties(case):
        yield from _reach(pointer, party, controller.address.country)


def _parties(case: Case) -> Iterator[tuple[str, Any]]:
    record = case.record
    own = record.statements
    yield ("/dpo/contact" if own.dpo else "/controller/dpo/contact"), record.dpo.contact
    yield ("/representative" if own.representative else "/controller/representative"), record.representative
    for name in ("joint_controllers", "contact_points", "responsible_persons"):
        for index, party in enumerate(getattr(own, name)):
            yield f"/{name}/{index}", party


def _reach(pointer: str, party: Any, home: str | None) -> Iterator[tuple[str, str, str | None]]:
    """How a party is reached; postal codes only of Finland, whose form we know."""
    yield f"{pointer}/email", "email", party.email
    yield f"{pointer}/phone", "phone", party.phone
    address = getattr(party, "address", None)
    if address is not None and (address.country or home or "FI") in ("FI", "AX"):
        yield f"{pointer}/address/postal_code", "postal_code", address.postal_code
