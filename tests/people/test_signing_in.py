"""Signing in and out with a password: cookies, sessions, forms, where one goes on."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask

from registry import clock
from registry.auth.clients import stored as clients
from registry.auth.roles import giving
from registry.journal import entries
from registry.people import cookies, providers, sessions, users
from registry.people.pages import own_path
from registry.settings import Settings
from tests.people.conftest import BASE, BY, PASSWORD, Browser, token

New = Callable[[], Browser]
Person = Callable[..., users.User]


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """The clock goes on."""
    moment = datetime.fromisoformat(clock.now()) + timedelta(seconds=seconds)
    monkeypatch.setattr(clock, "now", lambda: clock.written(moment))


def test_who_signs_in_is_known_and_goes_on_where_they_wanted(browser: New, person: Person) -> None:
    user, one = person(), browser()
    assert one.get("/account").status_code == 303
    assert one.get("/account").headers["Location"] == "/sign-in?then=%2Faccount"
    page = one.get("/sign-in?then=/account?x=1")
    answer = one.post("/sign-in", form=token(page.text), email=" DPO@Acme.example ", password=PASSWORD,
                      then="/account?x=1")  # fmt: skip
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account?x=1")
    assert "DPO of Acme" in one.get("/account").text
    assert [entry.actor for entry in entries(action="user.signed-in")] == [user.actor]


def test_v7_2_the_cookie_is_random_new_each_time_and_kept_as_a_digest(browser: New, person: Person) -> None:
    person()
    one, seen = browser(), set()
    for _ in range(3):
        before = one.cookie("session")
        one.client.delete_cookie("__Host-session", path="/", domain="registry.example")
        answer = one.sign_in("dpo@acme.example")
        cookie = one.cookie("session")
        assert cookie and cookie != before and len(cookie) == 43
        seen.add(cookie)
        (set_cookie,) = [line for line in answer.headers.getlist("Set-Cookie") if "session" in line]
        assert set_cookie.startswith("__Host-session=")
        assert all(flag in set_cookie for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
        assert "Domain" not in set_cookie
    kept = {row.sha256 for row in sessions.Session.select()}
    assert len(seen) == 3 and kept == {sessions.digest(cookie) for cookie in seen}


def test_v7_2_4_a_session_that_was_there_ends_when_one_signs_in_again(
    app: Flask, browser: New, person: Person
) -> None:
    person()
    one = browser()
    one.sign_in("dpo@acme.example")
    before = one.cookie("session")
    form = token(one.get("/account").text)
    answer = one.post("/sign-in", form=form, email="dpo@acme.example", password=PASSWORD)
    assert answer.status_code == 303 and one.cookie("session") != before
    with app.test_request_context(base_url=BASE):
        assert before and sessions.look(before) is None


def test_a_cookie_set_by_somebody_else_is_never_made_a_session(browser: New, person: Person) -> None:
    person()
    one = browser()
    planted = cookies.fresh()
    one.client.set_cookie("__Host-session", planted, domain="registry.example", secure=True)
    assert one.sign_in("dpo@acme.example").status_code == 303
    assert one.cookie("session") != planted


def test_v7_4_signing_out_ends_the_session_not_only_the_cookie(
    app: Flask, browser: New, person: Person
) -> None:
    person()
    one = browser()
    one.sign_in("dpo@acme.example")
    cookie = one.cookie("session")
    answer = one.send("/sign-out", "/account")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in?said=signed_out")
    assert one.cookie("session") is None
    with app.test_request_context(base_url=BASE):
        assert cookie and sessions.look(cookie) is None
    assert one.get("/account").status_code == 303


@pytest.mark.parametrize("idle", [True, False])
def test_v7_3_a_session_ends_when_idle_and_when_old(
    browser: New, person: Person, settings: Settings, monkeypatch: pytest.MonkeyPatch, idle: bool
) -> None:
    person()
    one = browser()
    one.sign_in("dpo@acme.example")
    if idle:
        later(monkeypatch, settings.session_idle_seconds - 1)
        assert one.get("/account").status_code == 200
        later(monkeypatch, settings.session_idle_seconds - 1)
        assert one.get("/account").status_code == 200  # having been used in between
        later(monkeypatch, settings.session_idle_seconds + 1)
    else:
        for _ in range(settings.session_seconds // (settings.session_idle_seconds - 60) + 1):
            later(monkeypatch, settings.session_idle_seconds - 60)
            last = one.get("/account")
        assert last.status_code == 303
    assert one.get("/account").status_code == 303


def test_b18_v7_4_2_a_disabled_user_is_out_at_the_next_request(browser: New, person: Person) -> None:
    user, one = person(), browser()
    one.sign_in("dpo@acme.example")
    sessions.disable(user.id, by=BY)
    assert one.get("/account").status_code == 303
    assert one.sign_in("dpo@acme.example").status_code == 422
    assert not _open_sessions(user)


def _open_sessions(user: users.User) -> list[sessions.Session]:
    return list(
        sessions.Session.select().where(sessions.Session.user == user, sessions.Session.ended_at.is_null())
    )


@pytest.mark.parametrize(
    "then",
    [
        "//evil.example", "https://evil.example/", "/\\evil.example", "\\/evil.example", "javascript:alert(1)",
        "/\t/evil.example",
        "/%0d%0aSet-Cookie:x" + "\r\n", " /account", "///evil.example", "evil.example", "",
        "/a\\b", "/" + "x" * 4000, "http:evil",
        "/.//evil.example\x00",
    ],
)  # fmt: skip
def test_then_leads_nowhere_else(browser: New, person: Person, then: str) -> None:
    assert own_path(then) == "/account"
    person()
    answer = browser().sign_in("dpo@acme.example", then=then)
    goes = urlsplit(urljoin(BASE, answer.headers.get("Location", "/")))
    assert (goes.scheme, goes.netloc) == ("https", "registry.example")


@pytest.mark.parametrize(
    "then", ["/oauth/authorize?client_id=a&state=%2F%2F", "/account", "/notices?lang=sv"]
)
def test_then_goes_on_within(then: str) -> None:
    assert own_path(then) == then


def test_b25_pages_are_not_kept_framed_or_told_of(browser: New, person: Person) -> None:
    person()
    one = browser()
    one.sign_in("dpo@acme.example")
    for path in ("/account", "/account/password", "/set-password?link=x", "/account/second-factor"):
        answer = one.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert (
            "default-src 'none'" in policy
            and "frame-ancestors 'none'" in policy
            and "form-action 'self'" in policy
        )
        assert "script" not in policy and "unsafe" not in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "<script" not in answer.text


def test_b29_a_form_from_elsewhere_is_refused(browser: New, person: Person) -> None:
    person()
    mine, theirs = browser(), browser()
    form = token(theirs.get("/sign-in").text)
    mine.get("/sign-in")
    fields = {"email": "dpo@acme.example", "password": PASSWORD}
    own = token(mine.get("/sign-in").text)
    wrong = [
        mine.post("/sign-in", form=form, **fields),
        mine.post("/sign-in", **fields),
        mine.post("/sign-in", form=[own, own], **fields),
        mine.post("/sign-in", form="", **fields),
        mine.post("/sign-in", {"Sec-Fetch-Site": "cross-site"}, form=own, **fields),
        mine.post("/sign-in", {"Sec-Fetch-Site": "same-site"}, form=own, **fields),
    ]
    assert [answer.status_code for answer in wrong] == [400] * 6
    assert all("The form is too old" in answer.text or "vanhentunut" in answer.text for answer in wrong)
    assert mine.cookie("session") is None
    assert mine.post("/sign-in", {"Sec-Fetch-Site": "same-origin"}, form=own, **fields).status_code == 303


def test_b29_a_form_of_before_signing_in_or_of_another_session_is_refused(
    browser: New, person: Person
) -> None:
    person()
    one, other = browser(), browser()
    early = token(one.get("/sign-in").text)
    one.sign_in("dpo@acme.example")
    other.sign_in("dpo@acme.example")
    theirs = token(other.get("/account").text)
    for form in (early, theirs):
        assert one.post("/account/language", form=form, language="sv").status_code == 400
    assert (
        one.post("/account/language", form=token(one.get("/account").text), language="sv").status_code == 303
    )


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        ('{"email":"a"}', "application/json", 415),
        ("x=1", "text/plain", 415),
        ("email=%ff&password=a", "application/x-www-form-urlencoded", 400),
        ("a=" + "x" * 20000, "application/x-www-form-urlencoded", 413),
    ],
)
def test_what_is_no_form_of_ours_is_refused(browser: New, data: str, kind: str, status: int) -> None:
    one = browser()
    one.get("/sign-in")
    answer = one.client.post(
        "/sign-in", data=data, content_type=kind, base_url=BASE, headers={"Accept": "text/html"}
    )
    assert answer.status_code == status
    assert answer.content_type.startswith("text/html")


@pytest.mark.parametrize("bad", ["a\x00b", "a\ufffdb", "x" * 5000])
@pytest.mark.parametrize("name", ["email", "password", "code", "then"])
def test_a_field_that_is_no_text_is_refused(browser: New, person: Person, name: str, bad: str) -> None:
    person()
    one = browser()
    form = token(one.get("/sign-in").text)
    fields = {"email": "dpo@acme.example", "password": PASSWORD, name: bad}
    answer = one.post("/sign-in", form=form, **fields)
    assert answer.status_code == 422 and one.cookie("session") is None


def test_v6_3_2_a_new_database_has_nobody(opened: str) -> None:
    """No person, no client, no provider, and no role that somebody could be given by knowing a name."""
    for model in (users.User, clients.Client, providers.Provider, giving.StoredRole):
        assert model.select().count() == 0, model


def test_v6_2_6_password_fields_mask_and_may_be_filled_by_programs(browser: New, person: Person) -> None:
    user, one = person(), browser()
    pages = [one.get("/sign-in").text]
    one.sign_in(user.email)
    pages += [one.get("/account/password").text, one.get("/account/second-factor").text]
    fields = [field for page in pages for field in re.findall(r"<input id[^>]+>", page)]
    secret = [field for field in fields if re.search(r'name="(password|new|again)"', field)]
    assert len(secret) == 5
    for field in secret:
        assert 'type="password"' in field and re.search(r'autocomplete="(current|new)-password"', field)
        assert "maxlength" not in field and "onpaste" not in field


def test_v7_4_4_signing_out_is_on_every_page_of_who_is_signed_in(browser: New, person: Person) -> None:
    user, one = person(), browser()
    one.sign_in(user.email)
    for path in (
        "/account",
        "/account/password",
        "/account/second-factor",
        "/sign-in?said=again",
        "/set-password",
    ):
        header = one.get(path).text.partition("<main")[0]
        assert 'action="/sign-out"' in header, path
    assert 'action="/sign-out"' not in browser().get("/sign-in").text
