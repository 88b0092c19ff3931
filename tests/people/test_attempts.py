"""Guessing: it gets slower and slower, tells nothing, and keeps nobody out who belongs in."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from registry import db
from registry.people import attempts, passwords, users
from registry.settings import Settings
from tests.people.conftest import PASSWORD, Browser
from tests.people.test_factor import code, guarded  # noqa: F401 -- a fixture
from tests.people.test_signing_in import later

New = Callable[[], Browser]
Person = Callable[..., users.User]


def fail(browser: New, email: str, times: int) -> list[int]:
    """Wrong passwords from a browser that nobody knows."""
    one = browser()
    return [one.sign_in(email, f"wrong password {number}").status_code for number in range(times)]


@pytest.mark.parametrize("email", ["dpo@acme.example", "nobody@acme.example", "not an address", "x" * 400])
def test_v6_3_1_tries_wait_longer_and_longer_whether_there_is_such_a_person_or_not(
    browser: New, person: Person, monkeypatch: pytest.MonkeyPatch, email: str
) -> None:
    person()
    assert fail(browser, email, 7) == [422] * 5 + [429] * 2
    waits = []
    for _ in range(6):
        answer = browser().sign_in(email, "wrong")
        assert answer.status_code == 429
        waits.append(int(answer.headers["Retry-After"]))
        later(monkeypatch, waits[-1] + 0.1)
        assert browser().sign_in(email, "wrong").status_code == 422
    assert waits == [1, 2, 4, 8, 16, 32]


def test_v6_3_8_neither_answer_nor_work_tells_who_has_an_account(
    browser: New, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    person()
    person("invited@acme.example", password=None)
    worked: list[str | None] = []
    verify = passwords.right
    monkeypatch.setattr(
        passwords, "right", lambda stored, given: worked.append(stored) or verify(stored, given)
    )
    told = set()
    for email in ("dpo@acme.example", "nobody@acme.example", "invited@acme.example"):
        for _ in range(7):
            answer = browser().sign_in(email, "wrong password")
            text = answer.text.replace(email, "…")
            told.add((answer.status_code, _plain(text), tuple(sorted(answer.headers.keys()))))
    assert len(told) == 2  # refused, and to wait; alike for all three
    assert len(worked) == 15 and worked.count(None) == 10


def _plain(page: str) -> str:
    import re

    return re.sub(r'name="form" value="\w+"|\d+ s\b', "", page)


def test_the_owner_gets_in_from_a_browser_known_before(browser: New, person: Person) -> None:
    user, mine = person(), browser()
    assert mine.sign_in(user.email).status_code == 303
    mine.send("/sign-out", "/account")
    fail(browser, user.email, 8)
    assert browser().sign_in(user.email).status_code == 429  # the right password, from a stranger's browser
    assert mine.sign_in(user.email).status_code == 303


def test_a_browser_known_to_one_is_a_stranger_to_others(browser: New, person: Person) -> None:
    person()
    other, mine = person("other@acme.example"), browser()
    mine.sign_in("dpo@acme.example")
    mine.send("/sign-out", "/account")
    fail(browser, other.email, 8)
    assert mine.sign_in(other.email).status_code == 429


def test_a_known_browser_guesses_no_faster(browser: New, person: Person) -> None:
    user, mine = person(), browser()
    mine.sign_in(user.email)
    mine.send("/sign-out", "/account")
    assert [mine.sign_in(user.email, "wrong").status_code for _ in range(6)] == [422] * 5 + [429]
    assert browser().sign_in(user.email).status_code == 303  # and locks nobody else out


def test_the_owner_gets_in_with_password_and_code_together(
    browser: New,
    guarded: tuple[users.User, str, list[str]],  # noqa: F811 -- the fixture
) -> None:
    user, secret, codes = guarded
    fail(browser, user.email, 8)
    assert browser().sign_in(user.email).status_code == 429
    assert browser().sign_in(user.email, "wrong", code=code(secret)).status_code == 429
    assert browser().sign_in(user.email, PASSWORD, code="000000").status_code == 429
    assert browser().sign_in(user.email, PASSWORD, code=code(secret)).status_code == 303
    fail(browser, user.email, 8)
    assert browser().sign_in(user.email, PASSWORD, code=codes[0]).status_code == 303


def test_while_waiting_nothing_tells_that_a_password_was_right(
    browser: New,
    guarded: tuple[users.User, str, list[str]],  # noqa: F811 -- the fixture
) -> None:
    user = guarded[0]
    fail(browser, user.email, 8)
    told = set()
    for password in ("wrong", PASSWORD):
        for given in ("", "000000"):
            answer = browser().sign_in(user.email, password, code=given)
            told.add((answer.status_code, _plain(answer.text)))
    assert len(told) == 1


def test_v6_5_wrong_codes_wait_too_and_only_who_knows_the_password_can_use_them_up(
    browser: New,
    guarded: tuple[users.User, str, list[str]],  # noqa: F811 -- the fixture
) -> None:
    user, secret, _ = guarded
    one = browser()
    one.sign_in(user.email)
    assert [one.send("/sign-in/code", code=f"00000{n}").status_code for n in range(6)] == [422] * 5 + [429]
    assert one.send("/sign-in/code", code=code(secret)).status_code == 429
    # Somebody without the password cannot do that to anybody.
    attempts.forget("code", f"{user.id} ")
    stranger = browser()
    for _ in range(8):
        stranger.sign_in(user.email, "wrong", code="000000")
    assert browser().sign_in(user.email, PASSWORD, code=code(secret)).status_code == 303


def test_many_at_once_are_not_looked_at_together(opened: str) -> None:
    def one(_: int) -> int:
        try:
            return attempts.claim("mailbox", "dpo@acme.example")
        finally:
            db.request_end()

    with ThreadPoolExecutor(12) as many:
        found = list(many.map(one, range(24)))
    assert found.count(0) == attempts.FREE


def test_b28_one_address_is_slowed_down_and_others_are_not(browser: New, person: Person) -> None:
    user = person()
    one = browser()
    one.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    answers = [one.sign_in(f"{number}@acme.example", "wrong") for number in range(105)]
    assert [answer.status_code for answer in answers] == [422] * 100 + [429] * 5
    assert int(answers[-1].headers["Retry-After"]) > 0
    other = browser()
    other.client.environ_base["REMOTE_ADDR"] = "192.0.2.8"
    assert other.sign_in(user.email).status_code == 303


def test_the_present_password_is_not_to_be_guessed_either(
    browser: New, person: Person, settings: Settings
) -> None:
    user, one = person(), browser()
    one.sign_in(user.email)
    new = "uusi ja ihan erilainen lause"
    sent = [one.send("/account/password", password="wrong", new=new, again=new).status_code for _ in range(6)]
    assert sent == [422] * 5 + [429]


def test_b30_logs_hold_no_password_and_no_address(
    browser: New, person: Person, caplog: pytest.LogCaptureFixture
) -> None:
    user = person()
    with caplog.at_level("INFO"):
        browser().sign_in(user.email, "canary in the coal mine")
        browser().sign_in("nobody@acme.example", "canary in the coal mine")
        browser().sign_in(user.email)
    assert "refused" in caplog.text
    assert not any(secret in caplog.text for secret in ("canary", PASSWORD, user.email, "nobody@"))
