"""Conditional requests and paging: rows D2, D3, D5, D6, N1, N2, N5."""

from __future__ import annotations

import base64
import json
from itertools import chain
from typing import Any

import pytest
from flask.testing import FlaskClient

from registry.api import etag

PATH = "/v1/things/own/3"
BODY = {"name": "a"}


def put(client: FlaskClient, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.put(PATH, json=BODY, headers={"Authorization": "Bearer t", **named})


def test_d2_without_a_precondition_is_428(client: FlaskClient) -> None:
    answer = put(client)
    assert (answer.status_code, answer.json["code"]) == (428, "precondition_required")


@pytest.mark.parametrize(
    "tag",
    [
        "*",
        '"*"',
        'W/"v3"',
        "v3",
        '"v3',
        '"v0"',
        '"v03"',
        '"v-1"',
        '"V3"',
        '"v3", "v4"',
        '"v3","v3"',
        "",
        '""',
        '"v99999999999999999"',
        '"3"',
        '"v³"',
    ],
)
def test_d3_what_names_no_version_is_412(client: FlaskClient, tag: str) -> None:
    answer = put(client, If_Match=tag)
    assert (answer.status_code, answer.json["code"]) == (412, "stale")


def test_the_version_named_reaches_the_view(client: FlaskClient) -> None:
    assert put(client, If_Match='"v3"').json["expected"] == 3
    assert put(client, If_Match='  "v1" ').json["expected"] == 1
    assert put(client, If_None_Match="*").json["expected"] is None


@pytest.mark.parametrize("headers", [{"If_None_Match": '"v1"'}, {"If_None_Match": "*", "If_Match": '"v1"'}])
def test_creating_is_by_a_star_alone(client: FlaskClient, headers: dict[str, str]) -> None:
    assert put(client, **headers).status_code == 412


def test_d6_a_view_that_forgets_the_precondition_fails(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.patch(PATH, json={"months": 1}, headers={"Authorization": "Bearer t", "If-Match": '"v1"'})
    assert answer.status_code == 500
    assert "unforeseen fault at PATCH things.patch_thing" in caplog.text
    assert (
        "api/conditional.py" in caplog.text
    )  # says why where it was raised; the log repeats no words of a fault


def test_d5_tags_come_from_versions() -> None:
    assert [etag(1), etag(2), etag("7-3")] == ['"v1"', '"v2"', '"7-3"']


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ('"v3"', 304),
        ('W/"v3"', 304),
        ('"v1", "v3"', 304),
        ("*", 304),
        ('"v1"', 200),
        ('"v33"', 200),
        ("v3", 200),
        ("", 200),
    ],
)
def test_reading_what_one_has_is_304(
    client: FlaskClient, bearer: dict[str, str], said: str, status: int
) -> None:
    for ask in (client.get, client.head):
        answer = ask(PATH, headers={**bearer, "If-None-Match": said})
        assert answer.status_code == status
        assert answer.headers["ETag"] == '"v3"'
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert bool(answer.data) == (status == 200 and ask == client.get)
        if status == 304:
            assert "Content-Type" not in answer.headers
            assert "Content-Length" not in answer.headers
        else:
            assert answer.headers["Content-Length"] == "21"


# Paging -----------------------------------------------------------------------------------------------------


def pages(client: FlaskClient, query: str) -> list[list[int]]:
    """The numbers of each page, walked by `next` and checked against Link."""
    walked, path = [], f"/v1/things?{query}"
    while path:
        answer = client.get(path, headers={"Authorization": "Bearer t"})
        assert answer.status_code == 200, answer.data
        walked.append([item["n"] for item in answer.json["items"]])
        link, following = answer.headers.get("Link"), answer.json["next"]
        assert (link is None) == (following is None)
        path = ""
        if link:
            path = link.partition(">")[0].removeprefix("<")
            assert following in path
            assert link.endswith('; rel="next"')
    return walked


@pytest.mark.parametrize(
    ("query", "sizes"), [("", [50] * 10), ("limit=200", [200, 200, 100]), ("limit=7", [7] * 71 + [3])]
)
def test_n5_a_walk_meets_each_row_once_and_in_order(
    client: FlaskClient, query: str, sizes: list[int]
) -> None:
    walked = pages(client, query)
    assert [len(page) for page in walked] == sizes
    assert list(chain(*walked)) == list(range(1, 501))


def test_filters_stay_in_the_link(client: FlaskClient) -> None:
    assert list(chain(*pages(client, "kind=red&owner=own&limit=100"))) == list(range(1, 501))


def cursor_of(client: FlaskClient, query: str) -> str:
    return client.get(f"/v1/things?{query}", headers={"Authorization": "Bearer t"}).json["next"]


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_cursor_goes_with_its_filters_and_no_others(client: FlaskClient, bearer: dict[str, str]) -> None:
    cursor = cursor_of(client, "kind=red")
    for query, status in [
        (f"kind=red&cursor={cursor}", 200),
        (f"kind=red&cursor={cursor}&limit=3", 200),
        (f"cursor={cursor}&kind=red", 200),
        (f"kind=blue&cursor={cursor}", 422),
        (f"cursor={cursor}", 422),
        (f"kind=red&owner=own&cursor={cursor}", 422),
    ]:
        answer = client.get(f"/v1/things?{query}", headers=bearer)
        assert answer.status_code == status, query
        if status == 422:
            assert answer.json["code"] == "bad_cursor"
            assert answer.json["errors"][0]["field"] == "/cursor"


def test_a_cursor_that_is_not_ours_is_422(client: FlaskClient, bearer: dict[str, str]) -> None:
    bound = json.loads(base64.urlsafe_b64decode(cursor_of(client, "") + "=="))[0]
    bad = ["x", "%%%", "bnVsbA", "////", "é", encoded([]), encoded({}), encoded(None), encoded([bound])]
    bad += [encoded([bound, value]) for value in ("1", 1.5, None, True, [1], {})] + [encoded([bound, 1, 2])]
    bad += ["W" * 2000, encoded([bound, 10**30])]
    for cursor in bad:
        answer = client.get("/v1/things", query_string={"cursor": cursor}, headers=bearer)
        assert (answer.status_code, answer.json["code"]) == (422, "bad_cursor"), cursor
