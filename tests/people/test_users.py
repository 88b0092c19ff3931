"""Users: who is added, how they are told apart, and `registry user`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from registry.cli import main
from registry.errors import Conflict, Invalid, NotFound
from registry.journal import entries
from registry.people import agents, factor, links, sessions, users
from registry.people.account import blueprint
from registry.settings import Settings
from tests.people.conftest import BY, PASSWORD, Browser
from tests.people.test_factor import guarded  # noqa: F401 -- a fixture
from tests.people.test_signing_in import later

New = Callable[[], Browser]
Person = Callable[..., users.User]


@pytest.mark.parametrize("email", ["DPO@Acme.example", " dpo@acme.example ", "dpo@ACME.example"])
def test_a_mailbox_is_one_persons_however_it_is_written(person: Person, email: str) -> None:
    person()
    with pytest.raises(Conflict) as wrong:
        users.add_user(email=email, name="Other", language="fi", by=BY)
    assert wrong.value.code == "user_exists"


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "nobody"}, {"email": "a@localhost"}, {"email": "a b@acme.example"}, {"email": ""},
        {"email": "a@b\n.example"},
        {"name": ""}, {"name": "  "}, {"name": "a\nb"}, {"name": "x" * 201}, {"language": "no"}, {"language": ""},
    ],
)  # fmt: skip
def test_who_cannot_be_is_not_added(opened: str, wrong: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        users.add_user(**{"email": "a@acme.example", "name": "A", "language": "fi", **wrong}, by=BY)
    assert entries(action="user.added") == []


def test_people_are_nobody_until_they_are(opened: str) -> None:
    for made in ("", "x", "../..", "0" * 16):
        assert users.find(made) is None
    for verb in (lambda: sessions.disable("0" * 16, by=BY), lambda: links.reset("0" * 16, by=BY, seconds=1)):
        with pytest.raises(NotFound):
            verb()


def test_disabling_twice_says_it_once(person: Person) -> None:
    user = person()
    sessions.disable(user.id, by=BY)
    sessions.disable(user.id, by=BY)
    assert len(entries(action="user.disabled")) == 1


@pytest.fixture
def command(opened: str, settings: Settings) -> Callable[..., Any]:
    def run(*words: str, fails: bool = False) -> Any:
        environ = {"REGISTRY_DATABASE": opened, "REGISTRY_BASE_URL": settings.base_url}
        done = CliRunner().invoke(main, ["user", *words], env=environ)
        assert (done.exit_code != 0) == fails, done.output
        return (
            done.output if fails or words[0] in ("list", "disable", "sign-out") else json.loads(done.output)
        )

    return run


def test_registry_user(command: Callable[..., Any], browser: New) -> None:
    made = command("add", "--email", "dpo@acme.example", "--name", "DPO of Acme", "--language", "sv")
    assert made["link"].startswith("https://registry.example/set-password?link=")
    again = command("invite", "dpo@acme.example")
    assert again["link"] != made["link"]
    assert browser().get(made["link"].removeprefix("https://registry.example")).status_code == 410
    page = browser().get(again["link"].removeprefix("https://registry.example"))
    assert page.status_code == 200 and "dpo@acme.example" in page.text
    listed = [json.loads(line) for line in command("list").splitlines()]
    assert [(one["id"], one["password"], one["language"]) for one in listed] == [(made["id"], False, "sv")]
    assert "link" not in listed[0] and again["link"][-43:] not in str(listed)
    command("disable", made["id"])
    assert "disabled" in command("reset", made["id"], fails=True)
    assert "no such user" in command("invite", "nobody@acme.example", fails=True)
    assert "already" in command("add", "--email", "DPO@acme.example", "--name", "X", fails=True)
    assert "Traceback" not in command("add", "--email", "x", "--name", "X", fails=True)


def test_registry_user_reset_takes_a_lost_factor_away(
    command: Callable[..., Any],
    guarded: tuple[users.User, str, list[str]],  # noqa: F811 -- the fixture
) -> None:
    user = guarded[0]
    assert command("reset", user.email)["second_factor"] is True
    assert command("reset", user.email, "--second-factor")["second_factor"] is False
    assert factor.papers(user.id) == 0


def test_v7_5_a_person_sees_and_ends_their_sessions(browser: New, person: Person) -> None:
    user = person()
    one, other, third = browser(), browser(), browser()
    other.agent = (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0"
    )
    for each in (one, other, third):
        each.sign_in(user.email)
    page = one.get("/account").text
    assert "Edge, Windows" in page and "Firefox, Linux" in page and "this browser" in page
    key = next(row.key for row in sessions.Session.select() if row.agent == "Edge, Windows")
    assert one.send("/account/sessions", "/account", session=key).status_code == 303
    assert [each.get("/account").status_code for each in (one, other, third)] == [200, 303, 200]
    one.send("/account/sessions", "/account")
    assert [each.get("/account").status_code for each in (one, other, third)] == [200, 303, 303]


def test_v7_5_2_who_signed_in_a_while_ago_is_asked_again_before_ending_sessions(
    browser: New, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, one, other = person(), browser(), browser()
    one.sign_in(user.email)
    other.sign_in(user.email)
    later(monkeypatch, sessions.RECENT + 1)
    answer = one.send("/account/sessions", "/account")
    assert answer.headers["Location"] == "/sign-in?then=%2Faccount&said=again"
    assert other.get("/account").status_code == 200
    page = one.get("/sign-in?then=%2Faccount&said=again")
    assert page.status_code == 200 and "Sign in again" in page.text
    assert one.send("/sign-in", "/sign-in?said=again", email=user.email, password=PASSWORD).status_code == 303
    one.send("/account/sessions", "/account")
    assert other.get("/account").status_code == 303


@pytest.mark.parametrize("everybody", [False, True])
def test_v7_4_5_the_operator_ends_sessions(
    command: Callable[..., Any], browser: New, person: Person, everybody: bool
) -> None:
    people = [person(), person("other@acme.example")]
    browsers = [browser(), browser()]
    for one, user in zip(browsers, people, strict=True):
        one.sign_in(user.email)
    command("sign-out", *(["--everybody"] if everybody else [people[0].email]))
    assert [one.get("/account").status_code for one in browsers] == [303, 303 if everybody else 200]
    assert command("sign-out", fails=True)


def test_nobody_ends_the_sessions_of_others(browser: New, person: Person) -> None:
    person()
    other, one, two = person("other@acme.example"), browser(), browser()
    one.sign_in("dpo@acme.example")
    two.sign_in(other.email)
    key = sessions.Session.get(sessions.Session.user == other).key
    one.send("/account/sessions", "/account", session=key)
    one.send("/account/sessions", "/account")
    assert two.get("/account").status_code == 200


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("", ""), ("curl/8.0", ""), ("<script>" * 200, ""),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari, iOS"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36", "Chrome, Android"),
    ],
)  # fmt: skip
def test_browsers_are_named_and_no_more_is_kept_of_them(said: str, named: str) -> None:
    assert agents.named(said) == named


def test_pages_come_in_the_language_asked_for_of_the_person_or_of_the_browser(
    browser: New, person: Person
) -> None:
    user, one = person(language="sv"), browser()
    titles = {"fi": "Kirjaudu sisään", "sv": "Logga in", "en": "Sign in"}
    for language, title in titles.items():
        assert f"<h1>{title}</h1>" in one.get("/sign-in", **{"Accept-Language": language}).text
        assert f"<h1>{title}</h1>" in one.get(f"/sign-in?lang={language}", **{"Accept-Language": "xx"}).text
    assert f"<h1>{titles['fi']}</h1>" in one.get("/sign-in?lang=xx", **{"Accept-Language": "xx"}).text
    one.sign_in(user.email)
    assert '<html lang="sv">' in one.get("/account", **{"Accept-Language": "en"}).text
    assert '<html lang="en">' in one.get("/account?lang=en").text
    one.send("/account/language", "/account", language="fi")
    assert '<html lang="fi">' in one.get("/account").text
    assert one.send("/account/language", "/account", language="no").status_code == 422
    assert blueprint.name == "account"


def test_every_word_is_there_in_every_language() -> None:
    from registry.people.pages import PAGES

    def paths(labels: Any, before: str = "") -> set[str]:
        if not isinstance(labels, dict):
            return {before}
        return {path for name, below in labels.items() for path in paths(below, f"{before}/{name}")}

    said = {language: paths(one.labels) for language, one in PAGES.words.items()}
    assert set(said) == set(users.LANGUAGES)
    assert said["fi"] == said["sv"] == said["en"]
