"""Who is limited to some registers, to a system, to a period or to what was published: what they can learn besides, by
lists, filters, references, cursors, replays and numbers: nothing."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from registry import clock, db
from registry.auth.roles import giving
from registry.auth.roles.duties import Given
from registry.checks.findings import waiving
from registry.checks.findings.stored import StoredFinding
from registry.checks.runs import running
from registry.connectors.observations.stored import record_observation
from registry.notices import publish
from tests import engines
from tests.hostile.holders import EVERYTHING
from tests.hostile.test_locks import ASSUMED, LOOK, MATCH, OPEN, ROWS, SOON, Row, told
from tests.hostile.world import (
    ACCOUNTS,
    BY,
    DESK,
    RECORD,
    SEEN_AT,
    WAIVED,
    Caller,
    World,
    declare,
    made,
    written,
)

#: Words that stand in another register, in its system, and in a version of one's own register that nobody published.
HIDDEN, VAULT, DRAFT = "hietakätkö", "holvikone", "luonnosvara"
WORDS = [word.encode() for word in (HIDDEN, VAULT, "acme/hidden", "acme/vault")]
NEW = {"If-None-Match": "*"}


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def world(databases: engines.Engines, request: pytest.FixtureRequest) -> Iterator[World]:
    with databases.fresh(request.param, migrated=True) as url:
        db.open(url)
        here = made(url)
        declare("system", "acme", "vault", {**DESK, "name": VAULT})
        declare("register", "acme", "hidden", {**RECORD, "purposes": [HIDDEN], "systems": ["vault"]})
        publish.publish("acme", "hidden", by=BY)
        record_observation(
            "acme/vault", "accounts", ACCOUNTS, by=BY, taken_at=SEEN_AT, source_level="api", complete=True
        )
        declare("system", "acme", "planned", DESK)
        declare(
            "register", "acme", "news", {**RECORD, "purposes": [DRAFT], "systems": ["desk", "planned"]}, 2
        )
        running.run(running.Scope(controllers=frozenset({"acme"})), by=BY)
        until = clock.day_of(clock.now()) + timedelta(days=30)
        waiving.propose("acme", "hidden", WAIVED, "", reason="Myöhemmin.", until=until, by=BY)
        yield here
        db.close()


def limited(world: World, role: str, **columns: Any) -> Caller:
    names = {"systems": ("desk",)} if role == "system" else {"registers": ("news",)}
    return world.with_role(f"{role} {columns}", Given(role, "acme", **names), **columns)


def everyone(world: World) -> dict[str, Caller]:
    return {
        "editor": limited(world, "editor"),
        "reader": limited(world, "reader"),
        "auditor": limited(world, "auditor", scopes=EVERYTHING, audit=1),
        "system": limited(world, "system"),
    }


READS = [row for row in ROWS if row.method == "GET" and row.scope != OPEN and "<" not in row.rule]
ALSO = [
    "/v1/registers?q=hietakatko", "/v1/registers?controller=acme&system=vault", "/v1/registers?vendor=Zendesk, Inc.",
    "/v1/registers?as_of=2090-01-01", "/v1/registers?known_at=2090-01-01T00:00:00Z", "/v1/systems?controller=acme",
    "/v1/systems?q=holvikone", "/v1/findings?controller=acme&kind=all", "/v1/findings?kind=all",
    "/v1/findings?controller=acme&kind=all&as_of=2090-01-01",
    "/v1/findings?controller=acme&kind=all&known_at=2090-01-01",
    "/v1/waivers?controller=acme", "/v1/observations?limit=200", "/v1/journal?controller=acme&limit=200",
    "/v1/journal?object=register/acme/hidden", "/v1/notices?controller=acme", "/v1/changes?controller=acme&limit=200",
    "/v1/retention-rules?system=acme/desk", "/v1/retention-rules?register=acme/news", "/v1/check-runs?limit=200",
    "/v1/retention-rules/changes?controller=acme", "/v1/forecast?controller=acme", "/v1/legal-holds?controller=acme",
]  # fmt: skip


@pytest.mark.parametrize("path", [*(row.path.format(c="acme") for row in READS), *ALSO])
def test_c1_no_list_tells_of_what_is_not_reached(world: World, path: str) -> None:
    for name, caller in everyone(world).items():
        answer = caller("GET", path)
        assert answer.status_code in (200, 403, 404, 422), name
        assert not [word for word in WORDS if word in answer.get_data()], name


def test_what_is_looked_for_is_there_and_who_may_finds_it(world: World) -> None:
    reader = world.with_role("reader", Given("reader", "acme"))
    found = {path for path in ALSO if any(word in reader("GET", path).get_data() for word in WORDS)}
    assert len(found) >= 12, found
    for name in ("editor", "reader", "auditor"):
        assert (
            b"acme/news" in everyone(world)[name]("GET", "/v1/findings?kind=all").get_data()
            or name == "auditor"
        )
        assert b'"key":"news"' in everyone(world)[name]("GET", "/v1/registers").get_data()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/registers/acme/{k}", None),
        ("GET", "/v1/registers/acme/{k}?as_of=2030-01-01", None),
        ("GET", "/v1/registers/acme/{k}?known_at=2030-01-01T00:00:00Z", None),
        ("GET", "/v1/registers/acme/{k}/versions", None),
        ("GET", "/v1/registers/acme/{k}/versions/1", None),
        ("GET", "/v1/registers/acme/{k}/diff?from=1&to=1", None),
        ("PUT", "/v1/registers/acme/{k}", {"record": {"register": "Oma"}}),
        ("GET", "/v1/systems/acme/{s}", None),
        ("GET", "/v1/systems/acme/{s}/versions", None),
        ("GET", "/v1/systems/acme/{s}/diff?from=1&to=1", None),
        ("GET", "/v1/findings?register=acme/{k}&kind=all", None),
        ("GET", "/v1/findings?register=acme/{k}&kind=all&as_of=2030-01-01", None),
        ("GET", "/v1/findings?register=acme/{k}&known_at=2030-01-01", None),
        ("POST", "/v1/check-runs", {"register": "acme/{k}"}),
        ("POST", "/v1/check-runs", {"register": "acme/{k}", "as_of": "2026-12-01"}),
        ("GET", "/v1/forecast?register=acme/{k}", None),
        ("GET", "/v1/completeness?register=acme/{k}", None),
        ("GET", "/v1/coverage?register=acme/{k}", None),
        ("GET", "/v1/consequences?register=acme/{k}&from=1&to=1", None),
        ("POST", "/v1/consequences", {"register": "acme/{k}", "record": {"register": "Oma"}}),
        ("POST", "/v1/what-if", {"register": "acme/{k}", "assume": ASSUMED}),
        ("GET", "/v1/waivers?register=acme/{k}", None),
        ("GET", "/v1/observations?system=acme/{s}", None),
        ("GET", "/v1/notices/acme/{k}", None),
        ("GET", "/v1/retention-rules?register=acme/{k}", None),
        ("GET", "/v1/retention-rules?system=acme/{s}", None),
        ("GET", "/v1/retention-rules?register=acme/news&system=acme/{s}", None),
        ("GET", "/v1/journal?object=register/acme/{k}", None),
        ("GET", "/v1/journal?object=notice/acme/{k}", None),
        ("POST", "/v1/retention-decisions", {"items": [{"system": "acme/{s}", "anchor": "2020-01-01"}]}),
    ],
)  # fmt: skip
def test_c1_what_is_not_reached_is_as_if_it_were_not(world: World, method: str, path: str, body: Any) -> None:
    callers, before = everyone(world), written()  # whoever is first makes them
    for name, caller in callers.items():

        def ask(register: str, system: str, caller: Caller = caller) -> Any:
            text = json.dumps(body).replace("{k}", register).replace("{s}", system)
            where = path.replace("{k}", register).replace("{s}", system)
            status, headers, data = told(
                caller(method, where, json.loads(text), NEW if method == "PUT" else None)
            )
            if method == "POST" and "decisions" in where and status.startswith("200"):
                data = [
                    {k: v for k, v in one.items() if k != "valid_until"}
                    for one in json.loads(data)["decisions"]
                ]
                headers = []
            return status, headers, data

        assert ask("hidden", "vault") == ask("ghosts", "ghost"), name
    assert written() == before


def test_c1_numbers_lead_nowhere(world: World) -> None:
    """Findings, observations, waivers, runs and changes are numbered through: what is not reached is not there."""
    rows = StoredFinding.select(StoredFinding.finding).where(StoredFinding.register == "hidden")
    findings = [number for (number,) in rows.tuples()]
    assert findings
    for name, caller in everyone(world).items():
        for path in [
            *(f"/v1/findings/{number}" for number in findings[:3]),
            "/v1/observations/2", "/v1/waivers/3", "/v1/waivers/2", "/v1/check-runs/1", "/v1/check-runs/2",
            "/v1/retention-rules/changes/1", "/v1/retention-rules/changes/2", "/v1/legal-holds/1",
        ]:  # fmt: skip
            answer = caller("GET", path)
            assert answer.status_code in (403, 404), (name, path)
            assert told(answer) == told(caller("GET", path.rpartition("/")[0] + "/999999999")), (name, path)


@pytest.mark.parametrize(
    "path", ["/v1/registers", "/v1/findings", "/v1/journal", "/v1/observations", "/v1/notices"]
)
def test_c1_a_cursor_of_somebody_who_sees_more_opens_nothing(world: World, path: str) -> None:
    reader = world.with_role("reader", Given("reader", "acme"))
    kind = {"kind": "all"} if path == "/v1/findings" else {}
    cursor = reader("GET", path, query={"limit": "1", **kind}).json["next"]  # type: ignore[index]  # JSON
    for name, caller in everyone(world).items():
        answer = caller("GET", path, query={"cursor": cursor, "limit": "200", **kind})
        assert not [word for word in WORDS if word in answer.get_data()], name


def test_an_auditor_sees_no_draft_anywhere(world: World) -> None:
    """The version that applies now was never published: what was published before is what there is."""
    auditor, editor = everyone(world)["auditor"], everyone(world)["editor"]
    assert editor("GET", "/v1/registers/acme/news").json["version"] == 3  # type: ignore[index]  # JSON
    assert auditor("GET", "/v1/registers/acme/news").json["version"] == 2  # type: ignore[index]  # JSON
    assert [one["version"] for one in auditor("GET", "/v1/registers/acme/news/versions").json["items"]] == [2]  # type: ignore[index]  # JSON
    for path in ("versions/3", "versions/1", "diff?from=2&to=3", "diff?from=1&to=2"):
        assert auditor("GET", f"/v1/registers/acme/news/{path}").status_code == 404
    assert auditor("GET", "/v1/findings?register=acme/news&kind=all").json["items"] == []  # type: ignore[index]  # JSON
    # Nor a system that only a draft names.
    assert editor("GET", "/v1/systems/acme/planned").status_code == 200
    assert auditor("GET", "/v1/systems/acme/planned").status_code == 404
    assert [one["key"] for one in auditor("GET", "/v1/systems").json["items"]] == ["desk"]  # type: ignore[index]  # JSON
    of_day = auditor("GET", f"/v1/findings?register=acme/news&kind=all&as_of={SOON}")
    assert of_day.status_code == 200
    for row in [row for row in READS if row.scope != OPEN]:
        assert DRAFT.encode() not in auditor("GET", row.path.format(c="acme")).get_data()
    for path in ALSO:
        assert DRAFT.encode() not in auditor("GET", path).get_data()
    assert DRAFT.encode() not in of_day.get_data()
    everything = world.with_role("auditor of all", Given("auditor", "acme"), scopes=EVERYTHING, audit=1)
    keys = [one["key"] for one in everything("GET", "/v1/registers").json["items"]]  # type: ignore[index]  # JSON
    assert "news" in keys
    assert "draft" not in keys
    assert everything("GET", "/v1/registers/acme/draft").status_code == 404
    assert b"register/acme/draft" not in everything("GET", "/v1/journal?limit=200").get_data()


def test_a_period_is_a_period(world: World) -> None:
    """Half-open: versions, records, findings, entries and observations of it, and nothing before or after."""
    now = clock.now()
    period = {"since": "2020-01-01T00:00:00.000000Z", "until": now[:4] + "-01-01T00:00:00.000000Z"}
    past = world.with_role("past", Given("auditor", "acme"), scopes=EVERYTHING, audit=1, **period)
    for path in ("/v1/registers", "/v1/registers/acme/news", "/v1/findings?kind=all", "/v1/controllers/acme"):
        answer = past("GET", path)
        assert (answer.status_code, answer.json["code"]) == (403, "outside_engagement"), path  # type: ignore[index]  # JSON
    assert past("GET", "/v1/registers?as_of=2021-01-01").json["items"] == []  # type: ignore[index]  # JSON
    assert past("GET", "/v1/registers/acme/news?as_of=2021-01-01").status_code == 404
    assert past("GET", "/v1/registers/acme/news?as_of=2019-12-31").status_code == 403
    for path in ("/v1/journal", "/v1/registers/acme/news/versions", "/v1/notices"):
        assert past("GET", path).json["items"] == [], path  # type: ignore[index]  # JSON
    assert past("GET", "/v1/registers/acme/news/versions/2").status_code == 404
    assert past("GET", "/v1/retention-rules?controller=acme").status_code == 404


def test_an_editor_writes_the_named_register_and_nothing_else(world: World) -> None:
    editor = everyone(world)["editor"]
    body = {"record": {**RECORD, "purposes": ["Toinen"]}}
    assert editor("PUT", "/v1/registers/acme/news", body, {"If-Match": '"v1"'}).status_code == 412
    assert editor("PUT", "/v1/registers/acme/uusi", body, NEW).status_code == 404
    for path in ("/v1/registers/acme/hidden", "/v1/registers/acme/old"):
        assert editor("PUT", path, body, {"If-Match": '"v1"'}).status_code == 404
        assert editor("DELETE", path, None, {"If-Match": '"v1"'}).status_code == 404
    assert editor("POST", "/v1/notices", {"register": "acme/news"}).status_code == 403
    assert editor("POST", "/v1/observations", {**LOOK, "system": "acme/desk"}).status_code == 403


def test_a_run_of_somebody_who_sees_one_register_ends_nobody_elses_findings(world: World) -> None:
    editor = everyone(world)["editor"]
    standing = StoredFinding.select().where(
        (StoredFinding.register == "hidden") & StoredFinding.until.is_null()
    )
    before = standing.count()
    for body in ({}, {"controller": "acme"}):
        assert editor("POST", "/v1/check-runs", body).status_code == 403
    run = editor("POST", "/v1/check-runs", {"register": "acme/news"})
    assert run.status_code == 201
    assert editor("GET", run.headers["Location"]).status_code == 200
    assert standing.count() == before > 0


def test_a_system_reads_its_rules_and_no_more(world: World) -> None:
    system = everyone(world)["system"]
    assert system("GET", "/v1/retention-rules?system=acme/desk").status_code == 200
    for query in (
        "controller=acme",
        "register=acme/news",
        "system=acme/vault",
        "register=acme/news&controller=acme",
    ):
        assert system("GET", f"/v1/retention-rules?{query}").status_code == 404, query
    asked = {
        "items": [
            {"system": f"acme/{key}", "category": "D1", "anchor": "2020-01-01"} for key in ("desk", "vault")
        ]
    }
    mine, other = system("POST", "/v1/retention-decisions", asked).json["decisions"]  # type: ignore[index]  # JSON
    assert mine["decision"] != "unknown" or mine["code"] != "no_rule"
    assert (other["decision"], other["code"]) == ("unknown", "no_rule")
    doors = [row for row in ROWS if row.scope != OPEN and "retention-" not in row.rule]
    for row in doors:
        answer = system(row.method, row.path.format(c="acme", **_numbers(world)), None, row.headers)
        assert answer.status_code == 403, row


def _numbers(world: World) -> dict[str, Any]:
    return {name: value for name, value in vars(world).items() if isinstance(value, int | str)}


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row.method != "GET" and row.scope != OPEN],
    ids=lambda r: f"{r.method} {r.rule}",
)
def test_c2_an_auditor_writes_nothing_and_the_log_says_who_tried(
    world: World, row: Row, caplog: pytest.LogCaptureFixture
) -> None:
    auditor = world.with_role("auditor of all", Given("auditor", "acme"), scopes=EVERYTHING, audit=1)
    if row.scope.endswith(":read"):
        return
    before = written()
    with caplog.at_level(logging.WARNING, "registry.auth.guard"):
        answer = auditor(*row.sent("acme", _numbers(world)))
    assert (answer.status_code, answer.json["code"]) == (403, "insufficient_scope")  # type: ignore[index]  # JSON
    assert written() == before
    said = [record.getMessage() for record in caplog.records if record.name == "registry.auth.guard"]
    assert said == [f"refused: client/{auditor.client_id} at {row.method} {row.rule}"]


def test_c1_a_replay_tells_nothing_to_who_may_see_less_by_now(world: World) -> None:
    caller = world.with_role("replays", Given("editor", "acme", ("news",)))
    headers = {"Idempotency-Key": "run-of-news"}
    first = caller("POST", "/v1/check-runs", {"register": "acme/news"}, headers)
    assert first.status_code == 201
    assert caller("POST", "/v1/check-runs", {"register": "acme/news"}, headers).json == first.json
    principal = f"client/{caller.client_id}"
    with db.writing():
        for row in giving.of(principal):
            giving.away(row, by=BY)
        giving.keep(principal, Given("editor", "acme", ("old",)), by=BY)
    again = caller("POST", "/v1/check-runs", {"register": "acme/news"}, headers)
    assert (again.status_code, again.json["code"]) == (409, "rights_have_changed")  # type: ignore[index]  # JSON


def test_errors_name_nothing_that_is_not_reached(world: World) -> None:
    editor = everyone(world)["editor"]
    body = {"record": {**RECORD, "systems": ["vault", "nowhere"]}}
    version = editor("GET", "/v1/registers/acme/news").headers["ETag"]
    answer = editor("PUT", "/v1/registers/acme/news", body, {"If-Match": version})
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json["errors"]] == ["/record/systems/0", "/record/systems/1"]  # type: ignore[index]  # JSON
    assert MATCH


def test_an_auditor_hears_of_no_register_that_was_never_published(world: World) -> None:
    """Not by a waiver in it, nor by what the journal says of that, or of a role of somebody who edits it."""
    with db.writing():
        giving.keep("client/0123456789abcdef", Given("editor", "acme", ("old", "draft")), by=BY)
    auditor = world.with_role("auditor of all", Given("auditor", "acme"), scopes=EVERYTHING, audit=1)
    reader = world.with_role("reader", Given("reader", "acme"))
    seen = {one["register"] for one in reader("GET", "/v1/waivers").json["items"]}  # type: ignore[index]  # JSON
    assert {"acme/old", "acme/news"} <= seen
    shown = {one["register"] for one in auditor("GET", "/v1/waivers").json["items"]}  # type: ignore[index]  # JSON
    assert shown == seen - {"acme/old"}
    unknown = auditor("GET", f"/v1/waivers/{10**12}")
    assert told(auditor("GET", f"/v1/waivers/{world.waived}")) == told(unknown)
    assert auditor("GET", f"/v1/waivers/{world.proposed}").status_code == 200
    owner = world.with_role(
        "auditor of all, owner elsewhere", Given("auditor", "acme"), beside=[Given("owner", "other")],
        scopes=EVERYTHING, audit=2,
    )  # fmt: skip
    assert told(owner("DELETE", f"/v1/waivers/{world.waived}", None, MATCH)) == told(
        owner("DELETE", f"/v1/waivers/{10**12}", None, MATCH)
    )
    assert owner("DELETE", f"/v1/waivers/{world.proposed}", None, MATCH).status_code == 403
    for one, hidden in ((reader, False), (auditor, True)):
        items, cursor = [], {}
        while cursor is not None:
            page = one("GET", "/v1/journal", query={"limit": "200", **cursor}).json
            assert page is not None
            items += page["items"]
            cursor = {"cursor": page["next"]} if page["next"] else None
        payloads = {one["entry"]["object"]: one["payload"] for one in items}
        assert (payloads[f"waiver/acme/{world.waived}"] is None) == hidden
        assert payloads[f"waiver/acme/{world.proposed}"]["register"] == "acme/news"
        roles = [one["payload"] for one in items if one["entry"]["action"] == "role.given"]
        assert any("editor@acme:old,draft" in str(payload) for payload in roles) != hidden


def test_runs_of_ones_own_go_with_the_role_that_they_were_made_by(world: World) -> None:
    caller = world.with_role("runs", Given("editor", "acme", ("news",)), beside=[Given("dpo", "other")])
    made = [
        caller("POST", "/v1/check-runs", body).headers["Location"] for body in ({"register": "acme/news"}, {})
    ]
    assert [caller("GET", path).status_code for path in made] == [200, 200]
    with db.writing():
        for row in giving.of(f"client/{caller.client_id}"):
            if row.controller == "acme":
                giving.away(row, by=BY)
    assert [caller("GET", path).status_code for path in made] == [404, 200]
    listed = caller("GET", "/v1/check-runs?limit=1").json
    assert listed is not None
    assert [one["register"] for one in listed["items"]] == [None]
    assert b"acme" not in caller("GET", "/v1/check-runs").get_data()
