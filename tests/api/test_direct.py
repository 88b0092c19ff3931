"""The short way in gives what Flask's own way gives, whatever is asked; what is marked for it passes by nothing."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, Response, g

from registry import errors
from registry.api import (
    Blueprint,
    Holder,
    Key,
    Page,
    Schema,
    application,
    direct,
    etag,
    holder,
    mine,
    public,
    require,
    seek,
    settings,
    stored,
)
from registry.api.asked import here
from registry.api.direct import Hooked
from registry.settings import Settings
from tests.api.example import guard


def make(way: Any) -> Flask:
    """Three views, each wrapped in `way`."""
    blueprint = Blueprint("things", __name__, description="Two ways in")

    @require("things:read")
    @blueprint.route("/v1/things")
    @way
    @blueprint.arguments(Page, location="query")
    def listed(query: dict[str, Any]) -> Response:
        window = seek(query, int)
        after = window.after[0] if window.after else 0
        rows = range(after + 1, after + window.limit + 2)
        return window.page(rows, document=lambda n: {"n": n}, key=lambda n: (n,))

    @require("things:read")
    @blueprint.route("/v1/things/<key:owner>/<number:number>")
    @way
    def got(owner: str, number: int) -> Response:
        mine(owner)
        if number == 13:
            raise errors.Gone("That one is over.")
        if number == 14:
            raise ZeroDivisionError
        return stored(b'{"by":"%s"}' % holder().id.encode(), etag=etag(number), headers={"X-Own": "1"})

    @public
    @blueprint.route("/v1/open")
    @way
    def anybody() -> Response:
        return stored(b"{}", etag=etag("of-all"), headers={"Cache-Control": "public, max-age=300"})

    @require("things:read")
    @blueprint.route("/v1/asked", methods=["POST"])
    @way
    @blueprint.arguments(AskedSchema, example={"of": "x"})
    def asked(body: dict[str, Any]) -> Response:
        return stored(f'{{"of":"{body["of"]}","at":"{settings().base_url}"}}'.encode())

    return application(Settings(), [blueprint], guard=guard)


class AskedSchema(Schema):
    """A body."""

    of = Key(required=True)


@pytest.fixture(scope="module")
def both() -> tuple[Any, Any]:
    return make(direct).test_client(), make(lambda view: view).test_client()


GOOD = {"Authorization": "Bearer tester"}
ASKED: list[tuple[str, str, dict[str, str]]] = [
    ("GET", "/v1/open", {}),
    ("HEAD", "/v1/open", {}),
    ("GET", "/v1/open", {"If-None-Match": '"of-all"'}),
    ("GET", "/v1/open", {"If-None-Match": 'W/"x", W/"of-all"'}),
    ("GET", "/v1/open", {"Accept": "text/html"}),
    ("GET", "/v1/open", {"Accept": "application/json;q=0.1"}),
    ("GET", "/v1/open/", {}),
    ("GET", "//v1/open", {}),
    ("POST", "/v1/open", {}),
    ("OPTIONS", "/v1/open", {}),
    ("PROPFIND", "/v1/open", {}),
    ("GET", "/v1/things", {}),
    ("GET", "/v1/things", {"Authorization": "Basic dGVzdGVy"}),
    ("GET", "/v1/things", {"Authorization": "Bearer nobody"}),
    ("GET", "/v1/things", GOOD),
    ("GET", "/v1/things?limit=2", GOOD),
    ("GET", "/v1/things?limit=0", GOOD),
    ("GET", "/v1/things?limit=2&limit=3", GOOD),
    ("GET", "/v1/things?limits=2", GOOD),
    ("GET", "/v1/things?cursor=x", GOOD),
    ("GET", "/v1/things?cursor=%ff", GOOD),
    ("GET", "/v1/things/own/1", GOOD),
    ("HEAD", "/v1/things/own/1", GOOD),
    ("GET", "/v1/things/own/1", {**GOOD, "If-None-Match": '"v1"'}),
    ("GET", "/v1/things/own/1", {**GOOD, "If-None-Match": "*"}),
    ("GET", "/v1/things/own/1", {**GOOD, "If-None-Match": '"v2"'}),
    ("GET", "/v1/things/own/13", GOOD),
    ("GET", "/v1/things/own/14", GOOD),
    ("GET", "/v1/things/own/01", GOOD),
    ("GET", "/v1/things/own/9999999999999999", GOOD),
    ("GET", "/v1/things/own/1/", GOOD),
    ("GET", "/v1/things/ACME/1", GOOD),
    ("GET", "/v1/things/%C3%A4/1", GOOD),
    ("GET", "/v1/things/%FF/1", GOOD),
    ("GET", "/v1/things/own%2F1", GOOD),
    ("GET", "/v1/things/somebody-else/1", GOOD),
    ("GET", f"/v1/things/{'a' * 400}/1", GOOD),
    ("DELETE", "/v1/things/own/1", GOOD),
]  # fmt: skip


SENT: list[tuple[bytes | None, str | None, dict[str, str]]] = [
    (b'{"of": "x"}', "application/json", GOOD),
    (b'{"of": "x"}', "application/json; charset=UTF-8", GOOD),
    (b'{"of": "x"}', "application/json; charset=latin-1", GOOD),
    (b'{"of": "x"}', "application/json", {**GOOD, "Content-Encoding": "gzip"}),
    (b'{"of": "x"}', "application/json", {**GOOD, "Accept": "text/html"}),
    (b'{"of": "x"}', "text/plain", GOOD),
    (b'{"of": "x"}', None, GOOD),
    (b'{"of": "x"}', "application/json", {}),
    (b'{"of": "x"}', "application/json", {"Authorization": "Bearer nobody"}),
    (b'{"of": "X"}', "application/json", GOOD),
    (b'{"of": "x", "or": 1}', "application/json", GOOD),
    (b'{"of": "x", "of": "x"}', "application/json", GOOD),
    (b'{"of": "\\ud800"}', "application/json", GOOD),
    (b"[]", "application/json", GOOD),
    (b"{", "application/json", GOOD),
    (b"\xff", "application/json", GOOD),
    (b"", "application/json", GOOD),
    (None, None, GOOD),
    (b'{"of": "' + b"x" * 2**20 + b'"}', "application/json", GOOD),
]


@pytest.mark.parametrize(("body", "kind", "headers"), SENT, ids=range(len(SENT)))
def test_both_ways_read_a_body_alike(
    both: tuple[Any, Any], body: bytes | None, kind: str | None, headers: dict[str, str]
) -> None:
    short, long = (client.post("/v1/asked", data=body, content_type=kind, headers=headers) for client in both)
    assert (short.status, short.data) == (long.status, long.data)
    assert sorted(short.headers) == sorted(long.headers)


@pytest.mark.parametrize(("method", "path", "headers"), ASKED)
def test_both_ways_answer_alike(
    both: tuple[Any, Any], method: str, path: str, headers: dict[str, str]
) -> None:
    short, long = (client.open(path, method=method, headers=headers) for client in both)
    assert (short.status, short.data) == (long.status, long.data)
    assert sorted(short.headers) == sorted(long.headers)
    assert (here.holder, here.rule, dict(here.environ)) == (None, None, {})


def test_the_cases_meet_every_kind_of_answer(both: tuple[Any, Any]) -> None:
    found = {
        both[0].open(path, method=method, headers=headers).status_code for method, path, headers in ASKED
    }
    assert found == {200, 304, 401, 404, 405, 406, 410, 422, 500}


def test_the_short_way_is_taken_where_it_is_marked_and_nowhere_else() -> None:
    blueprint = Blueprint("looks", __name__, description="Asks Flask")

    @public
    @blueprint.route("/short")
    @direct
    def looks() -> Response:
        g.seen = True  # Flask's, which is not there on the short way
        return stored(b"{}")

    client = application(Settings(), [blueprint]).test_client()
    assert client.get("/short").status_code == 500

    other = Blueprint("others", __name__, description="Asks Flask")

    @public
    @other.route("/long")
    def sees() -> Response:
        g.seen = True
        return stored(b"{}")

    assert application(Settings(), [other]).test_client().get("/long").status_code == 200


def test_nobody_is_taken_for_whoever_asked_before() -> None:
    blueprint = Blueprint("who", __name__, description="Says who")

    def add(rule: str, lock: Any, way: Any) -> None:
        def who() -> Response:
            return stored((here.holder.id if here.holder else "nobody").encode())

        who.__name__ = rule.strip("/").replace("-", "_")
        lock(blueprint.route(rule)(way(who)))

    add("/mine", require("things:read"), direct)
    add("/anybody", public, direct)
    add("/anybody-by-flask", public, lambda view: view)
    client = application(Settings(), [blueprint], guard=guard).test_client()
    for other in ("/anybody", "/anybody-by-flask"):
        assert client.get("/mine", headers=GOOD).data == b"client/tester"
        assert client.get(other).data == b"nobody"


@pytest.mark.parametrize("kind", ["before_request", "after_request", "teardown_request"])
def test_a_hook_that_would_be_passed_by_stops_the_start(kind: str) -> None:
    with pytest.raises(Hooked):
        application(Settings(), [], finish=lambda app: getattr(app, kind)(lambda *args: args and args[0]))


def test_the_guard_is_asked_each_time() -> None:
    asked: list[str] = []

    def counting(mark: Any) -> Holder:
        asked.append(here.environ["PATH_INFO"])
        return guard(mark)

    blueprint = Blueprint("often", __name__, description="Asked often")

    @require("things:read")
    @blueprint.route("/often")
    @direct
    def often() -> Response:
        return stored(b"{}", etag=etag(1))

    client = application(Settings(), [blueprint], guard=counting).test_client()
    for _ in range(3):
        client.get("/often", headers={**GOOD, "If-None-Match": '"v1"'})
    assert asked == ["/often"] * 3
