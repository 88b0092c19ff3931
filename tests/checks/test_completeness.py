"""What is asked of a record: it can be answered in full, and each thing left out is named with who asks for it."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

import pytest

from registry.catalogue.record import Record, assemble
from registry.checks.measures import asks, coverage
from registry.checks.measures.completeness import Completeness, Share, completeness, required, set_of
from registry.checks.measures.coverage import sets
from registry.checks.rule import Case
from registry.connectors.observed.observation import Observation
from registry.law import law

DAY = date(2026, 11, 22)
CONTROLLER: dict[str, Any] = {
    "name": "Acme Oy",
    "email": "info@acme.example",
    "address": {"street": "Katu 1", "postal_code": "00100", "city": "Helsinki", "country": "FI"},
    "units": ["Markkinointi"],
}
WHOLE: dict[str, Any] = {
    "register": "Uutiskirje",
    "document": {"updated_on": "2026-01-01", "publication_url": "https://acme.example/tietosuoja"},
    "dpo": {"contact": {"email": "dpo@acme.example"}},
    "joint_controllers": [{"name": "Emo Oy", "email": "info@emo.example", "arrangement_ref": "S-1"}],
    "responsible_persons": ["Viestintäpäällikkö"],
    "purposes": ["Uutiskirjeen lähettäminen"],
    "legal_bases": [
        {"article": "6(1)(f)", "interest_text": "Suoramarkkinointi", "assessment_ref": "LIA-1"},
        {"article": "6(1)(a)", "consent_record_ref": "C-1"},
    ],
    "data_subjects": ["subscriber"],
    "data_categories": [
        {"text": "Sähköpostiosoite", "collection": "provided"}, {"text": "Nimi", "collection": "received"},
    ],
    "sources": ["data_subject", "public_register"],
    "recipients": ["Postituspalvelu"],
    "processors": [{"name": "Posti Oy", "contract_ref": "K-1"}],
    "disclosures": "stated_none",
    "transfers": {
        "items": [
            {"importer": "Mail Inc", "country": "US", "instrument": "scc_2021", "copy_available_how": "Pyytämällä"}
        ]
    },
    "storage_locations": ["EU"],
    "retention": [{"applies_to": "all", "duration": "P1Y", "policy_ref": "A-1"}],
    "security_measures": ["Yhteydet on salattu"],
    "rights": ["access", "rectification", "erasure", "restriction", "object", "portability", "withdraw_consent"],
    "request_procedure": [{"addressed_to": "dpo"}],
    "complaint": {"authority": "Tietosuojavaltuutettu"},
    "provision_obligation": {"text": "Ilman osoitetta kirjettä ei voi lähettää"},
    "automated_decisions": {"logic": "Pisteytys", "significance": "Vähäinen"},
    "assessments": {"dpia_required": "no", "risk_ref": "R-1"},
    "breaches": {"log_ref": "L-1"},
}  # fmt: skip


def record(body: dict[str, Any] = WHOLE, controller: dict[str, Any] = CONTROLLER) -> Record:
    return assemble("acme/news", body, controller, {})


def measured(body: dict[str, Any] = WHOLE, controller: dict[str, Any] = CONTROLLER) -> Completeness:
    return completeness(record(body, controller), law(), DAY)


def without(path: str) -> dict[str, Any]:
    body = copy.deepcopy(WHOLE)
    at: Any = body
    *steps, last = path.strip("/").split("/")
    for step in steps:
        at = at[int(step) if isinstance(at, list) else step]
    if isinstance(at, list):
        at.remove(last) if last in at else at.pop(int(last))
    else:
        del at[last]
    return body


def test_a_record_can_be_complete() -> None:
    found = measured()
    assert found.missing == ()
    assert found.whole.percent == 100 and found.whole.required > 25
    assert set(found.sets) == {"30(1)", "13", "14"}
    assert {share.percent for share in found.sets.values()} == {100}


# (what is left out, where it is said to be missing, one article that asks for it)
LEFT_OUT: list[tuple[str, str, str]] = [
    ("/joint_controllers/0/name", "/joint_controllers/0/name", "GDPR 30(1)(a)"),
    ("/joint_controllers/0/email", "/joint_controllers/0/email", "GDPR 30(1)(a)"),
    ("/dpo", "/dpo", "GDPR 30(1)(a)"),
    ("/dpo/contact", "/dpo/contact/email", "GDPR 13(1)(b)"),
    ("/purposes", "/purposes", "GDPR 30(1)(b)"),
    ("/legal_bases", "/legal_bases", "GDPR 13(1)(c)"),
    ("/legal_bases/0/interest_text", "/legal_bases/0/interest_text", "GDPR 13(1)(d)"),
    ("/data_subjects", "/data_subjects", "GDPR 30(1)(c)"),
    ("/transfers", "/transfers", "GDPR 30(1)(e)"),
    ("/transfers/items/0/country", "/transfers/items/0/country", "GDPR 13(1)(f)"),
    ("/transfers/items/0/instrument", "/transfers/items/0/instrument", "GDPR 30(1)(e)"),
    ("/transfers/items/0/copy_available_how", "/transfers/items/0/copy_available_how", "GDPR 13(1)(f)"),
    ("/retention", "/retention", "GDPR 13(2)(a)"),
    ("/retention/0/duration", "/retention/0/duration", "GDPR 30(1)(f)"),
    ("/retention/0/applies_to", "/retention/0/applies_to", "GDPR 30(1)(f)"),
    ("/security_measures", "/security_measures", "GDPR 30(1)(g)"),
    *(
        (f"/rights/{right}", "/rights", "GDPR 13(2)(b)")
        for right in ("access", "rectification", "erasure", "restriction", "object", "portability")
    ),
    ("/rights/withdraw_consent", "/rights", "GDPR 13(2)(c)"),
    ("/complaint", "/complaint", "GDPR 13(2)(d)"),
    ("/provision_obligation", "/provision_obligation", "GDPR 13(2)(e)"),
    ("/automated_decisions/logic", "/automated_decisions/logic", "GDPR 13(2)(f)"),
    ("/automated_decisions/significance", "/automated_decisions/significance", "GDPR 14(2)(g)"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "missing", "article"), LEFT_OUT, ids=[path for path, _, _ in LEFT_OUT])
def test_what_is_left_out_is_named(path: str, missing: str, article: str) -> None:
    found = measured(without(path))
    assert [one.path for one in found.missing] == [missing]
    assert article in found.missing[0].articles
    assert found.missing[0].what.keys() == {"fi", "en"}
    assert found.whole.percent < 100
    assert found.sets[set_of(article)].percent < 100


# What changes what is asked: (changes of the record, sets that apply, paths that are missing)
CASES: list[tuple[dict[str, Any], set[str], list[str]]] = [
    ({"sources": ["data_subject"], "data_categories": [{"text": "Nimi", "collection": "provided"}]},
     {"30(1)", "13"}, []),
    ({"sources": [], "data_categories": [{"text": "Nimi", "collection": "received"}]}, {"30(1)", "14"}, ["/sources"]),
    ({"dpo": "stated_none"}, {"30(1)", "13", "14"}, []),
    ({"dpo": "referred_elsewhere"}, {"30(1)", "13", "14"}, ["/dpo"]),
    ({"dpo": {"status": "partly_stated"}}, {"30(1)", "13", "14"}, ["/dpo", "/dpo/contact/email"]),
    ({"transfers": "stated_none"}, {"30(1)", "13", "14"}, []),
    ({"transfers": "not_stated"}, {"30(1)", "13", "14"}, ["/transfers"]),
    ({"transfers": {"items": [{"country": "US", "instrument": "none_stated"}]}}, {"30(1)", "13", "14"},
     ["/transfers/items/0/instrument"]),
    ({"transfers": {"items": [{"country": "GB", "instrument": "adequacy_GB"}]}}, {"30(1)", "13", "14"}, []),
    ({"recipients": [], "processors": []}, {"30(1)", "13", "14"}, []),
    ({"recipients": [], "processors": [], "disclosures": "stated"}, {"30(1)", "13", "14"}, ["/recipients"]),
    ({"retention": [{"criterion": "asiakkuuden ajan", "applies_to": "not_stated"}]}, {"30(1)", "13", "14"},
     ["/retention/0/applies_to"]),
    ({"legal_bases": ["6(1)(c)"], "rights": ["access", "rectification", "erasure", "restriction"]},
     {"30(1)", "13", "14"}, []),
    ({"legal_bases": [{"legacy_article": "HetiL 8"}], "rights": ["access", "rectification", "erasure", "restriction"]},
     {"30(1)", "13", "14"}, ["/legal_bases/0/article"]),
    ({"rights": [{"right": "access", "status": "referred_elsewhere"}, *WHOLE["rights"][1:]]},
     {"30(1)", "13", "14"}, ["/rights"]),
    ({"automated_decisions": "stated_none"}, {"30(1)", "13", "14"}, []),
    ({"register": {"name": "R", "role": "processor"}}, {"30(2)"}, ["/processor_for"]),
    ({"register": {"name": "R", "role": "processor"}, "processor_for": ["Asiakas Oy"]}, {"30(2)"},
     ["/processor_for/0/categories_of_processing"]),
]  # fmt: skip


@pytest.mark.parametrize(("change", "applies", "missing"), CASES)
def test_what_is_asked_follows_from_what_is_said(
    change: dict[str, Any], applies: set[str], missing: list[str]
) -> None:
    found = measured({**WHOLE, **change})
    assert set(found.sets) == applies
    assert [one.path for one in found.missing] == missing


def test_of_the_controller() -> None:
    assert [one.path for one in measured(controller={"name": "A"}).missing] == ["/controller/address/street"]
    abroad = {**CONTROLLER, "address": {"street": "1 Road", "country": "US"}}
    assert [one.path for one in measured(controller=abroad).missing] == ["/representative/name"]
    assert not measured({**WHOLE, "representative": "Edustaja Oy"}, abroad).missing
    theirs = {**CONTROLLER, "dpo": WHOLE["dpo"]}
    assert not measured(without("/dpo"), theirs).missing


def test_a_hundred_is_all_of_it() -> None:
    assert Share(999, 1000).percent == 99
    assert Share(1000, 1000).percent == 100
    assert Share().percent == 100


def test_every_requirement_names_an_article_of_a_set() -> None:
    for one in required():
        assert one.articles, one
        assert {set_of(article) for article in one.articles} <= {"30(1)", "30(2)", "13", "14"}
        assert one.what.keys() == {"fi", "en"}
    with pytest.raises(KeyError):
        asks.ask({"any": ["/x"], "when": "never_heard_of"})


# --- the authorities' questions


def seen(kind: str, payload: dict[str, Any], level: str = "api") -> Observation:
    return Observation(
        id=7, system="acme/desk", kind=kind, taken_at="2026-11-20T04:00:00.000000Z",
        recorded_at="2026-11-20T04:00:00.000000Z", source_level=level, collector="t", complete=True, invented=True,
        payload=payload, digest="0" * 64,
    )  # fmt: skip


def covered(body: dict[str, Any], key: str, *looks: Observation) -> dict[str, coverage.Covered]:
    whole = assemble("acme/news", body, CONTROLLER, {"desk": {"name": "Desk"}})
    _, answers = coverage.coverage(Case(whole, law(), DAY, looks), sets()[key])
    return {one.question.key: one for one in answers}


def test_the_sets_are_those_of_the_authorities() -> None:
    assert {key: len(one.questions) for key, one in sets().items()} == {
        "uk_ico_ropa": 42, "ie_dpc_ropa": 41, "fr_cnil_ropa": 38,
    }  # fmt: skip
    assert {key: sum(q.required for q in one.questions) for key, one in sets().items()} == {
        "uk_ico_ropa": 20, "ie_dpc_ropa": 20, "fr_cnil_ropa": 18,
    }  # fmt: skip


def test_a_record_that_says_all_answers_all_but_what_has_no_place_here() -> None:
    for key in sets():
        answers = covered({**WHOLE, "systems": ["desk"], "representative": "Edustaja Ltd"}, key)
        by_kind: dict[str, set[str]] = {}
        for name, one in answers.items():
            by_kind.setdefault(one.answer, set()).add(name.partition("_")[2])
        assert by_kind.get("missing", set()) == set(), key
        assert {name for name in answers if answers[name].answer == "open"} == {
            name for name in answers if name.endswith({"f": ("7_3", "7_4")}.get(key[0], ("6_3", "6_4")))
        }


def test_a_representative_is_asked_for_where_the_controller_is_elsewhere() -> None:
    asked = {key: covered(WHOLE, key) for key in sets()}
    assert asked["uk_ico_ropa"]["ico_1_5"].missing == ("/representative/name",)
    assert asked["ie_dpc_ropa"]["dpc_1_4"].answer == "not_applicable"


def test_what_is_missing_is_told_by_path() -> None:
    answers = covered(without("/retention/0/applies_to"), "ie_dpc_ropa")
    assert answers["dpc_6_1"].answer == "missing"
    assert answers["dpc_6_1"].missing == ("/retention/0/applies_to",)
    assert covered(without("/dpo"), "uk_ico_ropa")["ico_1_4"].missing == ("/dpo",)
    assert covered({"register": "R"}, "fr_cnil_ropa")["cnil_2_4"].answer == "not_applicable"
    assert covered({"register": "R"}, "fr_cnil_ropa")["cnil_14_1"].answer == "outside"


def deletes(after: str) -> Observation:
    rule = {
        "id": "1",
        "object": "ticket",
        "active": True,
        "after": after,
        "counted_from": "created",
        "action": "erase",
    }
    return seen("deletion_rules", {"rules": [rule]})


def test_whether_retention_is_adhered_to_is_answered_by_the_observations() -> None:
    body = {**WHOLE, "systems": ["desk"]}
    kept = covered(body, "uk_ico_ropa", deletes("P1Y"))
    assert (kept["ico_6_3"].answer, kept["ico_6_4"].answer) == ("answered", "not_applicable")
    assert kept["ico_6_3"].says == (
        {"fi": "Säilytysaikaa noudatetaan.", "en": "The retention is adhered to."},
    )
    broken = covered(body, "uk_ico_ropa", deletes("P2Y"))
    assert (broken["ico_6_3"].answer, broken["ico_6_4"].answer) == ("answered", "answered")
    assert broken["ico_6_3"].says[0]["en"] == "The retention is not adhered to."
    assert "acme/desk" in broken["ico_6_4"].says[0]["en"]
    assert broken["ico_6_4"].observations == (7,)
    unseen = covered(body, "uk_ico_ropa")
    assert (unseen["ico_6_3"].answer, unseen["ico_6_4"].answer) == ("open", "open")
    assert "observation" in unseen["ico_6_3"].says[0]["en"]
