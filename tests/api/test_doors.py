"""Locks on doors, answers to errors, and what every answer carries: rows A18, A19, B19, B20."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from registry.api import Blueprint, Holder, application, public, require, stored
from registry.api.door import Unmarked, views
from registry.settings import Settings
from tests.api import example


def build(*blueprints: Blueprint, guarded: bool = True) -> Flask:
    return application(Settings(), blueprints, guard=example.guard if guarded else None)


def test_a_view_without_a_mark_does_not_start() -> None:
    bare = Blueprint("bare", __name__)

    @bare.route("/v1/bare")
    def naked() -> str:
        return ""

    with pytest.raises(Unmarked, match="/v1/bare"):
        build(bare)


def test_a_method_without_a_mark_does_not_start() -> None:
    from flask.views import MethodView

    bare = Blueprint("bare", __name__)

    @bare.route("/v1/bare")
    class Bare(MethodView):
        @public
        @bare.response(200)
        def get(self) -> dict[str, Any]:
            """Get."""
            return {}

        @bare.response(200)
        def post(self) -> dict[str, Any]:
            """Post."""
            return {}

    with pytest.raises(Unmarked, match="POST /v1/bare"):
        build(bare)
    public(Bare.post)
    client = build(bare).test_client()
    assert [client.get("/v1/bare").status_code, client.post("/v1/bare").status_code] == [200, 200]
    assert client.head("/v1/bare").status_code == 200
    assert client.put("/v1/bare").headers["Allow"] == "GET, HEAD, POST"


def test_marks_without_a_guard_do_not_start() -> None:
    with pytest.raises(Unmarked, match="guard"):
        build(example.blueprint, guarded=False)


def test_require_needs_a_scope() -> None:
    with pytest.raises(ValueError, match="public"):
        require()


def test_b19_no_token_is_401_with_its_challenge(client: FlaskClient) -> None:
    for method, path in [
        ("GET", "/v1/things"),
        ("POST", "/v1/things"),
        ("HEAD", "/v1/things"),
        ("GET", "/v1/things/own/1"),
    ]:
        answer = client.open(path, method=method)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="example"')
        assert answer.mimetype == "application/problem+json"


def test_b20_a_missing_scope_is_403() -> None:
    admin = Blueprint("admin", __name__)

    @require("things:admin")
    @admin.route("/v1/admin")
    @admin.response(200)
    def rule() -> dict[str, Any]:
        """Rule."""
        return {}

    answer = build(admin).test_client().get("/v1/admin", headers={"Authorization": "Bearer t"})
    assert (answer.status_code, answer.json["code"]) == (403, "insufficient_scope")


def test_the_guard_is_asked_before_the_body_is_looked_at(client: FlaskClient) -> None:
    assert client.post("/v1/things", data=b"\xff", content_type="x/y").status_code == 401


def test_not_yours_is_not_there(client: FlaskClient, bearer: dict[str, str]) -> None:
    others = client.get("/v1/things/other/1", headers=bearer)
    nobodys = client.get("/v1/nowhere", headers=bearer)
    assert (others.status_code, others.data) == (404, nobodys.data)


def test_who_sees_all() -> None:
    everything = Holder("operator", "x", frozenset(), None, "2099-01-01T00:00:00.000000Z")
    app = application(Settings(), [example.blueprint], guard=lambda mark: everything)
    assert app.test_client().get("/v1/things/other/1").status_code == 200


def test_a18_every_route_answers_other_methods_with_405_and_allow(client: FlaskClient) -> None:
    seen = 0
    offered: dict[str, set[str]] = {}
    for rule, method, _ in views(client.application):
        path = (
            rule.rule.replace("<key:owner>", "own").replace("<number:n>", "1").replace("<name>", "start.js")
        )
        offered.setdefault(path, set()).add(method)
    for path, methods in offered.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} - methods:
            answer = client.open(path, method=method)
            assert answer.status_code == 405, (path, method)
            assert set(answer.headers["Allow"].split(", ")) == methods
            assert answer.json["code"] == "method_not_allowed"
            seen += 1
    assert seen > 20


ACCEPTED = [
    (None, True),
    ("*/*", True),
    ("application/json", True),
    ("application/*", True),
    ("application/problem+json", True),
    ("text/html, application/json;q=0.5", True),
    ("text/html,application/xhtml+xml,*/*;q=0.8", True),
    ("application/xml", False),
    ("text/html", False),
    ("application/json;q=0, text/html", False),
    ("nonsense", False),
]


@pytest.mark.parametrize(("accept", "taken"), ACCEPTED, ids=[str(row[0]) for row in ACCEPTED])
def test_a19_one_policy_for_accept(
    client: FlaskClient, bearer: dict[str, str], accept: str | None, taken: bool
) -> None:
    headers = {**bearer, **({"Accept": accept} if accept else {})}
    answer = client.get("/v1/things", headers=headers)
    assert answer.status_code == (200 if taken else 406)
    assert answer.mimetype == ("application/json" if taken else "application/problem+json")


def test_a19_html_is_for_those_who_take_it(client: FlaskClient) -> None:
    assert client.get("/docs", headers={"Accept": "text/html"}).status_code == 200
    assert client.get("/docs", headers={"Accept": "application/json"}).status_code == 406
    assert client.get("/docs/start.js", headers={"Accept": "text/javascript"}).status_code == 200


def test_an_unforeseen_fault_says_nothing_of_itself(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.get("/v1/fault")
    assert (answer.status_code, answer.json["code"]) == (500, "internal")
    assert b"secret" not in answer.data
    assert b"Error" not in answer.data.replace(b"Internal Server Error", b"")
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    "path", ["/health", "/v1/things", "/v1/nowhere", "/docs", "/openapi.json", "/v1/fault"]
)
def test_every_answer_carries_the_security_headers(client: FlaskClient, path: str) -> None:
    for answer in (client.get(path), client.post(path), client.get(path + "%00")):
        headers = answer.headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert len(headers.getlist("Cache-Control")) == len(headers.getlist("Content-Security-Policy")) == 1
        assert "Server" not in headers
        assert "Strict-Transport-Security" not in headers


def test_what_is_private_is_kept_by_nobody_else(client: FlaskClient, bearer: dict[str, str]) -> None:
    assert client.get("/v1/things", headers=bearer).headers["Cache-Control"] == "no-store"
    assert client.get("/v1/things/own/1", headers=bearer).headers["Cache-Control"] == "private, no-cache"
    assert client.get("/openapi.json").headers["Cache-Control"] == "public, max-age=300"


def test_strict_transport_security_where_the_base_url_is_https() -> None:
    client = example.create(base_url="https://registry.example").test_client()
    assert "max-age=31536000" in client.get("/health").headers["Strict-Transport-Security"]


def test_a20_a_trusted_proxy_is_believed_as_to_who_asks_and_how() -> None:
    app = example.create()
    app.wsgi_app.trusted = frozenset({"10.0.0.1", "10.0.0.2"})
    said = {
        "X-Forwarded-For": "1.1.1.1, 203.0.113.9, 10.0.0.2",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil",
    }
    client = app.test_client()
    seen = client.post("/v1/echo", headers=said, environ_base={"REMOTE_ADDR": "10.0.0.1"}).json
    assert (seen["peer"], seen["scheme"], seen["forwarded"]) == ("203.0.113.9", "https", [])
    assert "evil" not in seen["url"]
    seen = client.post("/v1/echo", headers=said, environ_base={"REMOTE_ADDR": "10.0.0.3"}).json
    assert (seen["peer"], seen["scheme"]) == ("10.0.0.3", "http")


def test_health_says_what_it_is_made_of_and_when_a_part_is_missing() -> None:
    from registry.api import probe

    app = example.create()
    probe(app, "journal", lambda: {"size": 3})
    assert app.test_client().get("/health").json["journal"] == {"size": 3}
    probe(app, "disk", lambda: 1 / 0)  # type: ignore[arg-type, return-value]  # it fails
    answer = app.test_client().get("/health")
    assert (answer.status_code, answer.json["status"]) == (503, "degraded")
    assert answer.json["disk"] == {"status": "unavailable"}


def test_stored_bytes_pass_as_they_are(client: FlaskClient) -> None:
    strange = b'{"b":1,  "a":"\\u00e4"}'
    with client.application.test_request_context("/"):
        answer = stored(strange, etag='"v1"', headers={"X": "y"})
        assert (answer.get_data(), answer.headers["X"], answer.headers["ETag"]) == (strange, "y", '"v1"')
