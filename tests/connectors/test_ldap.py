"""The LDAP source, against the real slapd and against servers that mean ill (faults.md, H13)."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from registry import clock
from registry.connectors.book import source
from registry.connectors.looking.pulling import pull
from registry.connectors.reading import ldap_session
from registry.connectors.sources import ldap
from registry.outbound import permit
from registry.settings import Settings
from tests.connectors.looking import Look, declare
from tests.connectors.turns.ldap import ROLES, SECRETS, Filled
from tests.peers import slapd

AGENTS = [ROLES[0]]


def open_to(authority: str = "") -> None:
    permit(Settings(outbound_networks="127.0.0.0/8", outbound_ca_file=authority))


@pytest.fixture(scope="module")
def directory() -> Iterator[Filled]:
    with slapd.serving() as served:
        yield Filled(served, others=30)


@pytest.fixture
def look(directory: Filled) -> Iterator[Callable[..., Look]]:
    open_to(directory.of.authority)
    yield lambda **other: Look("ldap", directory.settings(**other), SECRETS)
    permit(Settings())


@pytest.mark.parametrize(
    "way",
    [{}, {"members": "memberOf"}, {"security": "starttls"}, {"security": "plain"}],
    ids=["ldaps", "memberOf", "starttls", "plain on loopback"],
)
def test_members_of_groups_in_groups(
    look: Any, directory: Filled, way: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ldap_session, "PAGE", 10)
    port = directory.of.tls_port if way.get("security", "ldaps") == "ldaps" else directory.of.port
    watch = look(**way, port=port)
    found = watch.look()
    assert found["accounts"].complete and found["accounts"].raw_sha256, watch.way.faults
    assert found["accounts"].payload["accounts"] == [
        {"role": "chat-agents", "domain": "acme.example", "active": True, "count": 31},
        {"role": "chat-agents", "domain": "elsewhere.example", "active": False, "count": 1},
        {"role": "chat-leads", "domain": "elsewhere.example", "active": False, "count": 1},
    ]
    assert [one["members"] for one in found["roles"].payload["roles"]] == [31, 0]


HOSTILE = ["*", "*)(uid=*", "chat-agents)(cn=*", "chat*", "a\x00b", "\\2a", "(", ")", "&(cn=chat-agents)"]


@pytest.mark.parametrize("name", HOSTILE, ids=repr)
@pytest.mark.parametrize("members", ["member", "memberOf"])
def test_h13_a_name_is_a_value_and_never_a_filter(look: Any, name: str, members: str) -> None:
    watch = look(roles=[{"name": name, "permission": "agent"}], members=members)
    found = watch.look()
    assert found["accounts"].payload == {"accounts": []} and not found["accounts"].complete
    assert watch.way.faults == {"role_not_found": 1}


def test_h13_a_group_that_is_really_called_so(look: Any, directory: Filled) -> None:
    directory.of.add("cn=*)(uid=\\2a,ou=groups", "groupOfNames", cn="*)(uid=*", member=directory.many[0])
    watch = look(roles=[{"name": "*)(uid=*", "permission": "agent"}])
    assert watch.look()["accounts"].payload["accounts"][0]["count"] == 1, watch.way.faults


@pytest.mark.parametrize("dn", ["*", "cn=chat-agents", "no name at all", "cn=gone,dc=acme,dc=example"])
def test_a_group_by_a_name_that_is_none(look: Any, dn: str) -> None:
    watch = look(roles=[{"name": "x", "dn": dn, "permission": "agent"}])
    assert not watch.look()["roles"].complete and watch.way.faults["role_not_found"] == 1


def test_a_group_by_its_full_name(look: Any, directory: Filled) -> None:
    watch = look(roles=[{"name": "evening", "dn": directory.evening, "permission": "agent"}])
    found = watch.look()
    assert found["roles"].complete and found["roles"].payload["roles"][0]["members"] == 2


def test_a_wrong_password_is_asked_once(look: Any) -> None:
    watch = look()
    found = watch.look(bind_password="wrong")
    assert {one.payload["reason"] for one in found.values()} == {"unauthorised"}
    assert watch.way.asked == 1
    known = source("ldap")
    pulled = pull(known, known.settings(watch.settings), {**SECRETS, "bind_password": "wrong"})
    assert pulled.credential_refused and not pulled.unavailable, "flagged, and not tried again soon"


def test_no_password_is_no_anonymous_look(look: Any) -> None:
    assert look().look(bind_password="")["accounts"].payload["reason"] == "unauthorised"


def test_who_may_see_nothing_sees_no_empty_directory(look: Any, directory: Filled) -> None:
    dn = directory.of.person("blind", userPassword="canary-blind-pw") if not getattr(
        directory, "blind", "") else directory.blind  # fmt: skip
    directory.blind = dn  # type: ignore[attr-defined] # once for the module
    found = look().look(bind_dn=dn, bind_password="canary-blind-pw")
    assert all(
        found[kind].kind == "could_not_look" or not found[kind].complete for kind in ("accounts", "roles")
    )
    assert found["credential"].payload["more_than_reading"] is None


def test_another_base(look: Any) -> None:
    assert look(base="dc=other").look()["accounts"].payload["reason"] == "no_such_endpoint"


def test_h7_tls_is_verified(look: Any, directory: Filled) -> None:
    for case, settings, authority in (
        ("tls_unknown_issuer", {}, ""),
        ("tls_wrong_name", {"host": "localhost"}, directory.of.authority),
        ("tls_not_spoken", {"port": directory.of.port}, directory.of.authority),
        ("tls_unknown_issuer", {"port": directory.of.port, "security": "starttls"}, ""),
    ):
        open_to(authority)
        watch = look(**settings)
        found = watch.look()
        assert found["accounts"].payload["reason"] == "unavailable"
        assert set(watch.way.faults) & {case, "connection_failed", "tls_failed", "tls_self_signed"}, (
            case, watch.way.faults)  # fmt: skip


def test_what_the_operator_does_not_permit_is_not_reached(look: Any) -> None:
    watch = look()
    permit(Settings())
    assert watch.look()["accounts"].payload["reason"] == "unavailable"
    assert watch.way.faults["address_refused"]


def test_h13_referrals_are_not_followed(look: Any, directory: Filled, opened: str) -> None:
    with canary() as (port, came):
        directory.of.add(
            "ou=away", "referral", "extensibleObject", ou="away", ref=f"ldap://127.0.0.1:{port}/dc=acme,dc=example"
        )  # fmt: skip
        try:
            watch = look(roles=AGENTS)
            declare()
            found = watch.checked()
            assert watch.way.faults["referral_refused"]
            assert {kind for (code, _), kind in found.items() if code == "OBS301"} == {"open"}
            away = look(base=f"ou=away,{slapd.BASE}")
            assert away.look()["accounts"].payload["reason"] == "other"
            assert away.way.faults["referral_refused"]
        finally:
            controls = [("2.16.840.1.113730.3.4.2", True, None)]  # ManageDsaIT
            assert directory.of.root.delete(f"ou=away,{slapd.BASE}", controls=controls)
    assert came == [], "nothing connected to the other server"


def test_limits_of_the_server_leave_it_incomplete(opened: str) -> None:
    limits = f'limits dn.exact="{slapd.READER}" size.soft=3 size.hard=3 size.prtotal=3 size.pr=3'
    with slapd.serving(limits=limits) as served:
        open_to(served.authority)
        filled = Filled(served, others=6)
        watch = Look("ldap", filled.settings(members="memberOf", roles=AGENTS), SECRETS)
        declare()
        found = watch.checked()
        assert watch.way.faults["limit_reached"]
        assert {kind for (code, _), kind in found.items() if code == "OBS301"} == {"open"}
    permit(Settings())


def test_a_member_that_is_gone_is_told(look: Any, directory: Filled) -> None:
    gone = directory.of.group("with-a-gap", f"uid=gone,ou=people,{slapd.BASE}", directory.many[0])
    watch = look(roles=[{"name": "with-a-gap", "dn": gone, "permission": "agent"}])
    assert not watch.look()["accounts"].complete and watch.way.faults["member_not_found"] == 1


# --- servers that mean ill


@contextmanager
def canary(
    answer: Callable[[socket.socket, list[bytes]], None] | None = None,
) -> Iterator[tuple[int, list[bytes]]]:
    """A listener, with what came to it; `answer` is given each connection."""
    came: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)

        def serve() -> None:
            while True:
                try:
                    accepted, _ = server.accept()
                except OSError:
                    return
                with accepted:
                    accepted.settimeout(30)
                    came.append(b"")
                    try:
                        if answer is not None:
                            answer(accepted, came)
                    except OSError:
                        pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1], came
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(35)


def extended(asked: bytes, code: int) -> bytes:
    """An ExtendedResponse to what was asked."""
    number = asked[2 : 4 + asked[3]]
    body = number + bytes([0x78, 7, 10, 1, code, 4, 0, 4, 0])
    return bytes([0x30, len(body)]) + body


def strip(code: int) -> Callable[[socket.socket, list[bytes]], None]:
    def answer(accepted: socket.socket, came: list[bytes]) -> None:
        came[-1] += accepted.recv(10_000)
        accepted.sendall(extended(came[-1], code))
        while data := accepted.recv(10_000):
            came[-1] += data
            accepted.sendall(extended(came[-1], 0))

    return answer


@pytest.mark.parametrize(
    "code", [0, 1, 2, 52, 53], ids=["says yes and goes on in the clear", "1", "2", "52", "53"]
)
def test_h13_starttls_that_is_stripped_fails_and_nothing_is_said(code: int) -> None:
    open_to()
    with canary(strip(code)) as (port, came):
        watch = Look("ldap", {"host": "127.0.0.1", "port": port, "security": "starttls", "base": slapd.BASE,
                              "roles": ROLES}, SECRETS)  # fmt: skip
        found = watch.look()
        assert {one.payload["reason"] for one in found.values()} == {"unavailable"}
        assert code == 0 or watch.way.faults["starttls_refused"] == 1, watch.way.faults
    assert came and not any(b"canary" in one or b"cn=registry" in one for one in came)
    permit(Settings())


def silent(accepted: socket.socket, came: list[bytes]) -> None:
    while accepted.recv(10_000):
        pass


def endless(accepted: socket.socket, came: list[bytes]) -> None:
    accepted.recv(10_000)
    accepted.sendall(bytes([0x30, 0x84, 0x7F, 0xFF, 0xFF, 0xFF]))
    while True:
        accepted.sendall(b"\x04" * 65_536)


def page(accepted: socket.socket, came: list[bytes]) -> None:
    accepted.recv(10_000)
    accepted.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>")


def dripping(accepted: socket.socket, came: list[bytes]) -> None:
    accepted.recv(10_000)
    accepted.sendall(bytes([0x30, 0x84, 0x00, 0xFF, 0xFF, 0xFF]))
    while True:
        accepted.sendall(b"\x04")
        threading.Event().wait(0.2)


@pytest.mark.parametrize("ill", [silent, endless, page, dripping], ids=lambda one: one.__name__)
def test_h8_h12_a_server_that_means_ill_ends(ill: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ldap_session, "PATIENCE", 1)
    open_to()
    with canary(ill) as (port, _):
        watch = Look("ldap", {"host": "127.0.0.1", "port": port, "security": "plain", "base": slapd.BASE,
                              "roles": ROLES}, SECRETS, limits={"seconds": 2})  # fmt: skip
        found = watch.look()
        assert all(one.kind == "could_not_look" for one in found.values())
        assert found["accounts"].payload["reason"] in ("unavailable", "not_understood"), watch.way.faults
    permit(Settings())


def heaped(accepted: socket.socket, came: list[bytes]) -> None:
    """Signs in whoever comes, and answers a search with one attribute of nothing but small values, without end."""
    asked = accepted.recv(10_000)
    number = asked[2 : 4 + asked[3]]
    signed_in = number + bytes([0x61, 7, 10, 1, 0, 4, 0, 4, 0])
    accepted.sendall(bytes([0x30, len(signed_in)]) + signed_in)
    accepted.recv(10_000)
    accepted.sendall(bytes([0x30, 0x84, 0x00, 0xFF, 0xFF, 0xFF]))
    while True:
        accepted.sendall(b"\x04\x01a" * 20_000)


def test_h12_an_answer_of_endless_small_values_is_left_before_they_are_made() -> None:
    """Twenty megabytes of them would be more than a thousand."""
    open_to()
    with canary(heaped) as (port, _):
        settings = {
            "host": "127.0.0.1",
            "port": port,
            "security": "plain",
            "base": slapd.BASE,
            "roles": ROLES,
        }
        watch = Look("ldap", settings, SECRETS)
        found = watch.look()
        assert all(one.kind == "could_not_look" for one in found.values())
        assert found["accounts"].payload["reason"] == "unavailable"
        assert watch.way.faults["too_large"] >= 1, watch.way.faults
        known = source("ldap")
        assert known.reach(known.settings(settings)).most <= 4 * 1024 * 1024
    permit(Settings())


# --- what a person's entry says


@pytest.mark.parametrize(
    ("entry", "active"),
    [
        ({}, True),
        ({"useraccountcontrol": ["512"]}, True),
        ({"useraccountcontrol": ["514"]}, False),
        ({"nsaccountlock": ["TRUE"]}, False),
        ({"nsaccountlock": ["false"]}, True),
        ({"pwdaccountlockedtime": ["000001010000Z"]}, False),
        ({"pwdaccountlockedtime": ["20261101120000Z"]}, True),  # after wrong passwords, for a while
        ({"shadowexpire": ["-1"]}, True),
        ({"shadowexpire": ["1"]}, False),
        ({"shadowexpire": ["99999"]}, True),
    ],
)
def test_who_may_sign_in(entry: dict[str, list[str]], active: bool) -> None:
    assert ldap._active(entry) is active


@pytest.mark.parametrize(
    ("entry", "day"),
    [
        ({}, None),
        ({"lastlogontimestamp": ["134080992000000000"]}, "2025-11-20"),
        ({"authtimestamp": ["20261120080000Z"]}, "2026-11-20"),
        ({"authtimestamp": ["20261120080000Z"], "pwdlastsuccess": ["20261121080000.123456Z"]}, "2026-11-21"),
    ],
)
def test_when_they_signed_in_last(entry: dict[str, list[str]], day: str | None) -> None:
    assert ldap._last_login(entry) == day
    assert day is None or clock.day(day)
