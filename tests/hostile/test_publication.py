"""What may never be public or deleted by: the unpublished, the ended, the withheld, and markup from a record."""

from __future__ import annotations

import itertools
import json
from typing import Any

import marshmallow as ma
import pytest
from marshmallow import fields, validate

from registry import clock
from registry.catalogue.record import RecordSchema
from registry.catalogue.record.value import Many, One, Part, Prose
from tests.hostile.world import RECORD, Caller, World, declare

MATCH = {"If-Match": '"v1"'}
LATER = "2099-01-01"
_number = itertools.count(1)


def register(**record: Any) -> str:
    """The key of a new register of acme's."""
    key = f"p{next(_number)}"
    declare("register", "acme", key, {**RECORD, **record})
    return key


def rules(caller: Caller, key: str) -> list[dict[str, Any]]:
    """The retention rules served of a register; none is 404 `no_rule`, and nothing else."""
    answer = caller("GET", f"/v1/retention-rules?register=acme/{key}")
    said: Any = answer.json
    if answer.status_code == 200:
        assert said["rules"], "an empty list would be read as: delete"
        return list(said["rules"])
    assert (answer.status_code, said["code"]) == (404, "no_rule")
    return []


def page(world: World, key: str) -> int:
    """The status of the public page of a register."""
    return Caller(world.app)("GET", f"/notices/acme/{key}").status_code


def ended(status: str, on: str | None = None) -> dict[str, Any]:
    return {"register": {"name": "Uutiskirje", "status": status, **({"ended_on": on} if on else {})}}


RULE = RECORD["retention"][0]


@pytest.mark.parametrize(
    "record",
    [
        ended("planned"),
        ended("suspended"),
        ended("ended"),
        ended("active", "2020-01-01"),
        {"retention": []},
        {"retention": [{**RULE, "applies_to": "not_stated"}]},
        {"retention": [{"applies_to": "all", "duration": "P6M", "starts_from": "x"}]},
        {"retention": [{"applies_to": "all", "criterion": "tarvittaessa", "action": "erase"}]},
        {"data_categories": []},
        {"provenance": {"/retention": {"status": "placeholder"}}},
        {"provenance": {"/retention/0": {"status": "not_stated"}}},
    ],
    ids=str,
)  # fmt: skip
def test_l4_published_and_still_no_rule(world: World, record: dict[str, Any]) -> None:
    owner, key = world.caller("acme"), register(**record)
    assert owner("POST", "/v1/notices", {"register": f"acme/{key}"}).status_code == 201
    assert rules(owner, key) == []


@pytest.mark.parametrize(
    "second", [{"starts_from": "jokin muu"}, {"action": "archive"}, {"duration": "P183D"}], ids=str
)
def test_l4_statements_that_cannot_be_ordered_name_no_period(world: World, second: dict[str, str]) -> None:
    owner, key = world.caller("acme"), register(retention=[RULE, {**RULE, **second}])
    assert owner("POST", "/v1/notices", {"register": f"acme/{key}"}).status_code == 201
    assert [(rule["period"], rule["conflict"]) for rule in rules(owner, key)] == [(None, True)]


def test_l4_a_register_ends_by_its_own_words_on_a_day_to_come(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, key = world.caller("acme"), register(**ended("active", LATER))
    assert owner("POST", "/v1/notices", {"register": f"acme/{key}"}).status_code == 201
    assert rules(owner, key)
    patient = world.caller("acme", seconds=80 * 366 * 86_400)
    monkeypatch.setattr(clock, "now", lambda: "2099-01-01T21:59:59.000000Z")
    assert rules(patient, key)
    monkeypatch.setattr(clock, "now", lambda: "2099-01-01T22:00:00.000000Z")
    assert rules(patient, key) == []


@pytest.mark.parametrize("since", ["", "?effective_from=2000-01-01"])
def test_l4_what_ended_is_gone_and_nothing_old_comes_back(world: World, since: str) -> None:
    owner, key = world.caller("acme"), register()
    notice = {"register": f"acme/{key}"}
    assert owner("POST", "/v1/notices", notice).status_code == 201
    assert (page(world, key), len(rules(owner, key))) == (200, 1)
    assert owner("DELETE", f"/v1/registers/acme/{key}{since}", headers=MATCH).status_code == 200
    over: list[dict[str, Any]] = [notice, {**notice, "version": 1}, {**notice, "version": 2}]
    for again in over:
        assert owner("POST", "/v1/notices", again).status_code == 409
        assert (page(world, key), rules(owner, key)) == (410, [])
    newest = owner("GET", f"/v1/registers/acme/{key}/versions").json["items"][-1]["version"]  # type: ignore[index]  # JSON
    reopened = owner("PUT", f"/v1/registers/acme/{key}", {"record": RECORD}, {"If-Match": f'"v{newest}"'})
    assert reopened.status_code == 200
    assert (page(world, key), rules(owner, key)) == (410, [])
    assert owner("POST", "/v1/notices", {**notice, "version": 1}).status_code == 409
    assert owner("POST", "/v1/notices", notice).status_code == 201
    assert (page(world, key), len(rules(owner, key))) == (200, 1)


def test_l4_a_version_to_come_is_not_public_before_its_day_nor_after_a_withdrawal(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, key = world.caller("acme"), register()
    shorter = {**RECORD, "retention": [{**RULE, "duration": "P1D"}]}
    body = {"record": shorter, "effective_from": LATER}
    assert owner("PUT", f"/v1/registers/acme/{key}", body, MATCH).status_code == 200
    assert owner("POST", "/v1/notices", {"register": f"acme/{key}", "version": 2}).status_code == 201
    assert (page(world, key), rules(owner, key)) == (404, [])
    assert owner("DELETE", f"/v1/notices/acme/{key}", headers=MATCH).status_code == 204
    patient = world.caller("acme", seconds=80 * 366 * 86_400)
    monkeypatch.setattr(clock, "now", lambda: "2099-06-01T00:00:00.000000Z")
    # Withdrawn before its day, it was never public.
    assert (page(world, key), rules(patient, key)) == (404, [])


# --- every field of a record, filled with what must not come out


def filled(part: type[Part], text: str) -> dict[str, Any]:
    """A part with `text` wherever the definition lets any text stand."""
    made = {field.data_key or name: _filled(field, text) for name, field in part._declared_fields.items()}
    return {name: value for name, value in made.items() if value is not None}


def _filled(field: fields.Field[Any], text: str) -> Any:
    if isinstance(field, One):
        return filled(field.part, text)
    if isinstance(field, Many):
        item = _filled(field.inner, text)
        return None if item is None else [item]
    if isinstance(field, Prose):
        return text
    rules_ = field.validators
    for rule in rules_:
        if isinstance(rule, validate.OneOf):
            return next(iter(rule.choices))
    if type(field) is not fields.String or any(isinstance(rule, validate.Regexp) for rule in rules_):
        return None
    most = min(
        (rule.max for rule in rules_ if isinstance(rule, validate.Length) and rule.max), default=10_000
    )
    return text if len(text) <= most else None


def full(text: str) -> dict[str, Any]:
    """A record with `text` in every place that takes it: what does not fit is taken out, fault by fault."""
    record = {**filled(RecordSchema, text), "register": {"name": text}, "systems": []}
    rounds = 0
    while found := _faults(record):
        rounds += 1
        assert rounds < 200, found
        for path in found:
            _without(record, path)
    return record


def _faults(record: dict[str, Any]) -> list[list[str]]:
    try:
        RecordSchema().load(record)
    except ma.ValidationError as error:
        return list(_paths(error.messages, []))
    return []


def _paths(messages: Any, at: list[str]) -> Any:
    if isinstance(messages, dict):
        for step, below in messages.items():
            yield from _paths(below, at if step == "_schema" else [*at, str(step)])
    else:
        yield at


def _without(record: Any, path: list[str]) -> None:
    here = record
    for step in path[:-1]:
        here = here[int(step)] if isinstance(here, list) else here.get(step, {})
        if not here:
            return
    if isinstance(here, list):
        here.clear()
    elif path[-1] in here:
        del here[path[-1]]
    elif len(path) > 1:  # something is missing there: without it the whole part cannot be
        _without(record, path[:-1])


def shown(world: World, record: dict[str, Any]) -> str:
    """All that anybody can read of a published record: pages and JSON in each language, and the lists."""
    owner, key, reader = world.caller("acme"), register(**record), Caller(world.app)
    assert owner("POST", "/v1/notices", {"register": f"acme/{key}"}).status_code == 201
    texts = []
    for path in (
        f"/notices/acme/{key}",
        f"/notices/acme/{key}.json",
        "/notices",
        "/notices/acme",
        "/accessibility",
    ):
        for language in ("fi", "sv", "en"):
            answer = reader(
                "GET", f"{path}?lang={language}", headers={"Accept": "text/html, application/json"}
            )
            assert answer.status_code == 200
            text = (
                answer.text if "html" in answer.content_type else json.dumps(answer.json, ensure_ascii=False)
            )
            texts.append(text)
    return "\n".join(texts)


SIGNS = [
    "@", " @ ", "(at)", "[at]", " (AT) ", "(a)", " at ", " ät ", "\uff20", "&#64;", "\u200b@", "@\u200b",
]  # fmt: skip


def test_no_field_of_a_record_lets_a_personal_mailbox_out(world: World) -> None:
    record = full("Kysy maija.mallikas@acme.example")
    assert json.dumps(record).count("mallikas") > 80, "most fields take a text"
    assert "mallikas" not in shown(world, record).lower()


def test_no_field_of_a_record_lets_a_bare_personal_mailbox_out(world: World) -> None:
    assert "mallikas" not in shown(world, full("maija.mallikas@acme.example")).lower()


@pytest.mark.parametrize("sign", SIGNS)
def test_a_personal_mailbox_is_found_however_its_sign_is_written(world: World, sign: str) -> None:
    mailbox = f"maija.mallikas{sign}acme.example"
    said = shown(
        world,
        {"purposes": [f"Kysy {mailbox} lisää."], "contact_points": [{"role": "Neuvoja", "email": mailbox}]},
    )
    assert "mallikas" not in said.lower()
    assert "lisää" in said


@pytest.mark.parametrize(
    "text", ["Meet us at work", "tietosuoja (at) acme.example", "Pidetään tallessa ät niin"]
)
def test_what_is_no_personal_mailbox_stays(world: World, text: str) -> None:
    assert text in shown(world, {"purposes": [text]})


def test_no_field_of_a_record_becomes_markup(world: World) -> None:
    evil = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}${7*7}"
    record = full(evil)
    for people in (*record["contact_points"], *record["responsible_persons"], record["dpo"]):
        del people["name"]  # else all of it would be struck out as a name
    record["document"] = {"referenced_urls": [{"url": "javascript:alert(1)", "used_for": "data_content"}]}
    said = "\n".join(line for line in shown(world, record).splitlines() if not line.startswith("{"))
    assert "&lt;script&gt;" in said
    for bad in ("<script", "<img src=x", 'href="javascript', "onerror=alert(2)>", "49$49"):
        assert bad not in said
