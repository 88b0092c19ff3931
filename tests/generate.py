"""Registers by the thousand, no two alike, with systems and what these showed: for tests of size, and for measuring.

    made = list(generate.registers(300, seed=1))
    generate.store_all(made)

Everything follows from the seed. Names are made of words, never of people.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterable, Iterator
from typing import Any

from registry.catalogue import store
from registry.connectors.observations.stored import record_observation
from registry.db import writes

BY = "client/generator"
START = "2019-01-01T00:00:00.000000Z"
SEEN = "2026-11-20T04:00:00Z"

NAMES = (
    "Uutiskirje",
    "Asiakaspalvelun chat",
    "Työnhakijat",
    "Jäsenrekisteri",
    "Kameravalvonta",
    "Tukipyynnöt",
)
PURPOSES = (
    "Palvelun tarjoaminen ja asiakassuhteen hoitaminen", "Uutiskirjeen lähettäminen tilaajille",
    "Lakisääteisten velvoitteiden täyttäminen", "Palvelun kehittäminen", "Yhteydenottoihin vastaaminen",
)  # fmt: skip
BASES = ("6(1)(a)", "6(1)(b)", "6(1)(c)", "6(1)(e)", "6(1)(f)")
DATA = (
    ("Nimi", "pd:Name"), ("Sähköpostiosoite", "pd:EmailAddress"), ("Puhelinnumero", "pd:TelephoneNumber"),
    ("IP-osoite", "pd:IPAddress"), ("Keskusteluhistoria", "pd:Communication"), ("Opiskelijanumero", "pd:Identifier"),
)  # fmt: skip
PEOPLE = ("customer", "student", "applicant", "employee", "visitor", "member")
PERIODS = ("P6M", "P1Y", "P2Y", "P6Y", "P10Y")
CRITERIA = (
    "niin kauan kuin on tarpeen", "asiakassuhteen ajan", "toistaiseksi", "kun tietoja ei enää tarvita",
    "kunnes rekisteröity peruu tilauksen",
)  # fmt: skip
INSTRUMENTS = ("dpf_eu_us", "scc_2021", "privacy_shield_eu_us", "adequacy_GB", "none_stated")
#: What a transfer may rest on, or once did; each fits its country.
GROUNDS: tuple[dict[str, str], ...] = (
    {"country": "US", "instrument": "dpf_eu_us"},
    {"country": "US", "instrument": "dpf_eu_us", "certification_date": "2024-02-01"},
    {"country": "US", "instrument": "dpf_ch_us"},
    {"country": "US", "instrument": "privacy_shield_eu_us"},
    {"country": "US", "instrument": "scc_2021", "contract_date": "2023-05-01"},
    {"country": "IN", "instrument": "scc_2021"},
    {"country": "GB", "instrument": "adequacy_GB"},
    {"country": "US", "instrument": "bcr", "instrument_text": "Sitovat säännöt, DPF ei käytössä"},
    {"country": "US", "instrument": "none_stated"},
)
VENDORS = (
    ("Zendesk", "Zendesk", "helpdesk"),
    ("Tawk.to", "tawk.to", "live_chat"),
    ("Oma palvelin", None, "database"),
)
RIGHTS = (
    "access", "rectification", "erasure", "restriction", "portability", "object", "withdraw_consent",
)  # fmt: skip
MEASURES = (
    "Käyttöoikeudet on rajattu",
    "Yhteydet on salattu",
    "Tilat on lukittu",
    "Lokit tarkistetaan kuukausittain",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Made:
    """A register to be: where it belongs, what it says, its systems, and what they showed (kind, payload)."""

    controller: str
    key: str
    record: dict[str, Any]
    systems: dict[str, dict[str, Any]]
    seen: tuple[tuple[str, str, dict[str, Any]], ...]

    @property
    def name(self) -> str:
        """controller/key"""
        return f"{self.controller}/{self.key}"


def registers(number: int, *, seed: int = 1, each: int = 25) -> Iterator[Made]:
    """So many registers, `each` to a controller. The same for the same seed, however many are asked for."""
    for place in range(number):
        chance = random.Random(f"{seed}/{place}")
        yield _register(f"org-{place // each:04d}", f"r-{place:05d}", chance)


def transferring(number: int, *, seed: int = 1, each: int = 25) -> Iterator[tuple[Made, frozenset[str]]]:
    """Registers with up to three importers, each on one or two instruments; and the instruments that each names."""
    for place, made in enumerate(registers(number, seed=seed, each=each)):
        chance = random.Random(f"{seed}/{place}/transfers")
        items = [
            {"importer": f"Importer {letter}", **on}
            for letter in "ABC"[: chance.choice((0, 1, 1, 2, 3))]
            for on in chance.sample(GROUNDS, chance.choice((1, 1, 2)))
        ]
        record = {**made.record, "transfers": {"items": items} if items else "stated_none"}
        named = frozenset(str(item["instrument"]) for item in items)
        yield dataclasses.replace(made, record=record), named


def store_all(made: Iterable[Made], *, part: int = 100) -> int:
    """Declare them with their controllers and systems, record what was seen; gives how many there are."""
    number, batch = 0, []
    for one in made:
        batch.append(one)
        number += 1
        if len(batch) == part:
            _store(batch)
            batch = []
    _store(batch)
    return number


@writes
def _store(batch: list[Made]) -> None:
    for one in batch:
        if not store.exists("controller", one.controller, one.controller):
            body = {
                "name": f"{one.controller} oy", "business_id": "2802921-9", "email": "tietosuoja@org.example",
                "address": {"street": "Katu 1", "postal_code": "00100", "city": "Helsinki", "country": "FI"},
            }  # fmt: skip
            _declare("controller", one.controller, one.controller, body)
        for key, system in one.systems.items():
            _declare("system", one.controller, key, system)
        _declare("register", one.controller, one.key, one.record)
        for system, kind, payload in one.seen:
            record_observation(
                f"{one.controller}/{system}", kind, payload, by=BY, taken_at=SEEN, source_level="api",
                complete=True, invented=True,
            )  # fmt: skip


def _declare(kind: str, controller: str, key: str, body: dict[str, Any]) -> None:
    store.declare(kind, controller, key, body, by=BY, expect=store.NEW, effective_from=START)


def _register(controller: str, key: str, chance: random.Random) -> Made:
    systems, seen = _systems(key, chance)
    categories = [
        {"id": f"D{n}", "text": text, "pd": pd, "collection": chance.choice(("provided", "observed"))}
        for n, (text, pd) in enumerate(chance.sample(DATA, chance.randint(1, 5)), 1)
    ]
    purposes = [
        {"id": f"P{n}", "text": text}
        for n, text in enumerate(chance.sample(PURPOSES, chance.randint(1, 3)), 1)
    ]
    record: dict[str, Any] = {
        "register": {"name": f"{chance.choice(NAMES)} {key}", "status": "active"},
        "document": {"type": "notice", "language": "fi", "created_on": f"20{chance.randint(18, 25)}-05-25"},
        "purposes": purposes,
        "data_categories": categories,
        "systems": list(systems),
        "rights": chance.sample(RIGHTS, chance.randint(0, len(RIGHTS))),
        "retention": [_retention(categories, chance) for _ in range(chance.randint(0, 2))],
    }
    record |= {part: made for part, made in _parts(chance).items() if chance.random() < 0.7}
    return Made(controller, key, record, systems, seen)


def _retention(categories: list[dict[str, Any]], chance: random.Random) -> dict[str, Any]:
    rule: dict[str, Any] = {"applies_to": chance.choice(["all", [chance.choice(categories)["id"]]])}
    if chance.random() < 0.7:
        return {**rule, "duration": chance.choice(PERIODS), "mode": "automatic", "action": "erase"}
    return {**rule, "criterion": chance.choice(CRITERIA)}


def _parts(chance: random.Random) -> dict[str, Any]:
    """Parts that a register may have or leave out."""
    country = chance.choice(("US", "GB", "FI", "IN"))
    return {
        "legal_bases": [{"article": article} for article in chance.sample(BASES, chance.randint(1, 2))],
        "data_subjects": chance.sample(PEOPLE, chance.randint(1, 3)),
        "dpo": chance.choice(
            ("stated_none", "referred_elsewhere", {"contact": {"email": "dpo@org.example"}})
        ),
        "complaint": chance.choice(("not_stated", {"authority": "Tietosuojavaltuutettu"})),
        "disclosures": chance.choice(("stated_none", "not_stated", {"text": "Viranomaisille lain nojalla"})),
        "recipients": [chance.choice(("IT-palveluntarjoaja", "Viranomaiset", "Konserniyhtiöt"))],
        "transfers": chance.choice(
            (
                "stated_none",
                {
                    "items": [
                        {
                            "importer": "Vendor Inc",
                            "country": country,
                            "instrument": chance.choice(INSTRUMENTS),
                        }
                    ]
                },
            )
        ),
        "storage_locations": [
            {"area": chance.choice(("EU", "EEA", "FI")), "exclusive": chance.random() < 0.5}
        ],
        "security_measures": chance.sample(MEASURES, chance.randint(1, 3)),
        "access": {"roles": [{"role": "Asiakaspalvelijat", "domains": ["org.example"]}], "exclusive": True},
        "sources": [chance.choice(("data_subject", "automatic", "other_controller"))],
        "provision_obligation": chance.choice(("not_stated", {"text": "Nimi on annettava"})),
    }


def _systems(
    key: str, chance: random.Random
) -> tuple[dict[str, dict[str, Any]], tuple[tuple[str, str, dict[str, Any]], ...]]:
    systems: dict[str, dict[str, Any]] = {}
    seen: list[tuple[str, str, dict[str, Any]]] = []
    for number in range(chance.choice((0, 1, 1, 1, 2))):
        name, vendor, kind = chance.choice(VENDORS)
        system = f"s-{key[2:]}-{number}"
        systems[system] = {"name": name, "kind": kind, **({"vendor": vendor} if vendor else {})}
        looks = (
            ("deletion_rules", {"rules": [_deletion(chance)] if chance.random() < 0.8 else []}),
            ("accounts", {"accounts": [_account(chance) for _ in range(chance.randint(1, 3))]}),
            (
                "oldest_item",
                {"items": [{"object": "ticket", "oldest": f"20{chance.randint(15, 26)}-03-01T00:00:00Z"}]},
            ),
            ("could_not_look", {"asked": "region", "reason": "not_supported"}),
        )
        seen += [(system, kind_, payload) for kind_, payload in looks if chance.random() < 0.5]
    return systems, tuple(seen)


def _deletion(chance: random.Random) -> dict[str, Any]:
    return {
        "id": "1", "object": "ticket", "active": chance.random() < 0.8, "after": chance.choice(PERIODS),
        "counted_from": "created", "action": "erase",
    }  # fmt: skip


def _account(chance: random.Random) -> dict[str, Any]:
    return {
        "role": chance.choice(("agent", "admin")), "domain": chance.choice(("org.example", "other.example")),
        "active": True, "count": chance.randint(1, 9),
    }  # fmt: skip
