"""/v1/notices for whoever publishes, and /notices for everybody: who gets what, with which headers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from registry import db, journal
from registry.api import application
from registry.auth.server import routes as oauth
from registry.catalogue import load, store
from registry.notices import pages, publish, published, routes
from registry.settings import Settings
from registry.telling.words import languages
from tests import engines
from tests.connectors.asking import Caller
from tests.notices.conftest import FIXTURES
from tests.notices.reading import Reader

BY = "client/test"
WRITE = ("notices:read", "notices:write")
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
NOTICE = "/notices/seamk/library-chat"


def make(url: str, **settings: Any) -> Flask:
    return application(
        replace(Settings(database=url), **settings), [oauth.blueprint, routes.blueprint, pages.blueprint]
    )


@pytest.fixture
def app(opened: str) -> Flask:
    """The registers of SeAMK and OSEKK are declared; nothing is published."""
    load.apply(load.read([FIXTURES / "seamk.yaml", FIXTURES / "osekk.yaml"]), by=BY)
    return make(opened)


@pytest.fixture
def seamk(app: Flask) -> Caller:
    return Caller(app, *WRITE, of=("seamk",))


@pytest.fixture(scope="module")
def public(databases: engines.Engines) -> Iterator[FlaskClient]:
    """All five are published; somebody looks who changes nothing."""
    with databases.fresh("sqlite", migrated=True) as url:
        db.open(url)
        items = load.read(sorted(FIXTURES.glob("*.yaml")))
        load.apply(items, by=BY)
        for one in items:
            if one.kind == "register":
                publish.publish(one.controller, one.key, by=BY)
        yield make(url).test_client()
        db.close()


# --- who publishes


def test_publish_read_and_withdraw(app: Flask, seamk: Caller) -> None:
    reader = app.test_client()
    assert reader.get(NOTICE).status_code == 404
    done = seamk.post("/v1/notices", {"register": "seamk/library-chat"})
    assert done.status_code == 201
    assert done.json is not None
    assert done.json["url"] == NOTICE
    assert done.json["languages"] == list(languages())
    assert reader.get(NOTICE).status_code == 200
    there = seamk.get(done.headers["Location"])
    assert there.json == done.json
    assert there.headers["ETag"] == done.headers["ETag"] == '"v1"'
    assert seamk.get("/v1/notices").json == {"items": [done.json], "next": None}
    gone = seamk.http.delete(done.headers["Location"], headers={**seamk.headers, "If-Match": '"v1"'})
    assert gone.status_code == 204
    assert reader.get(NOTICE, headers=BROWSER).status_code == 410
    assert seamk.get(done.headers["Location"]).status_code == 410
    assert seamk.get("/v1/notices").json == {"items": [], "next": None}
    assert [entry.actor for entry in journal.entries(of="notice/seamk/library-chat")] == [seamk.actor] * 2


def test_publishing_what_stands_is_answered_200_and_is_done_once(seamk: Caller) -> None:
    first = seamk.post("/v1/notices", {"register": "seamk/library-chat", "version": 1})
    again = seamk.post("/v1/notices", {"register": "seamk/library-chat", "version": 1})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json
    assert published.NoticePublication.select().count() == 1


def test_a22_the_same_key_gives_the_same_answer_once(seamk: Caller) -> None:
    key = {"Idempotency-Key": "k1"}
    answers = [seamk.post("/v1/notices", {"register": "seamk/library-chat"}, headers=key) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].data == answers[1].data
    other = seamk.post("/v1/notices", {"register": "seamk/library-chat", "version": 1}, headers=key)
    assert other.status_code == 422


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"register": "seamk/nothing"}, 404, "not_found"),
        ({"register": "seamk/library-chat", "version": 9}, 404, "not_found"),
        ({"register": "seamk"}, 422, "invalid_key"),
        ({"register": "Seamk/Chat"}, 422, "invalid_key"),
        ({"register": "seamk/library-chat", "version": 0}, 422, "invalid"),
        ({"register": "seamk/library-chat", "version": 1.0}, 422, "invalid"),
        ({"register": "seamk/library-chat", "id": 1}, 422, "invalid"),
        ({}, 422, "invalid"),
    ],
)
def test_what_cannot_be_published_is_refused(seamk: Caller, body: Any, status: int, code: str) -> None:
    answer = seamk.post("/v1/notices", body)
    assert answer.status_code == status
    assert answer.json is not None
    assert answer.json["code"] == code
    assert published.NoticePublication.select().count() == 0


def test_an_ended_register_is_refused(seamk: Caller) -> None:
    seamk.post("/v1/notices", {"register": "seamk/library-chat"})
    store.end("register", "seamk", "library-chat", by=BY, expect=1)
    answer = seamk.post("/v1/notices", {"register": "seamk/library-chat"})
    assert answer.status_code == 409
    assert answer.json is not None
    assert answer.json["code"] == "ended"
    assert seamk.http.get(NOTICE, headers=BROWSER).status_code == 410
    assert seamk.get("/v1/notices/seamk/library-chat").status_code == 410


def test_c1_what_is_not_yours_is_not_there(app: Flask, seamk: Caller) -> None:
    osekk = Caller(app, *WRITE, of=("osekk",))
    osekk.post("/v1/notices", {"register": "osekk/opintori"})
    path = "/v1/notices/osekk/opintori"
    asked = [
        seamk.post("/v1/notices", {"register": "osekk/opintori"}),
        seamk.get(path),
        seamk.http.delete(path, headers={**seamk.headers, "If-Match": '"v1"'}),
    ]
    assert [one.status_code for one in asked] == [404] * 3
    assert seamk.get("/v1/notices").json == {"items": [], "next": None}
    assert seamk.get("/v1/notices", controller="osekk").json == {"items": [], "next": None}
    assert osekk.get(path).status_code == 200


@pytest.mark.parametrize("scope", ["notices:read", "registers:write"])
def test_c2_b20_a_token_without_the_scope_is_refused(app: Flask, scope: str) -> None:
    caller = Caller(app, scope)
    assert caller.post("/v1/notices", {"register": "seamk/library-chat"}).status_code == 403
    gone = caller.http.delete(
        "/v1/notices/seamk/library-chat", headers={**caller.headers, "If-Match": '"v1"'}
    )
    assert gone.status_code == 403


@pytest.mark.parametrize(("tag", "status"), [(None, 428), ("*", 412), ('W/"v1"', 412), ('"v2"', 412)])
def test_d2_d3_withdrawing_goes_by_what_was_read(seamk: Caller, tag: str | None, status: int) -> None:
    seamk.post("/v1/notices", {"register": "seamk/library-chat"})
    headers = {**seamk.headers, **({"If-Match": tag} if tag else {})}
    assert seamk.http.delete("/v1/notices/seamk/library-chat", headers=headers).status_code == status
    assert seamk.http.get(NOTICE).status_code == 200


def test_the_list_goes_on_by_cursor(app: Flask) -> None:
    everybody = Caller(app, *WRITE)
    for key in ("osekk/opintori", "seamk/library-chat"):
        everybody.post("/v1/notices", {"register": key})
    first = everybody.get("/v1/notices", limit=1).json
    assert first is not None
    rest = everybody.get("/v1/notices", limit=1, cursor=first["next"]).json
    assert rest is not None
    assert [one["register"] for one in first["items"] + rest["items"]] == [
        "osekk/opintori",
        "seamk/library-chat",
    ]
    assert rest["next"] is None


# --- who reads


@pytest.mark.parametrize("path", ["/notices", "/notices/seamk", NOTICE, "/accessibility", "/notices/nobody"])
def test_g8_strict_headers(public: FlaskClient, path: str) -> None:
    answer = public.get(path, headers=BROWSER)
    policy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    assert answer.headers.getlist("Content-Security-Policy") == [policy + "frame-ancestors 'none'"]
    assert answer.headers.getlist("X-Content-Type-Options") == ["nosniff"]
    assert answer.headers.getlist("Referrer-Policy") == ["no-referrer"]
    assert answer.content_type == "text/html; charset=utf-8"
    assert "Set-Cookie" not in answer.headers
    assert "Strict-Transport-Security" not in answer.headers


def test_g8_over_https_browsers_are_told_to_stay_there(public: FlaskClient) -> None:
    secure = make("sqlite:///x", base_url="https://registry.example").test_client()
    told = secure.get("/notices", base_url="https://registry.example", headers=BROWSER)
    assert (
        int(told.headers["Strict-Transport-Security"].removeprefix("max-age=").partition(";")[0]) >= 31536000
    )
    assert b'href="https://registry.example/notices?lang=fi"' in told.data


def test_every_notice_is_served_as_a_page_and_as_data(public: FlaskClient) -> None:
    for one in published.listed():
        for language in languages():
            path = f"/notices/{one.controller}/{one.key}"
            page = public.get(f"{path}?lang={language}", headers=BROWSER)
            assert Reader(page.text).faults == []
            assert page.headers["Content-Language"] == language
            data = public.get(f"{path}.json?lang={language}")
            assert data.content_type == "application/json"
            assert data.data == published.text(one.id, language)
            assert data.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        (BROWSER, "text/html"),
        ({}, "text/html"),
        ({"Accept": "*/*"}, "text/html"),
        ({"Accept": "application/json"}, "application/json"),
        ({"Accept": "application/json, text/html;q=0.5"}, "application/json"),
    ],
)
def test_a19_whoever_prefers_json_gets_it(public: FlaskClient, headers: dict[str, str], kind: str) -> None:
    answer = public.get(NOTICE, headers=headers)
    assert answer.mimetype == kind
    assert answer.headers["Vary"] == "Accept, Accept-Language"


def test_a19_whoever_takes_neither_is_told(public: FlaskClient) -> None:
    assert public.get(NOTICE, headers={"Accept": "application/xml"}).status_code == 406


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        ("?lang=sv", "en", "sv"),
        ("", "sv-FI,sv;q=0.9,en;q=0.5", "sv"),
        ("", "en-GB", "en"),
        ("", "de, fr;q=0.5", "fi"),  # the record's
        ("", None, "fi"),
    ],
)
def test_the_language_is_the_one_asked_for_else_the_readers_else_the_records(
    public: FlaskClient, query: str, header: str | None, language: str
) -> None:
    headers = {**BROWSER, **({"Accept-Language": header} if header else {})}
    assert public.get(NOTICE + query, headers=headers).headers["Content-Language"] == language


def test_a_tag_names_publication_language_and_kind(public: FlaskClient) -> None:
    tags = {
        public.get(f"{path}?lang={language}").headers["ETag"]
        for path in (NOTICE, f"{NOTICE}.json", "/notices/osekk/opintori")
        for language in languages()
    }
    assert len(tags) == 9
    answer = public.get(NOTICE)
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    again = public.get(NOTICE, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Vary"] == "Accept, Accept-Language"
    assert "Content-Security-Policy" in again.headers
    assert (
        public.get(f"{NOTICE}?lang=en", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 200
    )


def test_a_304_is_given_without_reading_the_notice(
    public: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = public.get(NOTICE).headers["ETag"]
    monkeypatch.setattr(published, "text", None)
    assert public.get(NOTICE, headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("name", ["version", "revision", "as_of", "known_at"])
def test_c4_only_the_current_notice_is_public(public: FlaskClient, name: str) -> None:
    assert public.get(f"{NOTICE}?{name}=1", headers=BROWSER).status_code == 404
    assert public.get(f"{NOTICE}.json?{name}=1").status_code == 404


@pytest.mark.parametrize("query", ["?lang=de", "?lang=fi&lang=sv", "?lang="])
def test_a_language_that_there_is_not_is_refused(public: FlaskClient, query: str) -> None:
    assert public.get(NOTICE + query, headers=BROWSER).status_code == 422
    assert public.get("/notices" + query, headers=BROWSER).status_code == 422


def test_what_others_hang_on_a_link_turns_nobody_away(public: FlaskClient) -> None:
    assert public.get(f"{NOTICE}?utm_source=mail&fbclid=x&lang=en").headers["Content-Language"] == "en"


@pytest.mark.parametrize("path", ["/notices/nobody", "/notices/seamk/nothing", "/notices/nobody/nothing"])
def test_what_is_not_there_is_told_to_people_as_a_page_and_to_programs_as_a_problem(
    public: FlaskClient, path: str
) -> None:
    page = public.get(path, headers={**BROWSER, "Accept-Language": "sv"})
    assert page.status_code == 404
    assert Reader(page.text).faults == []
    assert "Det finns ingen sådan beskrivning" in page.text
    data = public.get(path, headers={"Accept": "application/json"})
    assert data.status_code in (404, 406)
    assert data.mimetype == "application/problem+json"


def test_the_index_lists_every_notice_by_controller(public: FlaskClient) -> None:
    read = Reader(public.get("/notices?lang=en", headers=BROWSER).text)
    links = [one.attributes["href"] for one in read.of("a")]
    for one in published.listed():
        assert f"/notices/{one.controller}/{one.key}?lang=en" in links
        assert f"/notices/{one.controller}?lang=en" in links
    mine = Reader(public.get("/notices/seamk?lang=en", headers=BROWSER).text)
    notices = [one.attributes["href"] for one in mine.of("a") if one.attributes["href"].count("/") == 3]
    assert notices == ["/notices/seamk/library-chat?lang=en"]


def test_a_long_index_goes_on(public: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "LISTED", 2)
    seen: list[str] = []
    path: str | None = "/notices?lang=fi"
    while path:
        read = Reader(public.get(path, headers=BROWSER).text)
        links = [one.attributes for one in read.of("a")]
        seen += [one["href"] for one in links if one["href"].count("/") == 3 and "rel" not in one]
        path = next((one["href"] for one in links if one.get("rel") == "next"), None)
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize(
    "after", ["x", "a/b", "a/b/c", "a/b/-1", "A/b/1", "a/b/1/2", "a/b/99999999999999999"]
)
def test_n1_a_place_that_is_none_is_refused(public: FlaskClient, after: str) -> None:
    assert public.get("/notices", query_string={"after": after}, headers=BROWSER).status_code == 422


@pytest.mark.parametrize("language", languages())
def test_g9_the_accessibility_statement_and_the_feedback_channel(public: FlaskClient, language: str) -> None:
    read = Reader(public.get(f"/accessibility?lang={language}", headers=BROWSER).text)
    assert read.faults == []
    assert [one for one in read.elements if one.attributes.get("id") == "feedback"]
    assert "mailto:seamk@seamk.fi" in [one.attributes["href"] for one in read.of("a")]
    assert "14" in read.of("main")[0].text


def test_styles_and_icon_come_from_here_and_may_be_kept(public: FlaskClient) -> None:
    read = Reader(public.get(NOTICE).text)
    (styles,) = [one.attributes["href"] for one in read.of("link") if one.attributes["rel"] == "stylesheet"]
    answer = public.get(styles)
    assert answer.content_type == "text/css; charset=utf-8"
    assert answer.headers["Cache-Control"].endswith("immutable")
    assert public.get("/static/notices.css").headers["Cache-Control"] == "public, max-age=300"
    assert public.get("/static/notices.svg").content_type.startswith("image/svg+xml")
    assert public.get(styles, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_a_token_makes_no_difference_to_what_is_public(public: FlaskClient) -> None:
    assert public.get(NOTICE, headers={"Authorization": "Bearer rubbish"}).status_code == 200


def test_reading_a_notice_takes_two_statements(public: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    public.get(NOTICE)
    asked: list[str] = []
    base = db.database.obj
    run = base.execute_sql
    monkeypatch.setattr(base, "execute_sql", lambda sql, *a, **k: (asked.append(sql), run(sql, *a, **k))[1])
    public.get(NOTICE)
    assert len([sql for sql in asked if "SELECT" in sql]) <= 2


def test_whoever_types_the_address_of_the_service_comes_to_the_notices(public: FlaskClient) -> None:
    answer = public.get("/")
    assert (answer.status_code, answer.headers["Location"], answer.data) == (303, "/notices", b"")
    for path in ("/notices", "/notices/seamk", "/notices/seamk/library-chat", "/accessibility"):
        assert public.get(f"{path}/?lang=sv").data == public.get(f"{path}?lang=sv").data != b""
        assert public.get(f"{path}?lang=sv").headers["Content-Language"] == "sv"


@pytest.mark.parametrize("language", languages())
def test_what_is_not_there_is_said_in_the_language_asked_for(public: FlaskClient, language: str) -> None:
    answer = public.get(f"/notices/seamk/nothing?lang={language}", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert f'<html lang="{language}">' in answer.text
    odd = public.get(
        "/notices/seamk/nothing?lang=xx", headers={"Accept": "text/html", "Accept-Language": "sv"}
    )
    assert '<html lang="sv">' in odd.text
