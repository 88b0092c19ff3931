"""The contract, enumerated: what must hold of every operation, schema and door of the real application."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import marshmallow as ma
import openapi_spec_validator
import pytest
from flask import Flask
from marshmallow import fields

from registry import db
from registry.api import docs
from registry.api.door import mark_of, views
from registry.app import create_app
from registry.settings import Settings

ROOT = Path(__file__).parents[1]
WRITES = {"put", "patch", "delete"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    made = create_app(Settings(database=f"sqlite:///{tmp_path_factory.mktemp('contract')}/registry.db"))
    yield made
    db.close()


@pytest.fixture(scope="module")
def document(app: Flask) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(docs.contract(app))
    return read


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                yield path, method, operation


def test_the_committed_contract_is_current(app: Flask) -> None:
    committed = (ROOT / "openapi" / "registry.json").read_text("utf-8")
    assert committed == docs.contract(app), "run `make openapi` and review the difference"


def test_the_contract_is_the_same_however_often_it_is_made(tmp_path: Path, app: Flask) -> None:
    again = create_app(
        Settings(database=f"sqlite:///{tmp_path}/registry.db", base_url="https://elsewhere.example")
    )
    assert docs.contract(again) == docs.contract(app)


def test_callers_who_ask_first_at_once_are_told_the_same(tmp_path: Path, app: Flask) -> None:
    """It is made when it is first asked for."""
    fresh = create_app(Settings(database=f"sqlite:///{tmp_path}/registry.db"))
    together = threading.Barrier(4)

    def ask(_: int) -> tuple[int, str]:
        client = fresh.test_client()
        together.wait(60)
        answer = client.get("/openapi.json")
        return answer.status_code, answer.text

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(ask, range(4))) == {(200, docs.contract(app))}


def test_it_is_openapi(document: dict[str, Any]) -> None:
    openapi_spec_validator.validate(document)
    assert document["openapi"].startswith("3.1.")


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names)) > 0
    assert all(re.fullmatch(r"[a-z][A-Za-z0-9]+", name) for name in names)
    silent = [
        f"{method} {path}"
        for path, method, operation in operations(document)
        if not operation.get("summary") or not operation.get("description") or not operation.get("tags")
    ]
    assert silent == []


def test_every_body_and_every_answer_has_an_example(document: dict[str, Any]) -> None:
    missing = []
    for path, method, operation in operations(document):
        bodies = [("request", operation.get("requestBody", {}))]
        bodies += [(status, answer) for status, answer in operation["responses"].items() if status[0] == "2"]
        for name, body in bodies:
            for media_type, content in body.get("content", {}).items():
                if "example" not in content and "examples" not in content:
                    missing.append(f"{method} {path} {name} {media_type}")
        if not any(status[0] in "23" for status in operation["responses"]):
            missing.append(f"{method} {path} never succeeds")
    assert missing == []


def expected(path: str, method: str, operation: dict[str, Any]) -> set[str]:
    """The errors that follow from what an operation is."""
    wanted = {"414", "431", "500", "503"}
    wanted |= {"401", "403"} if operation["security"] else set()
    wanted |= {"404"} if "{" in path else set()
    in_query = any(one.get("in") == "query" for one in operation.get("parameters", ()))
    wanted |= (
        {"400", "422"}
        if in_query or "application/json" in operation.get("requestBody", {}).get("content", {})
        else set()
    )
    wanted |= {"408", "413", "415"} if "requestBody" in operation else set()
    wanted |= {"412", "428"} if method in WRITES else set()
    wanted |= {"507"} if method in WRITES | {"post"} else set()
    return wanted


def test_every_operation_documents_its_errors(document: dict[str, Any]) -> None:
    missing = {
        f"{method} {path}": sorted(absent)
        for path, method, operation in operations(document)
        if (absent := expected(path, method, operation) - set(operation["responses"]))
    }
    assert missing == {}


def test_every_error_is_a_problem_with_an_example(document: dict[str, Any]) -> None:
    for name, answer in document["components"]["responses"].items():
        ((media_type, content),) = answer["content"].items()
        assert media_type == "application/problem+json", name
        assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
        assert {"type", "title", "status", "code"} <= set(content["example"])


def test_every_lock_is_documented_as_it_is(app: Flask, document: dict[str, Any]) -> None:
    known = document["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]["scopes"]
    documented = {(path, method): operation["security"] for path, method, operation in operations(document)}
    for rule, method, view in views(app):
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        if method == "HEAD" or (path, method.lower()) not in documented:
            continue
        mark = mark_of(view)
        assert mark is not None
        wanted = [] if mark.public else [{"oauth2": sorted(mark.scopes)}]
        assert documented[path, method.lower()] == wanted
        assert mark.scopes <= set(known)


def test_c9_every_view_has_a_mark_and_what_is_not_documented_is_public(
    app: Flask, document: dict[str, Any]
) -> None:
    for rule, method, view in views(app):
        mark = mark_of(view)
        assert mark is not None, rule.rule
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        if path not in document["paths"]:
            assert mark.public, rule.rule
            assert method in ("GET", "HEAD")


def test_d6_every_put_patch_and_delete_goes_by_a_precondition(app: Flask) -> None:
    forgotten = [
        f"{method} {rule.rule}"
        for rule, method, view in views(app)
        if method.lower() in WRITES and not getattr(view, "conditional", False)
    ]
    assert forgotten == []


def test_a21_no_path_takes_what_has_not_been_bounded(app: Flask) -> None:
    """Numbers and keys have converters of ours, words are listed or of one length; a bare <name> takes anything."""
    loose = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if re.search(r"<(?!key:|number:|any\(|string\(length=)", rule.rule) and rule.endpoint != "docs_file"
    ]
    assert loose == []


def walk(field: fields.Field[Any]) -> Iterator[fields.Field[Any]]:
    yield field
    inner = [getattr(field, name, None) for name in ("inner", "key_field", "value_field")]
    for one in [*inner, *getattr(field, "tuple_fields", ())]:
        if isinstance(one, fields.Field):
            yield from walk(one)


def schemas() -> list[type[ma.Schema]]:
    """Every schema class of ours that there is once the application is, those made on the way too."""
    found: list[type[ma.Schema]] = []
    waiting: list[type[ma.Schema]] = [ma.Schema]
    while waiting:
        below = waiting.pop().__subclasses__()
        waiting += below
        found += [kind for kind in below if kind.__module__.startswith("registry.") and kind not in found]
    return found


def every_field() -> Iterator[tuple[str, fields.Field[Any]]]:
    """Every field of every schema, and what is inside lists, tuples and maps."""
    for kind in schemas():
        for name, field in kind._declared_fields.items():
            yield from ((f"{kind.__qualname__}.{name}", one) for one in walk(field))


def test_a8_no_number_of_ours_is_guessed(app: Flask) -> None:
    numbers = [(name, field) for name, field in every_field() if isinstance(field, fields.Number)]
    assert len(numbers) > 5
    loose = {
        name
        for name, field in numbers
        if not isinstance(field, fields.Integer)
        or not field.strict
        or type(field).__module__.startswith("webargs")
    }
    assert loose == set()


def test_every_schema_refuses_what_it_does_not_know(app: Flask) -> None:
    for kind in schemas():
        assert kind().unknown == ma.RAISE, kind


def test_the_documentation_names_no_outside_host(app: Flask) -> None:
    client = app.test_client()
    for path in ("/docs", "/docs/start.js"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert not re.search(rb"https?:|//", answer.data.replace(b"</", b"<")), path
    page = client.get("/docs")
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]
    assert not re.search(rb"<script(?![^>]*\bsrc=)|\bon\w+=|style=", page.data)
    for name in re.findall(rb'(?:src|href)="([^"]+)"', page.data):
        assert client.get(name.decode()).status_code == 200, name


def test_the_contract_is_served_as_committed(app: Flask) -> None:
    answer = app.test_client().get("/openapi.json")
    assert answer.text == docs.contract(app)
    assert (
        app.test_client().get("/openapi.json", headers={"If-None-Match": answer.headers["ETag"]}).status_code
        == 304
    )
