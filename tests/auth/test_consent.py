"""The pages on which somebody allows a program something: what gets there, what is shown, what goes back."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from registry import clock
from registry.auth.clients import stored as clients
from registry.auth.clients.registration import CODE, PUBLIC, Registration
from registry.auth.roles import duties, giving
from registry.auth.server.consent import NAMES
from registry.auth.tokens import codes, devices
from registry.auth.tokens.codes import Asked, Code
from registry.people import sessions, users
from tests.auth.asking import BASE, Known, journalled
from tests.auth.flows import BACK, NATIVE, SCREENLESS, WEB, Flow, registered, status

pytestmark = pytest.mark.usefixtures("database")

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


class Browser:
    """Somebody's browser: keeps cookies, follows nothing by itself, sends forms as they stand on the page."""

    def __init__(self, app: Flask, user_id: str | None) -> None:
        self.http: FlaskClient = app.test_client()
        if user_id is not None:
            with app.app_context():
                cookie = sessions.begin(user_id, method="password", agent="test", seconds=3600)
            self.http.set_cookie("session", cookie, domain="127.0.0.1")

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.http.get(path, base_url=BASE, headers={"Accept": "text/html", **headers})

    def post(self, path: str, fields: dict[str, Any], **headers: str) -> TestResponse:
        return self.http.post(path, base_url=BASE, data=fields, headers={"Accept": "text/html", **headers})

    def press(self, page: TestResponse, answer: str, **other: str) -> TestResponse:
        """Sends the form of a page by one of its buttons."""
        assert page.status_code == 200, page.text
        (action,) = re.findall(r'<form method="post" action="(/oauth/[^"]+)"', page.text)
        return self.post(html.unescape(action), {**fields(page), "answer": answer, **other})


def fields(page: TestResponse) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    return {name: html.unescape(value) for name, value in found}


def query(location: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(location).query, keep_blank_values=True))


@pytest.fixture
def app(make: Callable[..., Flask]) -> Flask:
    made = make()
    made.extensions[NAMES] = lambda keys: {key: f"Organisation {key}" for key in keys}
    return made


@pytest.fixture
def browser(app: Flask, person: str) -> Browser:
    """The browser of the DPO of seamk, who is signed in."""
    return Browser(app, person)


@pytest.fixture
def client() -> Known:
    return registered(WEB)


def address(client: Known, **other: str | None) -> str:
    """The authorization request of a client; None leaves a parameter out."""
    told = {
        "response_type": "code", "client_id": client.id, "redirect_uri": BACK, "scope": "registers:read journal:read",
        "state": "xyz", "code_challenge": CHALLENGE, "code_challenge_method": "S256", **other,
    }  # fmt: skip
    return "/oauth/authorize?" + urlencode({name: value for name, value in told.items() if value is not None})


def nowhere(answer: TestResponse) -> None:
    """A page that says that this is not put to anybody, and leads nowhere."""
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert answer.content_type.startswith("text/html")
    assert "evil" not in answer.text
    assert Asked.select().count() == Code.select().count() == 0


# What gets to the page -------------------------------------------------------------------------------------


def test_who_is_not_signed_in_does_that_first_and_comes_back(app: Flask, client: Known) -> None:
    answer = Browser(app, None).get(address(client))
    assert answer.status_code == 303
    then = query(answer.headers["Location"])["then"]
    assert answer.headers["Location"].startswith("/sign-in?")
    assert then.startswith("/oauth/authorize?")
    assert query(then)["client_id"] == client.id
    assert Asked.select().count() == 0


EVIL = [
    "https://evil.example/back", "https://audit.example/back/", "https://audit.example/back?x=1",
    "https://audit.example/back#x", "https://audit.example:444/back", "https://audit.example:443/back",
    "https://AUDIT.example/back", "https://audit.example/%62ack", "https://audit.example%2fback",
    "https://audit.example.evil.example/back", "https://audit.example@evil.example/back", "http://audit.example/back",
    "https://audit.example/back/../evil", "//audit.example/back", "javascript:alert(1)", "ä", "https://audit.example/Back",
    "https://audit.example/back ", "https://audit.example/back\n", "https://audit.example", "x" * 2000,
]  # fmt: skip


@pytest.mark.parametrize("uri", EVIL, ids=range(len(EVIL)))
def test_b1_another_redirect_uri_is_a_page_and_no_redirect(uri: str, browser: Browser, client: Known) -> None:
    nowhere(browser.get(address(client, redirect_uri=uri)))


LOOPBACK = [
    ("http://127.0.0.1:1/back", True), ("http://127.0.0.1:65000/back", True), ("http://127.0.0.1/back", True),
    ("http://127.0.0.1:8000/other", False), ("http://localhost:8000/back", False), ("http://[::1]:8000/back", False),
    ("https://127.0.0.1:8000/back", False), ("http://127.0.0.1:8000@evil.example/back", False),
    ("http://127.0.0.2:8000/back", False), ("http://127.0.0.1:0x50/back", False), ("http://127.0.0.1:/back", False),
]  # fmt: skip


@pytest.mark.parametrize(("uri", "good"), LOOPBACK, ids=range(len(LOOPBACK)))
def test_b3_a_program_on_ones_own_machine_chooses_its_port(uri: str, good: bool, browser: Browser) -> None:
    answer = browser.get(address(registered(NATIVE), redirect_uri=uri))
    assert answer.status_code == (200 if good else 400)
    assert "Location" not in answer.headers


NOBODY: list[dict[str, str | None]] = [
    {"client_id": "0123456789abcdef"}, {"client_id": None}, {"client_id": "x"}, {"client_id": "a\x00b"},
    {"client_id": "0123456789abcdef", "response_type": "token"}, {"redirect_uri": None}, {"redirect_uri": ""},
    {"redirect_uri": "https://evil.example/", "response_type": "token"},
    {"redirect_uri": "https://evil.example/", "response_type": "x"},
    {"redirect_uri": "https://evil.example/", "response_type": None},
    {"redirect_uri": "https://evil.example/", "code_challenge": None},
    {"redirect_uri": "https://evil.example/", "scope": "everything"},
]  # fmt: skip


@pytest.mark.parametrize("wrong", NOBODY, ids=range(len(NOBODY)))
def test_b4_a_client_or_address_that_is_not_known_is_a_page_and_no_redirect(
    wrong: dict[str, str | None], browser: Browser, app: Flask, client: Known
) -> None:
    asked = address(client, **{"redirect_uri": "https://evil.example/", **wrong})
    nowhere(browser.get(asked))
    nowhere(Browser(app, None).get(asked))


def test_b4_parameters_that_come_twice_are_no_way_round(browser: Browser, client: Known) -> None:
    for name in ("redirect_uri", "client_id"):
        nowhere(browser.get(address(client) + "&" + urlencode({name: "https://evil.example/"})))
    for name in ("scope", "state", "response_type", "code_challenge", "code_challenge_method", "x"):
        answer = browser.get(address(client, x="1") + f"&{name}=S256")
        assert answer.status_code in (303, 400)
        assert Code.select().count() == Asked.select().count() == 0


def test_b18_a_disabled_client_is_not_put_to_anybody(browser: Browser, client: Known) -> None:
    page = browser.get(address(client))
    clients.disable_client(client.id, by="operator")
    again = browser.get(address(client))
    assert (again.status_code, "Location" in again.headers) == (400, False)
    assert browser.press(page, "allow").status_code == 410
    assert Code.select().count() == 0


def sent_back(answer: TestResponse, error: str) -> None:
    """The error goes to the client, with its state and our name, and nobody was asked anything."""
    assert answer.status_code == 303, answer.text
    location = answer.headers["Location"]
    assert location.startswith(BACK + "?")
    told = query(location)
    assert (told["error"], told["iss"]) == (error, BASE)
    assert told["state"] in ("xyz", "a\x00b")
    assert re.fullmatch(r"[\x20\x21\x23-\x5b\x5d-\x7e]*", told.get("error_description", ""))
    assert set(told) <= {"error", "error_description", "state", "iss"}
    assert Asked.select().count() == Code.select().count() == 0


BAD: dict[str, tuple[dict[str, str | None], str]] = {
    "b6_no_challenge": ({"code_challenge": None}, "invalid_request"),
    "b6_no_challenge_nor_method": (
        {"code_challenge": None, "code_challenge_method": None}, "invalid_request",
    ),
    "b7_plain": ({"code_challenge_method": "plain"}, "invalid_request"),
    "b7_no_method": ({"code_challenge_method": None}, "invalid_request"),
    "b7_small_letters": ({"code_challenge_method": "s256"}, "invalid_request"),
    "b6_short": ({"code_challenge": CHALLENGE[:-1]}, "invalid_request"),
    "b6_long": ({"code_challenge": CHALLENGE + "A"}, "invalid_request"),
    "b6_padded": ({"code_challenge": CHALLENGE[:-1] + "="}, "invalid_request"),
    "b5_token": ({"response_type": "token"}, "unsupported_response_type"),
    "b5_id_token": ({"response_type": "id_token"}, "unsupported_response_type"),
    "b5_hybrid": ({"response_type": "code id_token"}, "unsupported_response_type"),
    "b5_none": ({"response_type": None}, "unsupported_response_type"),
    "b5_odd": ({"response_type": "ä\n\""}, "unsupported_response_type"),
    "b16_unknown_scope": ({"scope": "everything"}, "invalid_scope"),
    "b16_no_scope_of_its": ({"scope": "registers:write"}, "invalid_scope"),
    "state_nul": ({"state": "a\x00b"}, "invalid_request"),
    "b17_other_resource": ({"resource": "https://evil.example"}, "invalid_target"),
}  # fmt: skip


@pytest.mark.parametrize("how", ["confidential", "public"])
@pytest.mark.parametrize(("wrong", "error"), BAD.values(), ids=BAD)
def test_b6_b7_what_may_not_be_asked_goes_back_as_an_error(
    wrong: dict[str, str | None], error: str, how: str, browser: Browser
) -> None:
    own = WEB if how == "confidential" else Registration(PUBLIC, (CODE,), (BACK,))
    sent_back(browser.get(address(registered(own), **wrong)), error)


def test_an_error_goes_back_only_after_somebody_has_signed_in(app: Flask, client: Known, person: str) -> None:
    answer = Browser(app, None).get(address(client, scope="everything"))
    assert answer.headers["Location"].startswith("/sign-in?")
    then = query(answer.headers["Location"])["then"]
    page = Browser(app, person).get(then)  # by a link: the sign-in form may lead a browser to no other host
    assert page.status_code == 400
    (link,) = re.findall(r'href="(https://audit[^"]+)"', page.text)
    assert query(html.unescape(link))["error"] == "invalid_scope"


def test_b16_a_narrowed_scope_is_told_in_the_answer(
    browser: Browser, client: Known, http: FlaskClient
) -> None:
    flow = Flow(http, client, "", redirect_uri=BACK)
    asked = address(client, scope="registers:read registers:write", code_challenge=flow.challenge)
    back = query(browser.press(browser.get(asked), "allow").headers["Location"])
    told = flow.redeem(back["code"]).json
    assert told is not None
    assert told["scope"] == "registers:read"


def test_a_request_object_is_not_read(browser: Browser, client: Known) -> None:
    answer = browser.get(address(client, request="eyJhbGciOiJub25lIn0.e30."))
    assert answer.status_code == 200
    assert "https://audit.example" in answer.headers["Content-Security-Policy"]


# The page --------------------------------------------------------------------------------------------------


def test_b25_the_page_is_framed_cached_scripted_and_shared_by_nobody(browser: Browser, client: Known) -> None:
    page = browser.get(address(client), Origin="https://evil.example")
    assert page.status_code == 200
    policy = dict(part.strip().split(" ", 1) for part in page.headers["Content-Security-Policy"].split(";"))
    assert policy["frame-ancestors"] == policy["default-src"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self' https://audit.example"
    assert "script-src" not in policy
    assert "<script" not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert not [name for name, _ in page.headers if name.lower().startswith("access-control")]


def test_the_page_says_what_of_whom_and_until_when(browser: Browser, client: Known, person: str) -> None:
    giving.give(
        f"user/{person}", duties.given("reader", "osekk", registers=["opintori", "haku"]), by="operator"
    )
    scopes = ("registers:read", "registers:write", "clients:write")
    client = registered(WEB, scopes=scopes, name="Tarkastus <b>Oy</b>")
    text = html.unescape(re.sub(r"<[^>]+>", " ", browser.get(address(client, scope=" ".join(scopes))).text))
    said = " ".join(text.split())
    assert "Tarkastus <b>Oy</b> wants to use this service on your behalf" in said
    assert "Read registers and their history" in said
    assert "Add, change and end registers (can change, publish or let others in)" in said
    assert (
        "Add and disable API clients (can change, publish or let others in) – your roles do not give this"
        in said
    )
    assert "Organisation seamk – you are: Data protection officer" in said
    assert "Organisation osekk – you are: Reader only these registers: haku, opintori" in said
    until = clock.day_of(clock.later(clock.now(), 30 * 86_400))
    assert f"Until {until.day} {until:%B %Y} at the latest" in said
    assert "To audit.example" in said


def test_a_client_that_does_not_refresh_is_allowed_for_minutes(browser: Browser) -> None:
    client = registered(Registration(grant_types=(CODE,), redirect_uris=(BACK,)))
    today = clock.day_of(clock.later(clock.now(), 600))
    assert f"Until {today.day} {today:%B %Y} at the latest" in browser.get(address(client)).text


@pytest.mark.parametrize(
    ("language", "said"),
    [("fi", "Sallitko ohjelman"), ("sv", "Får programmet"), ("en", "Allow a program")],
)
def test_the_page_is_in_three_languages(language: str, said: str, browser: Browser, client: Known) -> None:
    page = browser.get(address(client) + f"&lang={language}")
    assert said in page.text
    assert f'<html lang="{language}">' in page.text
    links = re.findall(r'<a href="(/oauth/authorize\?[^"]+)" lang="(\w\w)"', page.text)
    assert [name for _, name in links] == ["fi", "sv", "en"]
    for link, other in links:
        again = browser.get(html.unescape(link))
        assert (again.status_code, f'<html lang="{other}">' in again.text) == (200, True)


def test_somebody_without_a_role_is_told_that_it_gives_nothing(app: Flask, client: Known) -> None:
    user = users.add_user(email="new@seamk.example", name="New", language="en", by="operator")
    assert "You have no role at present" in Browser(app, user.id).get(address(client)).text


# The answer ------------------------------------------------------------------------------------------------


def test_allowing_gives_the_client_a_code_that_is_its_own(
    browser: Browser, client: Known, http: FlaskClient
) -> None:
    flow = Flow(http, client, "", redirect_uri=BACK)
    answer = browser.press(browser.get(address(client, code_challenge=flow.challenge)), "allow")
    assert answer.status_code == 303  # never 307: what was sent here is not sent there
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.get_data() == b""
    back = query(answer.headers["Location"])
    assert answer.headers["Location"].startswith(BACK + "?")
    assert (back["state"], back["iss"], set(back)) == ("xyz", BASE, {"code", "state", "iss"})
    told = flow.redeem(back["code"]).json
    assert told is not None
    assert told["scope"] == "registers:read journal:read"
    assert status(http, told["access_token"]) == 200


@pytest.mark.parametrize("mode", ["fragment", "form_post", "query.jwt"])
def test_v10_4_12_answers_come_in_the_query_whatever_mode_is_asked_for(
    browser: Browser, client: Known, mode: str
) -> None:
    flawed = browser.get(address(client, response_mode=mode, code_challenge_method="plain"))
    answers = [flawed] + [
        browser.press(browser.get(address(client, response_mode=mode)), what) for what in ("allow", "refuse")
    ]
    for answer, name in zip(answers, ("error", "code", "error"), strict=True):
        assert answer.status_code == 303
        assert name in query(answer.headers["Location"])
        assert answer.headers["Location"].startswith(BACK + "?") and "#" not in answer.headers["Location"]


def test_refusing_gives_it_none(browser: Browser, client: Known) -> None:
    answer = browser.press(browser.get(address(client)), "refuse")
    assert answer.status_code == 303
    told = query(answer.headers["Location"])
    assert (told["error"], told["state"], told["iss"]) == ("access_denied", "xyz", BASE)
    assert Code.select().count() == 0
    assert journalled("access.allowed") == []


def test_a_state_that_was_not_sent_does_not_come_back(browser: Browser, client: Known) -> None:
    answer = browser.press(browser.get(address(client, state=None)), "allow")
    assert set(query(answer.headers["Location"])) == {"code", "iss"}


def test_a_query_of_the_registered_address_is_kept(browser: Browser) -> None:
    uri = "https://audit.example/back?tenant=1"
    client = registered(Registration(grant_types=(CODE,), redirect_uris=(uri,)))
    answer = browser.press(browser.get(address(client, redirect_uri=uri, state="ä&=#")), "allow")
    told = query(answer.headers["Location"])
    assert (told["tenant"], told["state"]) == ("1", "ä&=#")


def test_b29_a_page_is_answered_once(browser: Browser, client: Known) -> None:
    page = browser.get(address(client))
    assert browser.press(page, "allow").status_code == 303
    for answer in ("allow", "refuse"):
        assert browser.press(page, answer).status_code == 410
    assert Code.select().count() == 1


def test_b29_what_is_allowed_is_what_was_shown_whatever_else_is_sent(browser: Browser, client: Known) -> None:
    other = registered(WEB, name="Other")
    page = browser.get(address(client, scope="registers:read"))
    swapped = {
        "client_id": other.id,
        "redirect_uri": "https://evil.example/",
        "scope": "journal:read",
        "state": "abc",
    }
    answer = browser.press(page, "allow", **swapped)
    back = query(answer.headers["Location"])
    assert answer.headers["Location"].startswith(BACK + "?")
    assert back["state"] == "xyz"
    row = Code.get()
    assert (row.family.client_id, row.scope, row.redirect_uri) == (client.id, "registers:read", BACK)
    assert "client_id" not in fields(page)


def test_b29_consent_for_one_client_is_not_consent_for_another(browser: Browser, client: Known) -> None:
    first, second = browser.get(address(client)), browser.get(address(registered(WEB, name="Other")))
    mixed = {**fields(first), "asked": fields(second)["asked"]}  # both were shown to this person
    assert browser.post("/oauth/authorize", {**mixed, "answer": "allow"}).status_code == 303
    assert Code.get().family.client.name == "Other"  # the one that was named


def test_b29_another_persons_page_is_not_answered(browser: Browser, app: Flask, client: Known) -> None:
    user = users.add_user(email="mallory@seamk.example", name="Mallory", language="en", by="operator")
    mallory = Browser(app, user.id)
    theirs = {**fields(browser.get(address(client))), "answer": "allow"}
    own = fields(mallory.get(address(client)))
    assert mallory.post("/oauth/authorize", {**theirs, "form": own["form"]}).status_code == 410
    assert mallory.post("/oauth/authorize", theirs).status_code == 400
    assert Code.select().count() == 0


FORGED: list[tuple[dict[str, Any], dict[str, str], int]] = [
    ({"form": ""}, {}, 400),
    ({"form": "0" * 64}, {}, 400),
    ({"form": ["a", "b"]}, {}, 400),
    ({}, {"Sec-Fetch-Site": "cross-site"}, 400),
    ({}, {"Sec-Fetch-Site": "same-site"}, 400),
    ({}, {"Content-Type": "text/plain"}, 415),
    ({"asked": ""}, {}, 410),
    ({"asked": "x"}, {}, 410),
    ({"asked": ["a", "b"]}, {}, 422),
    ({"answer": ""}, {}, 422),
    ({"answer": "Allow"}, {}, 422),
    ({"answer": ["allow", "refuse"]}, {}, 422),
]


@pytest.mark.parametrize(("wrong", "headers", "code"), FORGED, ids=range(len(FORGED)))
def test_b29_a_form_of_another_site_allows_nothing(
    wrong: dict[str, Any], headers: dict[str, str], code: int, browser: Browser, client: Known
) -> None:
    sent = {**fields(browser.get(address(client))), "answer": "allow", **wrong}
    answer = browser.post("/oauth/authorize", sent, **headers)
    assert (answer.status_code, "Location" in answer.headers) == (code, False)
    assert Code.select().count() == 0


def test_b29_who_is_not_signed_in_answers_nothing(browser: Browser, app: Flask, client: Known) -> None:
    sent = {**fields(browser.get(address(client))), "answer": "allow"}
    answer = Browser(app, None).post("/oauth/authorize", sent)
    assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (303, "/sign-in")
    assert Code.select().count() == 0


def test_b29_a_page_is_open_for_ten_minutes(
    browser: Browser, client: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, real = browser.get(address(client)), clock.now
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: clock.later(real(), 601))
        assert browser.press(page, "allow").status_code == 410
        browser.get(address(client))
        assert Asked.select().count() == 1  # what is over is thrown away
    assert Code.select().count() == 0


def test_b18_whoever_may_not_sign_in_any_more_allows_nothing(
    browser: Browser, client: Known, gone: Callable[[], None]
) -> None:
    page = browser.get(address(client))
    gone()
    assert browser.press(page, "allow").headers["Location"].startswith("/sign-in")
    assert Code.select().count() == 0


def test_the_query_of_a_form_is_not_read(browser: Browser, client: Known) -> None:
    sent = {**fields(browser.get(address(client))), "answer": "refuse"}
    answer = browser.post("/oauth/authorize?answer=allow&asked=x", sent)
    assert query(answer.headers["Location"])["error"] == "access_denied"


# Devices ---------------------------------------------------------------------------------------------------


def waiting(scope: str = "registers:read") -> tuple[Known, devices.Codes]:
    known = registered(SCREENLESS, name="Command line")
    client = clients.find(known.id)
    assert client is not None
    return known, devices.ask(client, scope=scope, audience=BASE)


def test_a_device_is_allowed_on_the_page(browser: Browser, http: FlaskClient) -> None:
    known, made = waiting()
    assert browser.get("/oauth/device").status_code == 200
    page = browser.get(f"/oauth/device?user_code={devices.shown(made.user).lower()}")
    assert devices.shown(made.user) in page.text
    assert "Command line" in page.text
    assert "form-action 'self'; " in page.headers["Content-Security-Policy"]
    done = browser.press(page, "allow")
    assert (done.status_code, done.headers["Location"]) == (303, "/oauth/device?done=allowed")
    assert "Allowed." in browser.get(done.headers["Location"]).text
    form = {"grant_type": SCREENLESS.grant_types[0], "device_code": made.device, "client_id": known.id}
    assert http.post("/oauth/token", data=form).status_code == 200
    assert browser.press(page, "allow").status_code == 410


def test_a_device_is_refused_on_the_page(browser: Browser) -> None:
    _, made = waiting()
    done = browser.press(browser.get(f"/oauth/device?user_code={made.user}"), "refuse")
    assert done.headers["Location"] == "/oauth/device?done=refused"
    assert journalled("access.allowed") == []


def test_who_is_not_signed_in_types_no_code(app: Flask) -> None:
    _, made = waiting()
    nobody = Browser(app, None)
    answer = nobody.get(f"/oauth/device?user_code={made.user}")
    assert query(answer.headers["Location"])["then"] == f"/oauth/device?user_code={made.user}"
    assert nobody.post("/oauth/device", {"user_code": made.user, "answer": "allow"}).status_code == 303
    assert devices.waiting(made.user) is not None


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {}])
def test_b29_a_device_is_not_allowed_by_a_form_of_another_site(
    headers: dict[str, str], browser: Browser
) -> None:
    _, made = waiting()
    sent = {"user_code": made.user, "answer": "allow", "form": "0" * 64}
    assert browser.post("/oauth/device", sent, **headers).status_code == 400
    assert devices.waiting(made.user) is not None


def test_b28_user_codes_are_not_guessed(browser: Browser, app: Flask) -> None:
    seen = [browser.get(f"/oauth/device?user_code=BCDFGHJ{letter}") for letter in "BCDFGHJKLMNP"]
    assert [answer.status_code for answer in seen] == [422] * 10 + [429] * 2
    assert int(seen[-1].headers["Retry-After"]) <= 60
    _, made = waiting()
    user = users.add_user(email="other@seamk.example", name="Other", language="en", by="operator")
    assert Browser(app, user.id).get(f"/oauth/device?user_code={made.user}").status_code == 200


# What was allowed ------------------------------------------------------------------------------------------


def test_a_person_sees_what_acts_for_them_and_ends_it(
    browser: Browser, app: Flask, http: FlaskClient
) -> None:
    client, person = registered(WEB, name="Tarkastus & Co"), users.by_email("dpo@seamk.example")
    assert person is not None
    told = Flow(http, client, person.id).tokens()
    page = browser.get("/oauth/access")
    assert "Tarkastus &amp; Co" in page.text
    permission = fields(page)["permission"]
    other = users.add_user(email="other@seamk.example", name="Other", language="en", by="operator")
    theirs = Browser(app, other.id)
    assert "Tarkastus" not in theirs.get("/oauth/access").text
    form = fields(theirs.get(address(client)))["form"]
    assert theirs.post("/oauth/access", {"form": form, "permission": permission}).status_code == 404
    assert status(http, told["access_token"]) == 200
    done = browser.post("/oauth/access", fields(page))
    assert (done.status_code, done.headers["Location"]) == (303, "/oauth/access?ended=1")
    assert status(http, told["access_token"]) == 401
    (entry,) = journalled("token.revoked")
    assert entry.actor == person.actor
    assert "There are none" in browser.get("/oauth/access").text
    assert browser.post("/oauth/access", fields(page)).status_code == 404


def test_handles_are_kept_as_digests(browser: Browser, client: Known) -> None:
    page = browser.get(address(client))
    assert [row.sha256 for row in Asked.select()] == [clients.digest(fields(page)["asked"])]
    assert codes.asked(Asked.get().sha256, Asked.get().user_id) is None
