"""Passwords: which may be chosen, how they are kept, by which links they are set."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import hypothesis.strategies as st
import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY
from hypothesis import given

from registry import db
from registry.errors import Conflict, Gone, Invalid
from registry.journal import entries
from registry.people import links, passwords, sessions, users
from tests import engines
from tests.people.conftest import BY, PASSWORD, Browser, hidden, token
from tests.people.test_signing_in import later

New = Callable[[], Browser]
Person = Callable[..., users.User]
CONTEXT = ("tietosuojavastaava@esimerkkiamk.example", "Kirjaston päivystys", "registry.example", "registry")

COMMON = [
    "password1234", "Password1234!", "P@ssw0rd1234", "123456789012", "qwertyuiop12", "aaaaaaaaaaaa", "abcdefghijkl",
    "iloveyou2024", "salasana1234", "Salasana2026!", "lösenord1234", "kesäkuu2026!", "helsinki1234", "passwordpassword",
    "monkeymonkey", "letmeinletmein", "1q2w3e4r5t6y", "administrator", "tietosuoja2026", "esimerkkiamk",
    "registry.example",
    "esimerkkiamk-2026", "Kirjaston päivystys", "registryregistry", "talvi2026!!!", "football1234", "sunshine2025!",
]  # fmt: skip
FINE = [
    PASSWORD, "correct horse battery staple", "kolme pientä porsasta tien päällä", "x8#kQ2!vLp0z",
    "maanantain harmaa sade",
    "          väli lyönnit kelpaa", "пароль не из списка слов", "合言葉はとても長いです安心",
    "aamulla satoi räntää 😀😀",
]  # fmt: skip


@pytest.mark.parametrize("password", COMMON)
def test_v6_2_4_what_is_guessed_first_may_not_be_chosen(password: str) -> None:
    with pytest.raises(Invalid) as wrong:
        passwords.fit(password.ljust(12, "1"), CONTEXT)
    assert wrong.value.code == "password_common"
    assert password not in str(wrong.value.body())


@pytest.mark.parametrize("password", FINE)
def test_v6_2_5_no_rule_of_which_characters(password: str) -> None:
    passwords.fit(password, CONTEXT)


def test_v6_2_4_three_thousand_of_the_passwords_that_leaked_most_are_refused_however_they_are_made_long_enough() -> (
    None
):
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    listed = FREQUENCY_LISTS["passwords"]
    top = listed[:3000:10]  # every tenth; all of them take a minute
    long = [word for word in listed if len(word) >= passwords.SHORTEST][:100]
    made = [word + "1234567890"[: max(0, passwords.SHORTEST - len(word))] for word in (*top, *long)]
    assert [word for word in made if not passwords.guessed(word)] == []


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("x8#kQ2!vLp0", "password_short"),
        ("", "password_short"),
        ("q8z " * 33, "password_long"),
        ("x8#kQ2!vL\x00p0zz", "password_unfit"),
    ],
)
def test_v6_2_1_length_and_text(password: str, code: str) -> None:
    with pytest.raises(Invalid) as wrong:
        passwords.fit(password, CONTEXT)
    assert wrong.value.code == code


def test_v6_2_8_a_password_is_taken_as_it_is_to_its_last_character() -> None:
    long = "q8z " * 32
    stored = passwords.hashed(long)
    assert passwords.right(stored, long)
    for other in (long[:-1], long + " ", long + "x" * 500, long.upper(), long.strip()):
        assert not passwords.right(stored, other)
    assert not passwords.right(None, "nobody's")
    assert not passwords.right(None, "")


@given(st.text(max_size=200))
def test_no_text_is_right_but_the_one(text: str) -> None:
    assert not passwords.right(_STORED, text) or text == PASSWORD


_STORED = PasswordHasher(1, 8, 1).hash(PASSWORD)


def test_b30_argon2id_of_rfc_9106_is_what_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    made = passwords.hashed(PASSWORD)
    assert made.startswith("$argon2id$")
    assert extract_parameters(made) == RFC_9106_LOW_MEMORY
    assert RFC_9106_LOW_MEMORY.memory_cost >= 19 * 1024 and RFC_9106_LOW_MEMORY.time_cost >= 2
    assert passwords.hashed(PASSWORD) != made  # salted
    assert passwords.right(made, PASSWORD)


def test_a_hash_of_older_parameters_is_renewed_at_the_next_sign_in(
    browser: New, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = person()
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(2, 16, 1))
    passwords._nobodys.cache_clear()
    assert browser().sign_in(user.email).status_code == 303
    renewed = users.the(user.id)
    assert extract_parameters(renewed.password).time_cost == 2
    assert renewed.password_at == user.password_at
    assert browser().sign_in(user.email).status_code == 303


# Links


def test_an_invitation_leads_to_a_password_and_to_signing_in(browser: New, person: Person) -> None:
    user = person(password=None)
    one = browser()
    assert one.sign_in(user.email).status_code == 422
    link = links.invite(user.id, by=BY, seconds=600)
    page = one.get(f"/set-password?link={link}")
    assert page.status_code == 200
    assert user.email in page.text and ("Welcome" in page.text or "Tervetuloa" in page.text)
    assert one.get(f"/set-password?link={link}").status_code == 200  # looking uses nothing up
    answer = one.post(
        "/set-password", form=token(page.text), link=hidden(page.text, "link"), new=PASSWORD, again=PASSWORD
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in?said=password_set")
    assert one.cookie("session") is None
    assert one.sign_in(user.email).status_code == 303
    assert one.get(f"/set-password?link={link}").status_code == 410
    assert one.post("/set-password", form=token(one.get("/account").text), link=link, new="another one 12",
                    again="another one 12").status_code == 410  # fmt: skip


@pytest.mark.parametrize("new", ["short", "password1234", "x" * 200])
def test_a_link_is_not_spent_on_a_password_that_may_not_be(browser: New, person: Person, new: str) -> None:
    user, one = person(password=None), browser()
    link = links.invite(user.id, by=BY, seconds=600)
    answer = one.send("/set-password", f"/set-password?link={link}", link=link, new=new, again=new)
    assert answer.status_code == 422 and 'role="alert"' in answer.text and f'value="{new}"' not in answer.text
    answer = one.send(
        "/set-password", f"/set-password?link={link}", link=link, new=PASSWORD, again=PASSWORD + "x"
    )
    assert answer.status_code == 422
    answer = one.send("/set-password", f"/set-password?link={link}", link=link, new=PASSWORD, again=PASSWORD)
    assert answer.status_code == 303


def test_v6_4_a_link_ends_in_time_by_another_link_and_with_its_user(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = person()
    first, second = (links.reset(user.id, by=BY, seconds=600) for _ in range(2))
    assert links.holder_of(first, "reset") is None
    assert links.holder_of(second, "reset") == user
    assert links.holder_of(second, "half") is None
    for made in (second + "x", second[:-1], "", "x" * 43, second.swapcase()):
        assert links.holder_of(made, "reset") is None
    with monkeypatch.context() as moved:
        later(moved, 601)
        assert links.holder_of(second, "reset") is None
        with pytest.raises(Gone):
            links.use(second, "x")
    sessions.disable(user.id, by=BY)
    assert links.holder_of(second, "reset") is None
    with pytest.raises(Conflict):
        links.reset(user.id, by=BY, seconds=600)


def test_an_invitation_is_no_way_round_a_password(person: Person) -> None:
    with pytest.raises(Conflict) as wrong:
        links.invite(person().id, by=BY, seconds=600)
    assert wrong.value.code == "password_set"


def test_a_link_sets_a_password_once_however_many_try(opened: str, person: Person) -> None:
    user = person()
    for _ in range(5):
        link = links.reset(user.id, by=BY, seconds=600)

        def use(number: int, link: str = link) -> bool:
            try:
                links.use(link, f"hash {number}")
                return True
            except Gone:
                return False
            finally:
                db.request_end()

        with ThreadPoolExecutor(6) as many:
            assert sum(many.map(use, range(6))) == 1


def test_v7_4_3_a_new_password_ends_every_session(browser: New, person: Person) -> None:
    user = person()
    one, other = browser(), browser()
    one.sign_in(user.email)
    other.sign_in(user.email)
    cookie = one.cookie("session")
    new = "uusi ja ihan erilainen lause"
    answer = one.send("/account/password", password=PASSWORD, new=new, again=new)
    assert answer.status_code == 303 and one.cookie("session") != cookie
    assert one.get("/account").status_code == 200
    assert other.get("/account").status_code == 303
    assert other.sign_in(user.email).status_code == 422
    assert other.sign_in(user.email, new).status_code == 303
    links.use(links.reset(user.id, by=BY, seconds=60), passwords.hashed(PASSWORD))
    assert one.get("/account").status_code == 303 and other.get("/account").status_code == 303


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"password": "wrong"}, "not your present password"),
        ({"again": "x"}, "not the same"),
        ({"new": "short", "again": "short"}, "too short"),
        ({"new": "password1234", "again": "password1234"}, "guessed first"),
        ({"new": PASSWORD, "again": PASSWORD}, "that you have"),
        ({"new": "dpo acme 2026", "again": "dpo acme 2026"}, "guessed first"),
    ],
)
def test_v6_2_3_changing_needs_the_present_one_and_a_good_one(
    browser: New, person: Person, sent: dict[str, str], said: str
) -> None:
    user, one = person(), browser()
    one.sign_in(user.email)
    good = {
        "password": PASSWORD,
        "new": "uusi ja ihan erilainen lause",
        "again": "uusi ja ihan erilainen lause",
    }
    answer = one.send("/account/password", **good | sent)
    assert answer.status_code == 422 and said in answer.text
    assert users.the(user.id).password == user.password


def test_b30_neither_journal_nor_tables_hold_a_secret(opened: str, browser: New, person: Person) -> None:
    user, one = person(password=None), browser()
    link = links.invite(user.id, by=BY, seconds=600)
    one.send("/set-password", f"/set-password?link={link}", link=link, new=PASSWORD, again=PASSWORD)
    one.sign_in(user.email)
    told = {link, PASSWORD, one.cookie("session"), one.cookie("device"), one.cookie("form")} - {None}
    dump = "\n".join(str(row) for model in engines.tables() for row in model.select().tuples()) + "\n".join(
        str(entry) for entry in entries(limit=1000)
    )
    assert len(told) >= 4 and user.id in dump
    assert [secret for secret in told if re.search(re.escape(str(secret)), dump)] == []


def test_v6_2_10_a_password_does_not_grow_old(
    browser: New, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = person()
    later(monkeypatch, 10 * 365 * 86_400)
    assert browser().sign_in(user.email).headers["Location"] == "/account"
