"""Declared beside observed: what differs is said to differ, and nothing is said to agree that nobody saw to the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from registry import clock, db
from registry.catalogue import store
from registry.catalogue.record import assemble
from registry.cli import main
from registry.connectors.observations.stored import record_observation
from registry.connectors.observed import kinds
from registry.connectors.observed.observation import Level
from registry.drift import routes, sides
from registry.drift.beside import ASPECTS, CODES
from registry.drift.drifting import Drift, drift
from registry.errors import Gone, NotFound
from tests.connectors.asking import Caller, make

BY = "client/test"
RECORD: dict[str, Any] = {
    "register": "Asiakkaat",
    "systems": ["desk", "mail"],
    "data_categories": [{"id": "D1", "text": {"fi": "Sähköposti", "en": "E-mail"}, "pd": "pd:EmailAddress"}],
    "retention": [
        {"id": "R1", "applies_to": "all", "duration": "P6M", "action": "erase", "mode": "automatic"},
        {"id": "R2", "applies_to": "all", "criterion": {"fi": "tarpeen ajan", "en": "as needed"}},
    ],
    "storage_locations": [{"area": "EU", "exclusive": True}],
    "access": {"roles": [{"role": "Neuvoja", "domains": ["acme.example"], "permission": "agent"}]},
}
SHORT = {"rules": [{"id": "1", "object": "ticket", "active": True, "after": "P6M", "counted_from": "created",
                    "action": "erase"}]}  # fmt: skip
LONG = {"rules": [{**SHORT["rules"][0], "after": "P12M"}]}
MINE = {"accounts": [{"role": "agent", "domain": "acme.example", "active": True, "two_factor": True}]}
FOREIGN = {"accounts": [*MINE["accounts"], {"role": "agent", "domain": "other.example", "active": True}]}

LATER = f"{int(clock.now()[:4]) + 1}-06-30"

Look = Callable[..., None]


@pytest.fixture
def look(opened: str) -> Look:
    store.declare("controller", "acme", "acme", {"name": "Acme"}, by=BY, expect=store.NEW)
    for key in ("desk", "mail", "alone"):
        store.declare(
            "system", "acme", key, {"name": key.title(), "kind": "helpdesk"}, by=BY, expect=store.NEW
        )
    store.declare("register", "acme", "customers", RECORD, by=BY, expect=store.NEW)

    def looked(
        kind: str, payload: Any, days: int = 0, system: str = "acme/desk", complete: bool = True
    ) -> None:
        taken = clock.now() if not days else f"2026-01-{31 - days:02}T08:00:00Z"
        record_observation(
            system, kind, payload, by=BY, taken_at=taken, source_level="api", complete=complete
        )

    return looked


def verdicts(found: Drift) -> dict[str, str]:
    (register,) = found.registers
    return {one.aspect.name: one.verdict for one in register.aspects}


def test_what_nobody_saw_agrees_with_nothing(look: Look) -> None:
    found = drift("acme", "desk", overdue_days=30)
    assert "agrees" not in verdicts(found).values() and "differs" not in verdicts(found).values()
    assert {one.kind for one in found.overdue} >= {"deletion_rules", "accounts", "region"}
    assert all(one.taken_at is None for one in found.overdue)


def test_statement_by_statement(look: Look) -> None:
    look("deletion_rules", SHORT)
    look("accounts", MINE)
    look("region", {"country": "FI"})
    found = drift("acme", "desk", overdue_days=30)
    told = verdicts(found)
    assert (told["retention"], told["domains"], told["region"]) == ("agrees", "agrees", "agrees")
    (retention,) = (one for one in found.registers[0].aspects if one.aspect.name == "retention")
    # The second rule has no period that anything could be compared with.
    assert [(one.field, one.verdict) for one in retention.statements] == [
        ("/retention/0", "agrees"),
        ("/retention/1", "unknown"),
    ]


@pytest.mark.parametrize(
    ("kind", "well", "ill", "aspect"),
    [
        ("deletion_rules", SHORT, LONG, "retention"),
        ("deletion_rules", SHORT, {"rules": []}, "retention"),
        ("accounts", MINE, FOREIGN, "domains"),
        ("accounts", MINE, {"accounts": [{**MINE["accounts"][0], "role": "administrator"}]}, "roles"),
        ("region", {"country": "FI"}, {"country": "US"}, "region"),
        (
            "field_inventory",
            {"fields": [{"object": "user", "name": "email", "pd": "pd:EmailAddress"}]},
            {"fields": [{"object": "user", "name": "ssn", "pd": "pd:NationalIdentificationNumber"}]},
            "fields",
        ),
    ],
)
def test_a_change_differs_and_putting_it_back_agrees(
    look: Look, kind: str, well: Any, ill: Any, aspect: str
) -> None:
    for payload, verdict in ((well, "agrees"), (ill, "differs"), (well, "agrees")):
        look(kind, payload)
        found = drift("acme", "desk", overdue_days=30)
        assert verdicts(found)[aspect] == verdict
    (changed,) = found.changed
    assert changed.kind == kind and changed.differences
    assert changed.before.payload != changed.after.payload


@pytest.mark.parametrize(
    ("kind", "before", "after", "told"),
    [
        ("accounts", MINE, FOREIGN, [("/accounts", "added")]),
        ("accounts", FOREIGN, MINE, [("/accounts", "removed")]),
        ("deletion_rules", SHORT, LONG, [("/rules/0/after", "changed")]),
        ("deletion_rules", SHORT, {"rules": []}, [("/rules/0", "removed")]),
        (
            "roles",
            {"roles": [{"role": "b", "permission": "viewer"}]},
            {"roles": [{"role": "a", "permission": "viewer"}, {"role": "b", "permission": "admin"}]},
            [("/roles/1/permission", "changed"), ("/roles/0", "added")],
        ),
        ("region", {"country": "FI"}, {"country": "SE"}, [("/country", "changed")]),
    ],
)
def test_what_changed_since_the_look_before(
    look: Look, kind: str, before: Any, after: Any, told: list[tuple[str, str]]
) -> None:
    look(kind, before, days=2)
    look(kind, after)
    (changed,) = drift("acme", "desk", overdue_days=30).changed
    assert [(one["field"], one["change"]) for one in changed.differences] == told


def test_half_a_look_never_agrees(look: Look) -> None:
    look("deletion_rules", SHORT, complete=False)
    look("accounts", MINE, complete=False)
    look("region", {"country": "FI"}, complete=False)
    assert "agrees" not in verdicts(drift("acme", "desk", overdue_days=30)).values()
    look("accounts", FOREIGN, complete=False)
    assert verdicts(drift("acme", "desk", overdue_days=30))["domains"] == "differs"


def test_a_look_that_failed_is_told_and_is_no_agreement(look: Look) -> None:
    look("region", {"country": "FI"}, days=3)
    look("could_not_look", {"asked": "deletion_rules", "reason": "forbidden"})
    found = drift("acme", "desk", overdue_days=30)
    (retention,) = (one for one in found.registers[0].aspects if one.aspect.name == "retention")
    assert retention.verdict == "unknown"
    assert [one.kind for one in retention.evidence] == ["could_not_look"]
    assert "may not see this" in sides.seen(retention.evidence[0])[0]["en"]


def test_a_look_that_failed_and_was_made_good_is_no_evidence_any_more(look: Look) -> None:
    look("could_not_look", {"asked": "deletion_rules", "reason": "unauthorised"}, days=3)
    look("deletion_rules", SHORT, days=2)

    def kinds() -> list[str]:
        found = drift("acme", "desk", overdue_days=30)
        (retention,) = (one for one in found.registers[0].aspects if one.aspect.name == "retention")
        return [one.kind for one in retention.evidence]

    assert kinds() == ["deletion_rules"]
    look("could_not_look", {"asked": "deletion_rules", "reason": "unavailable"}, days=1)
    assert "could_not_look" in kinds()
    look("deletion_rules", SHORT, complete=False)
    assert "could_not_look" in kinds(), "what was seen in part makes nothing good"


def test_each_system_is_judged_alone(look: Look) -> None:
    look("deletion_rules", SHORT)
    look("deletion_rules", LONG, system="acme/mail")
    assert verdicts(drift("acme", "desk", overdue_days=30))["retention"] == "agrees"
    assert verdicts(drift("acme", "mail", overdue_days=30))["retention"] == "differs"
    assert drift("acme", "alone", overdue_days=30).registers == ()


def test_what_was_looked_at_long_ago_is_overdue(look: Look) -> None:
    look("region", {"country": "FI"}, days=5)
    late = {one.kind: one.days for one in drift("acme", "desk", overdue_days=30).overdue}
    assert (late["region"] or 0) > 30
    assert "region" not in {one.kind for one in drift("acme", "desk", overdue_days=100_000).overdue}


def test_what_the_log_of_a_system_says_anew_is_told_and_bears_nothing_out(look: Look) -> None:
    """An old entry that left the log, and a window that moved, are no change."""
    old = {"object": "user", "action": "login", "count": 3, "latest": "2026-01-02T08:00:00.000000Z"}
    new = {
        "object": "deletion_schedule",
        "action": "update",
        "count": 2,
        "latest": "2026-01-29T08:00:00.000000Z",
    }
    same = {"object": "role", "action": "create", "count": 1, "latest": "2026-01-20T08:00:00.000000Z"}
    look("changes", {"since": "2026-01-01T08:00:00Z", "changes": [old, same]}, days=5)
    look("changes", {"since": "2026-01-03T08:00:00Z", "changes": [same]}, days=3)
    found = drift("acme", "desk", overdue_days=30)
    assert found.changed == () and set(verdicts(found).values()) <= {"unknown", "not_applicable"}
    look("changes", {"since": "2026-01-04T08:00:00Z", "changes": [new, same]}, days=1)
    found = drift("acme", "desk", overdue_days=30)
    (changed,) = found.changed
    assert [one["after"]["object"] for one in changed.differences] == ["deletion_schedule"]
    assert set(verdicts(found).values()) <= {"unknown", "not_applicable"}
    (retention,) = (one for one in found.registers[0].aspects if one.aspect.name == "retention")
    assert "deletion_schedule" in sides.seen(retention.evidence[0])[0]["en"]


def test_how_the_log_left_a_setting_is_told_and_so_is_a_change_of_it(look: Look) -> None:
    def left(on: bool | None, at: str, *, days: int) -> None:
        one = {"about": "redacted", "name": "Redaction", "on": on, "at": at}
        settings = [one] if at else []
        look("changes", {"since": "2026-01-01T08:00:00Z", "changes": [], "settings": settings}, days=days)

    left(None, "", days=4)
    (hygiene,) = (
        one
        for one in drift("acme", "desk", overdue_days=30).registers[0].aspects
        if one.aspect.name == "account_hygiene"
    )
    assert [told["en"] for told in sides.seen(hygiene.evidence[0])] == ["no changes since 2026-01-01"]
    left(True, "2025-01-01T08:00:00.000000Z", days=3)
    (changed,) = drift("acme", "desk", overdue_days=30).changed
    assert [(one["change"], one["after"]["on"]) for one in changed.differences] == [("added", True)]
    left(True, "2025-01-01T08:00:00.000000Z", days=2)
    assert drift("acme", "desk", overdue_days=30).changed == ()
    left(False, "2026-01-29T08:00:00.000000Z", days=1)
    found = drift("acme", "desk", overdue_days=30)
    (changed,) = found.changed
    assert [(one["change"], one["before"]["on"], one["after"]["on"]) for one in changed.differences] == [
        ("changed", True, False)
    ]
    (hygiene,) = (one for one in found.registers[0].aspects if one.aspect.name == "account_hygiene")
    assert "Redaction (2026-01-29): no" in [told["en"] for told in sides.seen(hygiene.evidence[0])]
    assert hygiene.verdict == "differs"


def test_a_system_that_no_register_names_and_nobody_looked_at(look: Look) -> None:
    found = drift("acme", "alone", overdue_days=30)
    assert (found.registers, found.looked_at) == ((), None)
    look("could_not_look", {"asked": "region", "reason": "forbidden"}, system="acme/alone")
    assert drift("acme", "alone", overdue_days=30).looked_at is None
    look("region", {"country": "FI"}, days=3, system="acme/alone")
    assert (drift("acme", "alone", overdue_days=30).looked_at or "")[:10] == "2026-01-28"


def test_a_register_on_paper_differs_in_nothing_and_agrees_in_nothing(look: Look) -> None:
    store.declare("system", "acme", "shelf", {"name": "Mapit", "kind": "paper"}, by=BY, expect=store.NEW)
    store.declare("register", "acme", "papers", {**RECORD, "systems": ["shelf"]}, by=BY, expect=store.NEW)
    told = verdicts(drift("acme", "shelf", overdue_days=30))
    assert told["retention"] == told["roles"] == told["region"] == "not_applicable"
    assert not {"agrees", "differs"} & set(told.values())


def test_evidence_that_has_expired_bears_nothing_out_and_says_until_when(
    terminal: Callable[..., Any], look: Look
) -> None:
    taken, today = "2026-01-01T08:00:00Z", clock.now()[:10]
    record_observation(
        "acme/desk", "region", {"country": "FI"}, by=BY, taken_at=taken, source_level="attestation",
        complete=True, reference="https://acme.example/dpa", expires_on="2026-02-01",
    )  # fmt: skip
    assert today > "2026-02-01"
    assert verdicts(drift("acme", "desk", overdue_days=30))["region"] == "unknown"
    shown = " ".join(terminal("acme/desk").output.split())
    assert "until 2026-02-01" in shown and "no longer counts" in shown


def test_what_a_vendor_publishes_is_told_as_that(look: Look) -> None:
    record_observation(
        "acme/desk", "deletion_rules", LONG, by=BY, taken_at=clock.now(), source_level="vendor_doc", complete=True,
        reference="https://vendor.example/retention",
    )  # fmt: skip
    (register,) = drift("acme", "desk", overdue_days=30).registers
    (retention,) = (one for one in register.aspects if one.aspect.name == "retention")
    (finding,) = retention.statements[0].findings
    assert (retention.verdict, finding.severity) == ("differs", "warning")
    assert [one.source_level for one in retention.evidence] == ["vendor_doc"]


@pytest.mark.parametrize("level", ["attestation", "export"])
def test_newer_evidence_that_is_weaker_hides_none_that_is_stronger(look: Look, level: Level) -> None:
    """Somebody's word after the system itself was asked: what the system showed counts, and a contradiction is told."""

    def said(kind: str, payload: Any) -> None:
        record_observation(
            "acme/desk", kind, payload, by=BY, taken_at=clock.now(), source_level=level, complete=True,
            reference="https://acme.example/dpa", expires_on=LATER if level == "attestation" else None,
        )  # fmt: skip

    look("deletion_rules", LONG)
    said("deletion_rules", SHORT)  # it is said to be right, and the system shows that it is not
    found = drift("acme", "desk", overdue_days=30)
    (retention,) = (one for one in found.registers[0].aspects if one.aspect.name == "retention")
    assert retention.verdict == "differs" and {one.source_level for one in retention.evidence} == {
        "api",
        level,
    }
    look("deletion_rules", SHORT)
    assert verdicts(drift("acme", "desk", overdue_days=30))["retention"] == "agrees"
    said("deletion_rules", LONG)  # and the other way round: neither is taken for the truth
    found = drift("acme", "desk", overdue_days=30)
    (retention,) = (one for one in found.registers[0].aspects if one.aspect.name == "retention")
    (finding, *_) = (each for one in retention.statements for each in one.findings)
    assert retention.verdict == "unknown" and "contradicts" in finding.message["en"]
    look("deletion_rules", SHORT)
    assert verdicts(drift("acme", "desk", overdue_days=30))["retention"] == "agrees"


def test_evidence_that_is_stronger_and_old_gives_way(look: Look) -> None:
    look("deletion_rules", LONG, days=5)  # in January
    record_observation(
        "acme/desk", "deletion_rules", SHORT, by=BY, taken_at=clock.now(), source_level="attestation", complete=True,
        reference="https://acme.example/dpa", expires_on=LATER,
    )  # fmt: skip
    assert verdicts(drift("acme", "desk", overdue_days=30))["retention"] == "agrees"


@pytest.mark.parametrize(
    ("kind", "payload", "aspect"),
    [("deletion_rules", SHORT, "retention"), ("region", {"country": "FI"}, "region")],
)
def test_what_only_the_vendor_says_does_not_agree(
    look: Look, terminal: Callable[..., Any], kind: str, payload: Any, aspect: str
) -> None:
    def vendor() -> None:
        record_observation(
            "acme/desk", kind, payload, by=BY, taken_at=clock.now(), source_level="vendor_doc", complete=True,
            reference="https://vendor.example/doc",
        )  # fmt: skip

    vendor()
    (register,) = drift("acme", "desk", overdue_days=30).registers
    (told,) = (one for one in register.aspects if one.aspect.name == aspect)
    assert (told.verdict, told.statements[0].verdict) == ("vendor_says", "vendor_says")
    assert f"~ {aspect}" in terminal("acme/desk", "--all").output
    look(kind, payload)
    vendor()
    assert verdicts(drift("acme", "desk", overdue_days=30))[aspect] == "agrees"


def test_what_is_not_there(look: Look) -> None:
    with pytest.raises(NotFound):
        drift("acme", "ghost", overdue_days=30)
    store.end("system", "acme", "alone", by=BY, expect=1)
    with pytest.raises(Gone):
        drift("acme", "alone", overdue_days=30)


def test_every_kind_and_every_check_on_observations_has_its_place() -> None:
    shown = {kind for aspect in ASPECTS for kind in aspect.kinds}
    assert kinds.KINDS.keys() - {"could_not_look"} == sides.KINDS
    assert shown <= sides.KINDS
    assert {f"OBS30{n}" for n in range(1, 9)} | {"LAW208"} == set(CODES)


# --- over HTTP and in a terminal


@pytest.fixture
def acme(look: Look, opened: str) -> Caller:
    app = make(opened, routes.blueprint)
    return Caller(app, "systems:read", "observations:read", "findings:read", of=("acme",))


def test_it_is_served(acme: Caller, look: Look) -> None:
    look("deletion_rules", LONG)
    answer = acme.get("/v1/systems/acme/desk/drift")
    assert answer.status_code == 200
    assert answer.json is not None and not routes.DriftSchema().validate(answer.json)
    (register,) = answer.json["registers"]
    told = {one["aspect"]: one for one in register["aspects"]}
    assert told["retention"]["verdict"] == "differs"
    (finding,) = told["retention"]["statements"][0]["findings"]
    assert finding["observation"] == told["retention"]["evidence"][0]["id"]
    assert (told["retention"]["evidence"][0]["age_days"], answer.json["overdue_after_days"]) == (0, 30)
    assert acme.get("/v1/systems/acme/ghost/drift").status_code == 404
    assert acme.get("/v1/systems/other/desk/drift").status_code == 404


def test_what_a_transfer_rests_on_is_told_by_its_name() -> None:
    items = [
        {"importer": "Zendesk, Inc.", "country": "US", "instrument": "dpf_eu_us"},
        {"importer": "Pilvi"},
    ]
    told = {"register": "Asiakkaat", "systems": [], "transfers": {"status": "stated", "items": items}}
    record = assemble("acme/clients", told, {"name": "Acme"}, {})
    said = [one["fi"] for one in sides.processors(record)]
    assert said[0].startswith("Zendesk, Inc. – US – ") and "dpf_eu_us" not in said[0]
    assert said[-1] == "Pilvi"


@pytest.fixture
def terminal(look: Look, opened: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    monkeypatch.setenv("REGISTRY_DATABASE", opened)
    yield lambda *words: CliRunner().invoke(main, ["drift", *words])
    db.open(opened)


def test_in_a_terminal(terminal: Callable[..., Any], look: Look) -> None:
    look("deletion_rules", SHORT)
    look("accounts", FOREIGN)
    shown = terminal("acme/desk")
    assert shown.exit_code == 0
    assert "✗ domains (OBS301)" in shown.output and "other.example" in shown.output
    assert "✓ retention" not in shown.output
    said = [line for line in shown.output.splitlines() if line.startswith("  error")]
    assert said and "belong to no declared" in said[0]  # how bad it is
    assert "\x1b[" not in shown.output  # no colours where nobody looks
    assert "✓ säilytys (OBS302)" in terminal("acme/desk", "--all", "--language", "fi").output
    rows = [line.split() for line in terminal("acme", "--summary").output.splitlines()[2:]]
    assert rows[1][:2] == ["acme/desk", clock.now()[:10]] and rows[1][-1] == "domains"
    assert (rows[0][0], rows[0][1], " ".join(rows[0][5:])) == ("acme/alone", "never", "no register names it")
    assert terminal("acme/desk", "--summary", "--fail-on-difference").exit_code == 1
    assert terminal("acme/desk", "--fail-on-difference").exit_code == 1
    assert terminal("acme/mail", "--fail-on-difference").exit_code == 0
    assert "No register names" in terminal("acme").output
    assert "Nobody has looked at this system" in terminal("acme/alone").output
    assert "Nobody has looked at this system" not in terminal("acme/desk").output
    lines = [json.loads(line) for line in terminal("--json").output.splitlines()]
    assert [one["system"] for one in lines] == ["acme/alone", "acme/desk", "acme/mail"]
    assert terminal("ghost").exit_code == 1
