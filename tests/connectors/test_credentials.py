"""What is told of the credential that a system is looked at with: never silence, and never by trying to write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ldap3
import pytest
from click.testing import CliRunner

from registry.cli import main
from registry.connectors import sources
from registry.connectors.book import book
from registry.connectors.configured import connected, connecting
from registry.connectors.looking import storing
from registry.connectors.observed import kinds
from registry.connectors.observed.reasons import BECAUSE
from registry.connectors.reading import rights
from registry.connectors.reading.ldap_session import Session
from registry.connectors.routes.schemas import RunSchema
from registry.connectors.seen import NotSeen
from registry.connectors.way import Way
from registry.keys.sealing import Sealer, new_key
from registry.outbound import permit
from registry.settings import Settings
from tests.connectors import recordings
from tests.connectors.conftest import BY
from tests.connectors.looking import Look, loopback
from tests.connectors.stand_ins.serving import Asked, Reply, StandIn, serving
from tests.connectors.turns import intercom, ninchat
from tests.connectors.turns.ldap import SECRETS, Filled
from tests.connectors.turns.scim import ROLES
from tests.peers import scim, slapd


@pytest.mark.parametrize("kind", book())
def test_every_source_that_signs_in_tells_of_its_credential(kind: str) -> None:
    known = book()[kind].source
    assert ("credential" in known.sees) == bool(known.secrets), (
        "a look of the kind credential tells what ours may do, or why that cannot be told: reading/rights.py"
    )
    if known.secrets:
        (told,) = [
            one["payload"] for one in recordings.expected(kind)["observations"] if one["kind"] == "credential"
        ]
        assert told["more_than_reading"] is not None or told["because"] in BECAUSE, (
            "say why it cannot be told"
        )


def test_a_source_that_cannot_tell_says_why_wherever_it_says_so() -> None:
    """By the text of the sources: nobody writes null without a reason."""
    for path in sorted(Path(sources.__path__[0]).glob("*.py")):
        for line in path.read_text("utf-8").splitlines():
            assert '"more_than_reading": None' not in line or '"because"' in line, f"{path.name}: {line}"


# --- words


@pytest.mark.parametrize(
    ("names", "writes", "reads"),
    [
        (["scim.users.read"], False, True), (["Users.Read", "openid"], False, True), (["scim:read", "x"], False, False),
        (["users:write"], True, False), (["Directory.ReadWrite.All"], True, False), (["User.Read.All"], False, True),
        (["scim:all"], True, False), (["full_access"], True, False), (["admin.users:read"], False, True),
        (["admin.users:write"], True, False),
        (["manageUsers"], True, False), (["admin"], True, False), (["*"], True, False), (["superuser"], True, False),
        ([], False, False), (["openid"], False, False), (["scim"], False, False), (["readable-thing"], False, False),
        (["viewer", "readonly"], False, True), (["spread"], False, False), (["unwritten"], False, False),
    ],
)  # fmt: skip
def test_what_names_of_scopes_say(names: list[str], writes: bool, reads: bool) -> None:
    assert bool(rights.writing(names)) == writes
    assert rights.reading(names) == reads


@pytest.mark.parametrize(
    ("may", "because", "told"),
    [
        ((), None, {"more_than_reading": False, "may": []}),
        ((), "not_shown", {"more_than_reading": None, "because": "not_shown"}),
        (["b", "a"], "not_shown", {"more_than_reading": True, "may": ["a", "b"]}),
        (["a"], "needed", {"more_than_reading": True, "may": ["a"], "because": "needed"}),
    ],
)
def test_what_is_told(may: Any, because: Any, told: Any) -> None:
    assert rights.told(may, because) == told
    kinds.load("credential", told)


# --- LDAP, by the real slapd


@pytest.fixture
def directory() -> Iterator[Filled]:
    more = """
attributetype ( 1.2.840.113556.1.4.913 NAME 'allowedAttributes' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.2.840.113556.1.4.914 NAME 'allowedAttributesEffective' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.2.840.113556.1.4.1304 NAME 'sDRightsEffective' SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.150 NAME 'adminCount' SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
objectclass ( 1.2.840.113556.1.5.999 NAME 'shown' AUXILIARY
 MAY ( allowedAttributes $ allowedAttributesEffective $ sDRightsEffective $ adminCount ) )
"""
    with slapd.serving(more=more) as served:
        yield Filled(served)


@pytest.fixture
def look(directory: Filled) -> Iterator[Look]:
    permit(Settings(outbound_networks="127.0.0.0/8", outbound_ca_file=directory.of.authority))
    yield Look("ldap", directory.settings(), SECRETS)
    permit(Settings())


def may(look: Look, **secrets: str) -> Any:
    payload = look.look(**secrets)["credential"].payload
    return payload.get("may") if payload["more_than_reading"] is not None else payload["because"]


def test_openldap_shows_a_reader_nothing_and_that_is_told(look: Look) -> None:
    assert may(look) == "not_shown"
    assert look.way.faults == {}


def test_the_root_of_openldap_is_reported(look: Look) -> None:
    told = may(look, bind_dn=slapd.ROOT, bind_password=slapd.ROOT_PASSWORD)
    assert told == ["read passwords of others, as who may set them can"]


def test_no_password_comes_over_with_that(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    came: list[bytes] = []
    kept = Way.evidence
    monkeypatch.setattr(Way, "evidence", lambda way, raw: (came.append(raw), kept(way, raw))[1])
    may(look, bind_dn=slapd.ROOT, bind_password=slapd.ROOT_PASSWORD)
    assert b"userPassword" in b"".join(came)
    assert b"canary-other-secret" not in b"".join(came) and b"canary-ldap-secret" not in b"".join(came)


def _shape(directory: Filled, dn: str, **attributes: Any) -> None:
    given = {"objectClass": [(ldap3.MODIFY_ADD, ["shown"])]}
    given |= {name: [(ldap3.MODIFY_ADD, values)] for name, values in attributes.items()}
    assert directory.of.root.modify(dn, given), directory.of.root.result


def _shapeless(directory: Filled, dn: str, *names: str) -> None:
    gone = {name: [(ldap3.MODIFY_DELETE, [])] for name in names}
    assert directory.of.root.modify(dn, {**gone, "objectClass": [(ldap3.MODIFY_DELETE, ["shown"])]})


def test_what_active_directory_says_of_each_entry_is_believed(look: Look, directory: Filled) -> None:
    """In the shape that it documents: there is no Active Directory here."""
    entries = [slapd.BASE, directory.agents, directory.leads, directory.many[0], directory.away, directory.evening,
               f"uid=e1,ou=people,{slapd.BASE}"]  # fmt: skip
    for dn in entries:
        _shape(directory, dn, allowedAttributes=["cn", "member"])
    assert may(look) == [], "it says of all that was looked at that nothing may be changed"
    _shapeless(directory, directory.agents, "allowedAttributes")
    assert may(look) == "not_shown", "one of them that says nothing leaves it open"
    _shape(directory, directory.agents, allowedAttributes=["member"], allowedAttributesEffective=["member"],
           sDRightsEffective=["4"])  # fmt: skip
    assert may(look) == ["change attributes", "change rights"]
    _shapeless(
        directory, directory.agents, "allowedAttributes", "allowedAttributesEffective", "sDRightsEffective"
    )
    _shape(directory, directory.agents, allowedAttributes=["member"], sDRightsEffective=["0"])
    assert may(look) == []
    _shape(directory, slapd.READER, adminCount=["1"])
    assert may(look) == ["what a protected group may (adminCount)"]


@pytest.mark.parametrize(
    ("failed", "told"),
    [
        (NotSeen("other", "referral_refused"), "not_shown"), (NotSeen("forbidden"), "not_shown"),
        (NotSeen("unavailable", "timeout"), None),
    ],
    ids=str,
)  # fmt: skip
def test_a_server_that_will_not_say_of_its_configuration_has_said_the_rest(
    look: Look, monkeypatch: pytest.MonkeyPatch, failed: NotSeen, told: str | None
) -> None:
    kept = Session.read

    def read(session: Session, dn: str, attributes: tuple[str, ...]) -> Any:
        if dn == "cn=config":
            raise failed
        return kept(session, dn, attributes)

    monkeypatch.setattr(Session, "read", read)
    seen = look.look()["credential"]
    assert (seen.payload.get("because"), seen.payload.get("reason")) == (
        told,
        None if told else "unavailable",
    )


# --- SCIM, by the real scim2-server, and by one that has /Me


@pytest.fixture(scope="module")
def users() -> Iterator[scim.Directory]:
    with scim.serving() as served:
        served.group("Chat agents", served.user("first@acme.example"))
        served.group("Chat leads")
        yield served


@pytest.mark.parametrize(
    ("token", "told"),
    [
        (scim.TOKEN, {"more_than_reading": None, "because": "not_shown"}),
        (scim.READS, {"more_than_reading": False, "may": [], "ends_on": "2027-12-28"}),
        (scim.WRITES, {"more_than_reading": True, "may": ["Directory.ReadWrite.All"]}),
    ],
    ids=["opaque", "reads", "writes"],
)
def test_a_token_of_scim_says_what_it_may_or_it_cannot_be_told(
    users: scim.Directory, token: str, told: dict[str, Any]
) -> None:
    settings = {"address": users.origin, "path": users.path, "roles": ROLES}
    with loopback():
        assert Look("scim", settings, {"token": token}).look()["credential"].payload == told


class WithMe(StandIn):
    """A directory that says who we are (RFC 7644, 3.11)."""

    me: Any = None
    status = 200

    def answer(self, asked: Asked) -> Reply:
        if asked.path.endswith("/Me"):
            return self.status, self.me, {}
        return 200, {"totalResults": 0, "Resources": []}, {}


@pytest.mark.parametrize(
    ("status", "me", "told"),
    [
        (200, {"id": "1", "roles": [{"value": "admin"}]}, ["admin"]),
        (200, {"id": "1", "roles": ["reader"], "entitlements": [{"value": "Manage users"}]}, ["Manage users"]),
        (200, {"id": "1", "roles": [{"value": "reader"}]}, "not_shown"),
        (200, {"id": "1", "roles": 7}, "not_shown"), (200, {"id": "1", "roles": [{"no": 1}]}, "not_shown"),
        (404, {}, "not_shown"), (403, {}, "not_shown"), (400, {}, "not_shown"),
        (200, [], "not_understood"), (401, {}, "unauthorised"), (503, {}, "unavailable"),
    ],
)  # fmt: skip
def test_our_own_roles_where_the_server_shows_them(status: int, me: Any, told: Any) -> None:
    standing = WithMe()
    standing.status, standing.me = status, me
    with loopback(), serving(standing):
        look = Look("scim", {"address": standing.origin, "roles": ROLES}, {"token": scim.TOKEN})
        seen = look.look()["credential"]
    if seen.kind == "could_not_look":
        assert seen.payload["reason"] == told
    else:
        assert (seen.payload.get("may") or seen.payload["because"]) == told
    assert {asked.method for asked in standing.asked} == {"GET"}, "nothing is tried by writing"


# --- Ninchat and Intercom


def test_an_operator_of_ninchat_may_do_more_and_that_is_needed() -> None:
    with loopback(), ninchat.system(None) as (realm, settings, secrets):
        look = Look("ninchat", settings, secrets)
        assert look.look()["credential"].payload == {"more_than_reading": None, "because": "not_shown"}
        realm.members[secrets["caller_id"]] = True
        assert look.look()["credential"].payload == {
            "more_than_reading": True, "may": [f"operator of the realm {settings['realm_id']}"], "because": "needed",
        }  # fmt: skip


def test_intercom_shows_nobody_what_a_token_may() -> None:
    with loopback(), intercom.system(None) as (_, settings, secrets):
        look = Look("intercom", settings, secrets)
        assert look.look()["credential"].payload == {"more_than_reading": None, "because": "not_shown"}
        assert look.look(token="wrong")["credential"].payload["reason"] == "unauthorised"


# --- as it is told


@pytest.mark.parametrize(
    ("operator", "told", "word"),
    [
        (True, True, "may do more than read: operator of the realm"),
        (False, None, "cannot be told to read only: the"),
    ],
)
def test_a_run_and_the_command_line_tell_it(
    systems: str, monkeypatch: pytest.MonkeyPatch, operator: bool, told: bool | None, word: str
) -> None:
    key = new_key()
    sealer = Sealer.of(Settings(secret_key=key))
    given = (("DATABASE", systems), ("OUTBOUND_NETWORKS", "127.0.0.0/8"), ("SECRET_KEY", key))
    for name, value in given:
        monkeypatch.setenv(f"REGISTRY_{name}", value)
    with loopback(), ninchat.system(None) as (realm, settings, secrets):
        realm.members[secrets["caller_id"]] = operator
        row = connecting.add_connector("acme/desk", "ninchat", settings, by=BY, sealer=sealer, every_hours=24,
                                       secrets=secrets)  # fmt: skip
        done = CliRunner().invoke(main, ["observe"])
        assert done.exit_code == 0 and word in " ".join(done.output.split()), done.output
    last = storing.standing(connected.CONNECTORS.one(row))["last_run"]
    assert last["credential"] == "taken" and last["more_than_reading"] is told
    assert not RunSchema().validate(last)
