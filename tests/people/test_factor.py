"""The second factor: taking it into use, its codes, the codes on paper; each is right once."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from html import unescape

import pyotp
import pytest
from flask import Flask

from registry import clock, db
from registry.api.application import application
from registry.app import create_app
from registry.errors import Conflict, Invalid
from registry.journal import entries
from registry.keys import held, sealing
from registry.people import account, factor, links, providers, routes, sessions, users
from registry.settings import Settings
from tests import engines
from tests.people.conftest import BASE, BY, PASSWORD, Browser, hidden, token
from tests.people.test_signing_in import later

New = Callable[[], Browser]
Person = Callable[..., users.User]
PAPER = r"[a-z2-7]{6}(?:-[a-z2-7]{6}){3}"


def code(secret: str, steps: int = 0) -> str:
    """What an authenticator shows now, or some steps from now."""
    now = int(datetime.fromisoformat(clock.now()).timestamp())
    return pyotp.TOTP(secret).at(now + factor.SECONDS * steps)


def secret_of(page: str) -> str:
    found = re.search(r"<code>([A-Z2-7 ]+)</code>", page)
    assert found
    return found[1].replace(" ", "")


@pytest.fixture
def guarded(settings: Settings, person: Person) -> tuple[users.User, str, list[str]]:
    """A person with a second factor, its secret, and the codes on paper; no code was used."""
    user = person()
    offer = factor.offered(user, settings)
    secret = secret_of(f"<code>{factor.shown(offer, user, settings)[0]}</code>")
    codes = factor.begin(user, offer, code(secret, -1), settings=settings, by=user.actor)
    return users.the(user.id), secret, codes


def test_an_authenticator_is_taken_into_use_and_asked_for(browser: New, person: Person) -> None:
    user, one = person(), browser()
    one.sign_in(user.email)
    page = one.get("/account/second-factor").text
    assert "<svg" in page and "style=" not in page
    secret = secret_of(page)
    fields = {"form": token(page), "offer": hidden(page, "offer"), "password": PASSWORD}
    wrong = one.post("/account/second-factor", code="000000", **fields)
    assert wrong.status_code == 422 and hidden(wrong.text, "offer") == fields["offer"]
    assert (
        one.post("/account/second-factor", code=code(secret), **fields | {"password": "x"}).status_code == 422
    )
    answer = one.post("/account/second-factor", code=code(secret, -1), **fields)
    codes = re.findall(f"<li>({PAPER})</li>", answer.text)
    assert answer.status_code == 200 and len(set(codes)) == 10
    fields["form"] = token(one.get("/account").text)  # the session has a new cookie
    assert one.post("/account/second-factor", code=code(secret), **fields).status_code == 409
    other = browser()
    step = other.sign_in(user.email, then="/account/password")
    assert step.headers["Location"] == "/sign-in/code?then=%2Faccount%2Fpassword"
    assert other.cookie("session") is None and other.get("/account").status_code == 303
    assert other.send("/sign-in/code", code="123456").status_code == 422
    done = other.send(
        "/sign-in/code", code=code(secret)[:3] + " " + code(secret)[3:], then="/account/password"
    )
    assert (done.status_code, done.headers["Location"]) == (303, "/account/password")
    assert [entry.payload for entry in entries(action="user.signed-in")][-1] == {"method": "password+totp"}
    assert other.get("/sign-in/code").status_code == 303


@pytest.mark.parametrize(("steps", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_v6_5_5_a_code_is_right_for_a_moment(
    settings: Settings, person: Person, monkeypatch: pytest.MonkeyPatch, steps: int, right: bool
) -> None:
    monkeypatch.setattr(clock, "now", lambda: "2026-11-25T12:00:07.000000Z")
    user = person()
    offer = factor.offered(user, settings)
    secret = secret_of(f"<code>{factor.shown(offer, user, settings)[0]}</code>")
    if right:
        factor.begin(user, offer, code(secret, steps), settings=settings, by=BY)
        return
    with pytest.raises(Invalid) as wrong:
        factor.begin(user, offer, code(secret, steps), settings=settings, by=BY)
    assert wrong.value.code == "code_wrong"
    assert users.the(user.id).totp is None


def test_v6_5_1_a_code_is_right_once_and_none_before_it_any_more(
    settings: Settings, guarded: tuple[users.User, str, list[str]]
) -> None:
    user, secret, _ = guarded
    assert factor.right(user, code(secret, -1), settings) is None  # used when it was taken into use
    assert factor.right(user, code(secret, 1), settings) == "totp"
    for steps in (1, 0, -1):
        assert factor.right(user, code(secret, steps), settings) is None


@pytest.mark.parametrize("paper", [False, True])
def test_v6_5_1_of_many_at_once_one_code_is_right(
    settings: Settings, guarded: tuple[users.User, str, list[str]], paper: bool
) -> None:
    user, secret, codes = guarded
    given = codes[0] if paper else code(secret)

    def one(_: int) -> str | None:
        try:
            return factor.right(user, given, settings)
        finally:
            db.request_end()

    with ThreadPoolExecutor(6) as many:
        found = list(many.map(one, range(6)))
    assert sorted(found, key=str) == [None] * 5 + ["recovery" if paper else "totp"]


def test_v6_5_2_codes_on_paper_are_kept_as_digests_and_good_once(
    browser: New, guarded: tuple[users.User, str, list[str]]
) -> None:
    user, _, codes = guarded
    one = browser()
    one.sign_in(user.email)
    assert one.send("/sign-in/code", code=codes[3].upper().replace("-", " ")).status_code == 303
    assert factor.papers(user.id) == 9
    other = browser()
    other.sign_in(user.email)
    assert other.send("/sign-in/code", code=codes[3]).status_code == 422
    kept = {row.sha256 for row in factor.Recovery.select()}
    assert sessions.digest(codes[0].replace("-", "")) in kept
    assert not any(code in str(kept) or code.replace("-", "") in str(kept) for code in codes)


def test_a_code_of_somebody_else_is_wrong(
    settings: Settings, guarded: tuple[users.User, str, list[str]], person: Person
) -> None:
    _, secret, codes = guarded
    other = person("other@acme.example")
    assert factor.right(other, codes[0], settings) is None
    offer = factor.offered(other, settings)
    with pytest.raises(Invalid):
        factor.shown(factor.offered(guarded[0], settings), other, settings)
    own = secret_of(f"<code>{factor.shown(offer, other, settings)[0]}</code>")
    factor.begin(other, offer, code(own), settings=settings, by=BY)
    other = users.the(other.id)
    assert factor.right(other, code(secret), settings) is None
    assert factor.right(other, codes[0], settings) is None


@pytest.mark.parametrize(
    "given", ["", "0", "00000", "0000000", "１２３４５６", "abcdef", "a" * 24, "a" * 5000, "-", "１" * 6]
)
def test_what_is_no_code_is_wrong(
    settings: Settings, guarded: tuple[users.User, str, list[str]], given: str
) -> None:
    assert factor.right(guarded[0], given, settings) is None


def test_the_second_step_ends_in_time_and_with_its_first(
    browser: New, guarded: tuple[users.User, str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    user, secret, _ = guarded
    one = browser()
    one.sign_in(user.email)
    form = token(one.get("/sign-in/code").text)
    with monkeypatch.context() as moved:
        later(moved, 301)
        assert one.post("/sign-in/code", form=form, code=code(secret)).status_code == 410
    two = browser()
    two.sign_in(user.email)
    form = token(two.get("/sign-in/code").text)
    links.put_password(user, user.password, by=BY)  # somebody changed it between the steps
    assert two.post("/sign-in/code", form=form, code=code(secret)).status_code == 410


def test_new_codes_end_those_before_and_removing_needs_both_factors(
    browser: New, guarded: tuple[users.User, str, list[str]]
) -> None:
    user, secret, codes = guarded
    one = browser()
    one.sign_in(user.email)
    one.send("/sign-in/code", code=code(secret))
    path = "/account/second-factor/change"
    assert one.send(path, password="wrong one", code=codes[0], what="remove").status_code == 422
    for wrong in ("", "000000", code(secret)):  # none, a wrong one, one that was used
        assert one.send(path, password=PASSWORD, code=wrong, what="remove").status_code == 422
    page = one.send(path, password=PASSWORD, code=codes[1], what="renew")
    fresh = re.findall(f"<li>({PAPER})</li>", page.text)
    assert len(fresh) == 10 and not set(fresh) & set(codes)
    assert one.send(path, password=PASSWORD, code=codes[2], what="remove").status_code == 422
    assert one.send(path, password=PASSWORD, code=fresh[1], what="rubbish").status_code == 422
    assert one.send(path, password=PASSWORD, code=fresh[0], what="remove").status_code == 303
    assert users.the(user.id).totp is None and factor.papers(user.id) == 0
    assert browser().sign_in(user.email).headers["Location"] == "/account"


def test_v6_4_3_a_new_password_by_link_leaves_the_second_factor(
    browser: New, guarded: tuple[users.User, str, list[str]]
) -> None:
    user = guarded[0]
    link = links.reset(user.id, by=BY, seconds=60)
    one, new = browser(), "uusi ja ihan erilainen lause"
    one.send("/set-password", f"/set-password?link={link}", link=link, new=new, again=new)
    assert one.sign_in(user.email, new).headers["Location"].startswith("/sign-in/code")


def test_b30_the_secret_is_sealed_and_bound_to_its_person(
    settings: Settings, guarded: tuple[users.User, str, list[str]], person: Person
) -> None:
    user, secret, codes = guarded
    dump = "\n".join(str(row) for model in engines.tables() for row in model.select().tuples())
    assert user.totp in dump and secret not in dump
    assert not any(code in dump for code in codes)
    other = person("other@acme.example")
    other.totp = user.totp
    with pytest.raises(sealing.Tampered):
        factor.right(other, code(secret), settings)


def test_without_a_sealing_key_it_is_said_and_not_offered(opened: str, person: Person) -> None:
    user = person()
    app: Flask = application(Settings(database=opened, base_url=BASE), [routes.blueprint, account.blueprint])
    one = Browser(app.test_client())
    one.sign_in(user.email)
    assert "no key to keep" in unescape(one.get("/account").text)
    assert one.get("/account/second-factor").status_code == 409
    with pytest.raises(Conflict):
        factor.renew(user, by=BY)


def test_v6_3_3_where_a_second_factor_is_required_a_password_leads_to_taking_one_into_use_and_nowhere_else(
    opened: str, settings: Settings, person: Person
) -> None:
    user = person()
    app = application(replace(settings, second_factor="required"), [routes.blueprint, account.blueprint])
    one = Browser(app.test_client())
    assert one.sign_in(user.email).status_code == 303
    for path in ("/account", "/account/password", "/account/second-factor/change"):
        assert one.get(path).headers["Location"] == "/account/second-factor", path
    assert one.get("/sign-in").headers["Location"] == "/account/second-factor"
    page = one.get("/account/second-factor").text
    form, weak = token(page), one.cookie("session")
    for path in ("/account/language", "/account/sessions", "/account/password"):
        assert one.post(path, form=form).headers["Location"] == "/account/second-factor", path
    with app.test_request_context(headers={"Cookie": f"__Host-session={weak}"}, base_url=BASE):
        assert sessions.current() is None and sessions.current(weak=True) is not None
    fields = {"offer": hidden(page, "offer"), "password": PASSWORD, "code": code(secret_of(page))}
    assert one.post("/account/second-factor", form=form, **fields).status_code == 200
    assert one.get("/account").status_code == 200
    assert one.cookie("session") != weak
    other = Browser(app.test_client())
    other.sign_in(user.email)
    assert other.send("/sign-in/code", code=code(secret_of(page), 1)).status_code == 303
    assert other.get("/account").status_code == 200
    assert other.send("/sign-out", "/account").status_code == 303


def test_h16_keys_take_the_place_of_others_and_one_that_is_missing_is_said(
    opened: str, settings: Settings, guarded: tuple[users.User, str, list[str]]
) -> None:
    user, secret, _ = guarded
    theirs = {"secret": "canary-of-theirs", "issuer": "https://login.acme.example", "audience": None}
    providers.add_provider(
        key="acme", name="Acme", client_id="us", groups_claim="groups", mapping=[], by=BY, settings=settings, **theirs
    )  # fmt: skip
    newer = sealing.new_key()
    both = replace(settings, secret_key=f"{newer}\n{settings.secret_key}")
    gone = replace(settings, secret_key=newer)
    with pytest.raises(ValueError, match="sealing keys that are not set"):
        create_app(gone)
    assert factor.right(user, code(secret), both) == "totp"
    moved = [held.reseal(sealing.Sealer.of(both)) for _ in range(2)]
    assert [one["second factors"] for one in moved] == [one["providers"] for one in moved] == [1, 0]
    assert providers.Provider.get(key="acme").opened(gone) == theirs["secret"]
    assert factor.right(users.the(user.id), code(secret, 1), gone) == "totp"
    create_app(gone)
    with pytest.raises(ValueError, match="SECOND_FACTOR"):
        create_app(Settings(database=opened, second_factor="required"))


def test_v6_5_3_codes_and_seeds_are_random_and_long_enough(settings: Settings, person: Person) -> None:
    user = person()
    shown = [factor.shown(factor.offered(user, settings), user, settings)[0] for _ in range(5)]
    assert len(set(shown)) == 5
    assert all(re.fullmatch(r"(?:[A-Z2-7]{4} ?){8}", one) for one in shown)  # 32 letters of 5 bits
    offer = factor.offered(user, settings)
    secret = secret_of(f"<code>{factor.shown(offer, user, settings)[0]}</code>")
    codes = factor.begin(user, offer, code(secret), settings=settings, by=BY)
    codes += factor.renew(users.the(user.id), by=BY)
    assert len(set(codes)) == 20 and all(re.fullmatch(PAPER, one) for one in codes)  # 24 letters of 5 bits
