"""The error tree: what its docstring draws, what a body holds."""

from __future__ import annotations

import re
from http import HTTPStatus

from registry import errors


def family(kind: type[errors.Problem]) -> list[type[errors.Problem]]:
    return [kind] + [one for below in kind.__subclasses__() for one in family(below)]


def test_the_drawing_is_the_tree() -> None:
    drawn = re.findall(r"── (\w+) (?:(\d{3}) )?(\w+)", errors.__doc__ or "")
    ours = [one for one in family(errors.Problem)[1:] if one.__module__ == errors.__name__]
    assert {name: code for name, _, code in drawn} == {one.__name__: one.code for one in ours}
    for name, status, _ in drawn:
        kind = getattr(errors, name)
        assert not status or kind.status == int(status)


def test_every_status_has_its_phrase_and_every_code_one_meaning() -> None:
    phrases = {413: "Content Too Large", 414: "URI Too Long", 422: "Unprocessable Content"}
    ours = [one for one in family(errors.Problem)[1:] if one.__module__ == errors.__name__]
    for one in ours:
        assert one.title == phrases.get(one.status, HTTPStatus(one.status).phrase)
    assert len({one.code for one in ours}) == len(ours)


def test_a_body_says_what_is_needed_and_no_more() -> None:
    assert errors.NotFound().body() == {
        "type": "about:blank", "title": "Not Found", "status": 404, "code": "not_found",
    }  # fmt: skip
    told = errors.Invalid("No such day.", field="/effective_from", code="invalid_day", limit=3).body()
    assert told["errors"] == [{"field": "/effective_from", "code": "invalid_day", "message": "No such day."}]
    assert (told["status"], told["code"], told["detail"], told["limit"]) == (
        422,
        "invalid_day",
        "No such day.",
        3,
    )
    two = [{"field": "/a", "code": "x", "message": "y"}, {"field": "/b", "code": "x", "message": "y"}]
    assert errors.Invalid("Two.", errors=two).body()["errors"] == two


def test_extra_members_cannot_pass_for_ours_and_instances_share_nothing() -> None:
    assert errors.Conflict(status=200, type="x").body()["status"] == 409
    first = errors.Busy(headers={"X-A": "1"})
    first.headers["X-B"] = "2"
    assert errors.Busy().headers == {"Retry-After": "1"}
