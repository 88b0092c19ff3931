"""Codes, refresh tokens, devices: each is good once, for whom it was made; what is used twice ends all of its kin."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from registry import clock, db, journal
from registry.auth.clients import stored as clients
from registry.auth.clients.registration import CODE, DEVICE, Registration
from registry.auth.clients.stored import Client, Family
from registry.auth.roles import giving
from registry.auth.tokens import access as tokens
from registry.auth.tokens import codes, devices, issuing
from registry.auth.tokens.codes import Code
from registry.auth.tokens.devices import Device
from registry.auth.tokens.refreshing import Refresh
from registry.journal import entries
from tests.auth.asking import BASE, Known, journalled
from tests.auth.flows import BACK, NATIVE, SCREENLESS, WEB, Flow, registered, status

pytestmark = pytest.mark.usefixtures("database")


def refused(answer: TestResponse, error: str, code: int = 400) -> None:
    assert (answer.status_code, (answer.json or {}).get("error")) == (code, error), answer.text
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.fixture(params=["confidential", "public"])
def flow(request: pytest.FixtureRequest, http: FlaskClient, person: str) -> Flow:
    """A flow of each kind of client."""
    if request.param == "confidential":
        return Flow(http, registered(WEB), person)
    return Flow(http, registered(NATIVE), person, redirect_uri="http://127.0.0.1:40123/back")


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets time pass."""
    real, ahead = clock.now, [0.0]
    monkeypatch.setattr(clock, "now", lambda: clock.later(real(), ahead[0]))

    def passed(seconds: float) -> None:
        ahead[0] += seconds

    return passed


# Codes -----------------------------------------------------------------------------------------------------


def test_a_code_becomes_tokens_of_the_person(flow: Flow, person: str) -> None:
    told = flow.tokens()
    assert re.fullmatch(r"rat_[\w-]{43}", told["access_token"])
    assert re.fullmatch(r"rrt_[\w-]{43}", told["refresh_token"])
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 600)
    assert told["scope"] == "registers:read findings:read"
    who = flow.http.get("/who", headers={"Authorization": f"Bearer {told['access_token']}"}).json
    assert who is not None
    assert (who["id"], who["controllers"]) == (f"user/{person}", ["seamk"])
    allowed, issued = journalled("access.allowed"), journalled("token.issued")
    assert [(entry.actor, entry.object) for entry in allowed] == [(f"user/{person}", issued[0].object)]
    assert issued[0].actor == flow.client.actor
    assert issued[0].payload["user"] == person
    assert journal.verify().ok


def test_a_client_that_does_not_refresh_gets_no_refresh_token(http: FlaskClient, person: str) -> None:
    client = registered(Registration(grant_types=(CODE,), redirect_uris=(BACK,)))
    assert "refresh_token" not in Flow(http, client, person).tokens()


def test_b10_a_code_used_twice_ends_what_came_of_it(flow: Flow) -> None:
    code = flow.code()
    told = flow.redeem(code).json
    assert told is not None
    renewed = flow.refresh(told["refresh_token"]).json
    assert renewed is not None
    assert status(flow.http, told["access_token"]) == status(flow.http, renewed["access_token"]) == 200
    refused(flow.redeem(code), "invalid_grant")
    assert status(flow.http, told["access_token"]) == status(flow.http, renewed["access_token"]) == 401
    refused(flow.refresh(renewed["refresh_token"]), "invalid_grant")
    assert len(journalled("token.revoked")) == 1


def test_b10_a_code_used_twice_is_known_for_it_long_after(flow: Flow, later: Callable[[float], None]) -> None:
    code = flow.code()
    told = flow.redeem(code).json
    assert told is not None
    later(3600)
    refused(flow.redeem(code), "invalid_grant")
    refused(flow.refresh(told["refresh_token"]), "invalid_grant")


WRONG: list[tuple[dict[str, str | None], str]] = [
    ({"code_verifier": "x" * 43}, "invalid_grant"),
    ({"code_verifier": None}, "invalid_grant"),
    ({"code_verifier": ""}, "invalid_grant"),
    ({"code_verifier": "x" * 42}, "invalid_grant"),
    ({"code_verifier": "x" * 129}, "invalid_grant"),
    ({"code_verifier": "ä" * 43}, "invalid_grant"),
    ({"redirect_uri": None}, "invalid_grant"),
    ({"redirect_uri": BACK + "/"}, "invalid_grant"),
    ({"redirect_uri": BACK + "?x=1"}, "invalid_grant"),
    ({"redirect_uri": "https://evil.example/back"}, "invalid_grant"),
]


@pytest.mark.parametrize(("wrong", "error"), WRONG, ids=range(len(WRONG)))
def test_b9_b12_what_goes_with_a_code_is_its_own_and_a_wrong_try_burns_it(
    wrong: dict[str, str | None], error: str, flow: Flow
) -> None:
    code = flow.code()
    refused(flow.redeem(code, **wrong), error)
    refused(flow.redeem(code), "invalid_grant")
    assert journalled("token.issued") == []


def test_b9_the_challenge_itself_is_no_verifier(flow: Flow) -> None:
    refused(flow.redeem(flow.code(), code_verifier=flow.challenge), "invalid_grant")


def test_b8_every_code_has_a_challenge(flow: Flow) -> None:
    flow.code()
    assert [len(row.challenge) for row in Code.select()] == [43]


def test_b12_another_client_gets_nothing_for_a_code(flow: Flow) -> None:
    for other in (registered(WEB), registered(NATIVE)):
        code = flow.code()
        refused(flow.send(flow.form(code), by=other), "invalid_grant")
        refused(flow.redeem(code), "invalid_grant")
    assert journalled("token.issued") == []


def test_b12_a_code_lives_a_minute(flow: Flow, later: Callable[[float], None]) -> None:
    early, late = flow.code(), flow.code()
    later(59)
    assert flow.redeem(early).status_code == 200
    later(2)
    refused(flow.redeem(late), "invalid_grant")


@pytest.mark.parametrize("resource", [BASE, BASE + "/", None])
def test_b17_a_code_is_for_this_service(resource: str | None, flow: Flow) -> None:
    told = flow.redeem(flow.code(), resource=resource).json
    assert told is not None
    assert status(flow.http, told["access_token"]) == 200


def test_b17_a_code_is_for_no_other_service(flow: Flow) -> None:
    refused(flow.redeem(flow.code(), resource="https://evil.example"), "invalid_target")


@pytest.mark.parametrize("code", ["", "rac_" + "A" * 43, "x", "a\x00b", "ä", "x" * 9000])
def test_what_is_no_code_gets_nothing(code: str, flow: Flow) -> None:
    answer = flow.redeem(code)
    assert (answer.status_code, answer.json["error"]) == (  # type: ignore[index]  # JSON, as always
        400,
        "invalid_grant" if code else "invalid_request",
    )


def test_a_confidential_client_cannot_pass_for_a_public_one(http: FlaskClient, person: str) -> None:
    flow = Flow(http, registered(WEB), person)
    code = flow.code()
    answer = http.post("/oauth/token", data={**flow.form(code), "client_id": flow.client.id})
    refused(answer, "invalid_client", 401)
    assert flow.redeem(code).status_code == 200  # who does not prove itself burns nothing


def test_a_public_client_has_no_secret_to_show(http: FlaskClient, person: str) -> None:
    flow = Flow(http, registered(NATIVE), person, redirect_uri="http://127.0.0.1:1/back")
    for secret in ("", "x"):
        answer = http.post("/oauth/token", data=flow.form(flow.code()), auth=(flow.client.id, secret))
        refused(answer, "invalid_client", 401)
    form = {"grant_type": "client_credentials", "client_id": flow.client.id}
    refused(http.post("/oauth/token", data=form), "invalid_client", 401)


def test_that_a_code_was_used_is_kept_when_issuing_fails(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    code = flow.code()
    with monkeypatch.context() as patch:
        patch.setattr(issuing, "give", lambda *args, **kwargs: 1 / 0)
        answer = flow.redeem(code)
        assert answer.status_code == 500
    refused(flow.redeem(code), "invalid_grant")
    assert journalled("token.issued") == []


def test_a_failure_while_issuing_leaves_nothing_but_that_the_code_was_used(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, real = flow.code(), journal.append

    def failing(action: str, *args: Any, **kwargs: Any) -> Any:
        if action == "token.issued":
            raise RuntimeError("full")
        return real(action, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(journal, "append", failing)
        assert flow.redeem(code).status_code == 500
    assert tokens.Token.select().count() == Refresh.select().count() == 0
    refused(flow.redeem(code), "invalid_grant")


# Refresh tokens --------------------------------------------------------------------------------------------


def test_b14_a_refresh_token_is_good_once_and_its_second_use_ends_all(flow: Flow) -> None:
    first = flow.tokens()
    second = flow.refresh(first["refresh_token"]).json
    assert second is not None
    assert second["refresh_token"] != first["refresh_token"]
    third = flow.refresh(second["refresh_token"]).json
    assert third is not None
    assert status(flow.http, third["access_token"]) == 200
    refused(flow.refresh(first["refresh_token"]), "invalid_grant")
    for told in (first, second, third):
        assert status(flow.http, told["access_token"]) == 401
        refused(flow.refresh(told["refresh_token"]), "invalid_grant")
    assert len(journalled("token.revoked")) == 1


def test_b14_another_permission_of_the_same_client_is_not_ended(flow: Flow) -> None:
    first, other = flow.tokens(), flow.tokens()
    flow.refresh(first["refresh_token"])
    flow.refresh(first["refresh_token"])
    assert status(flow.http, first["access_token"]) == 401
    assert status(flow.http, other["access_token"]) == 200


@pytest.mark.parametrize(
    "scope", ["journal:read", "registers:read journal:read", "everything", "registers:write"]
)
def test_b15_refreshing_does_not_widen(scope: str, flow: Flow) -> None:
    told = flow.tokens()
    refused(flow.refresh(told["refresh_token"], scope=scope), "invalid_scope")
    assert flow.refresh(told["refresh_token"]).status_code == 200  # asking cost nothing


def test_refreshing_may_narrow_one_access_token_and_not_what_is_refreshed(flow: Flow) -> None:
    narrow = flow.refresh(flow.tokens()["refresh_token"], scope="findings:read").json
    assert narrow is not None
    assert narrow["scope"] == "findings:read"
    wide = flow.refresh(narrow["refresh_token"]).json
    assert wide is not None
    assert wide["scope"] == "registers:read findings:read"


def test_another_client_gets_nothing_for_a_refresh_token_and_it_has_leaked(flow: Flow) -> None:
    told = flow.tokens()
    for other in (registered(WEB), registered(NATIVE)):
        form = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]}
        refused(flow.send(form, by=other), "invalid_grant")
    refused(flow.refresh(told["refresh_token"]), "invalid_grant")
    assert status(flow.http, told["access_token"]) == 401


def test_a_refresh_token_lies_unused_for_a_week_at_most(flow: Flow, later: Callable[[float], None]) -> None:
    told = flow.tokens()
    later(7 * 86_400 + 1)
    refused(flow.refresh(told["refresh_token"]), "invalid_grant")


def test_a_permission_ends_after_thirty_days_however_often_it_is_refreshed(
    flow: Flow, later: Callable[[float], None]
) -> None:
    told: Any = flow.tokens()
    for _ in range(5):
        later(5.9 * 86_400)
        told = flow.refresh(told["refresh_token"]).json
        assert "refresh_token" in told
    later(0.4 * 86_400)
    last = flow.refresh(told["refresh_token"]).json
    assert last is not None
    later(0.2 * 86_400)
    refused(flow.refresh(last["refresh_token"]), "invalid_grant")


def test_no_access_token_outlives_the_permission(flow: Flow, later: Callable[[float], None]) -> None:
    told = flow.tokens()
    family = Family.get()
    with db.writing(why="time passes"):
        Family.update(expires_at=clock.later(clock.now(), 100)).where(Family.id == family.id).execute()
    last = flow.refresh(told["refresh_token"]).json
    assert last is not None
    assert 95 <= last["expires_in"] <= 100


def _disabled(flow: Flow) -> None:
    clients.disable_client(flow.client.id, by="operator")


def _deleted(flow: Flow) -> None:
    clients.delete_client(flow.client.id, by="operator")


def _revoked(flow: Flow) -> None:
    assert tokens.revoke_family(Family.get().id, by="operator")


ENDS: list[tuple[Callable[[Flow], None], str, int]] = [
    (_disabled, "invalid_client", 401),
    (_deleted, "invalid_client", 401),
    (_revoked, "invalid_grant", 400),
]


@pytest.mark.parametrize(("end", "error", "code"), ENDS, ids=lambda one: getattr(one, "__name__", ""))
def test_b18_what_ends_a_client_or_a_permission_ends_it_for_all_of_its_tokens(
    end: Callable[[Flow], None], error: str, code: int, flow: Flow
) -> None:
    told, pending = flow.tokens(), None
    if end is not _revoked:
        pending = flow.code()
    end(flow)
    assert status(flow.http, told["access_token"]) == 401
    refused(flow.refresh(told["refresh_token"]), error, code)
    if pending is not None:
        refused(flow.redeem(pending), error, code)


def test_c5_a_scope_taken_from_the_client_is_not_refreshed(flow: Flow) -> None:
    told = flow.tokens()
    with db.writing(why="as a later verb will"):
        Client.update(scopes="findings:read").execute()
    renewed = flow.refresh(told["refresh_token"]).json
    assert renewed is not None
    assert renewed["scope"] == "findings:read"
    with db.writing(why="as a later verb will"):
        Client.update(scopes="journal:read").execute()
    refused(flow.refresh(renewed["refresh_token"]), "invalid_scope")


def test_b27_revoking_a_refresh_token_ends_all_that_came_of_it(flow: Flow) -> None:
    first = flow.tokens()
    second = flow.refresh(first["refresh_token"]).json
    assert second is not None
    stranger = registered(WEB)
    answer = flow.http.post("/oauth/revoke", data={"token": second["refresh_token"]}, auth=stranger.basic)
    refused(answer, "invalid_grant")
    assert status(flow.http, second["access_token"]) == 200
    own: dict[str, Any] = {"data": {"token": second["refresh_token"], "client_id": flow.client.id}}
    if flow.client.secret:
        own["auth"] = flow.client.basic
    for _ in range(2):
        assert flow.http.post("/oauth/revoke", **own).status_code == 200
    assert status(flow.http, first["access_token"]) == status(flow.http, second["access_token"]) == 401
    refused(flow.refresh(second["refresh_token"]), "invalid_grant")


# Introspection ---------------------------------------------------------------------------------------------


def asked(http: FlaskClient, token: str, by: Known | str) -> dict[str, Any]:
    how = {"headers": {"Authorization": f"Bearer {by}"}} if isinstance(by, str) else {"auth": by.basic}
    answer = http.post("/oauth/introspect", data={"token": token}, **how)  # type: ignore[arg-type]  # as Werkzeug takes it
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json is not None
    return answer.json


def test_b27_a_client_asks_about_its_own_tokens_alone(http: FlaskClient, person: str) -> None:
    flow, other = Flow(http, registered(WEB), person), registered(WEB)
    told = flow.tokens()
    about = asked(http, told["access_token"], flow.client)
    until = datetime.fromisoformat(clock.now()) + timedelta(seconds=600)
    assert abs(about.pop("exp") - until.timestamp()) < 60
    assert about.pop("iat") <= until.timestamp() - 590
    assert about == {
        "active": True,
        "client_id": flow.client.id,
        "sub": f"user/{person}",
        "scope": "registers:read findings:read",
        "aud": BASE,
        "iss": BASE,
        "token_type": "Bearer",
    }
    assert asked(http, told["refresh_token"], flow.client)["active"] is True
    for token in (told["access_token"], told["refresh_token"], "rat_" + "A" * 43, "nonsense"):
        assert asked(http, token, other) == {"active": False}


def test_b27_what_is_over_is_not_active(http: FlaskClient, person: str) -> None:
    flow = Flow(http, registered(WEB), person)
    first = flow.tokens()
    flow.refresh(first["refresh_token"])
    assert asked(http, first["refresh_token"], flow.client) == {"active": False}
    assert asked(http, first["access_token"], flow.client)["active"] is True
    flow.refresh(first["refresh_token"])
    assert asked(http, first["access_token"], flow.client) == {"active": False}


def test_b27_a_good_token_asks_about_itself(http: FlaskClient, person: str) -> None:
    flow = Flow(http, registered(NATIVE), person, redirect_uri="http://127.0.0.1:5/back")
    told, other = flow.tokens(), Flow(http, registered(WEB), person).tokens()
    assert asked(http, told["access_token"], told["access_token"])["sub"] == f"user/{person}"
    assert asked(http, other["access_token"], told["access_token"]) == {"active": False}


@pytest.mark.parametrize("how", ["none", "garbage", "id"])
def test_b27_nobody_asks_without_proof(how: str, http: FlaskClient, person: str) -> None:
    flow = Flow(http, registered(NATIVE), person, redirect_uri="http://127.0.0.1:5/back")
    form = {"token": flow.tokens()["access_token"]} | ({"client_id": flow.client.id} if how == "id" else {})
    headers = {"Authorization": "Bearer rat_" + "A" * 43} if how == "garbage" else {}
    refused(http.post("/oauth/introspect", data=form, headers=headers), "invalid_client", 401)


# Devices ---------------------------------------------------------------------------------------------------


class Screenless:
    """A device, and what it asks."""

    def __init__(self, http: FlaskClient, **form: str) -> None:
        self.http, self.client = http, registered(SCREENLESS)
        answer = http.post("/oauth/device-authorization", data={"client_id": self.client.id, **form})
        assert answer.status_code == 200, answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.json is not None
        self.told: dict[str, Any] = answer.json

    def ask(self, **other: str) -> TestResponse:
        form = {"grant_type": DEVICE, "device_code": self.told["device_code"], "client_id": self.client.id}
        return self.http.post("/oauth/token", data={**form, **other})

    def answered(self, person: str, *, allowed: bool = True) -> bool:
        return devices.answer(self.told["user_code"], user_id=person, allowed=allowed)


def test_a_device_is_allowed_and_gets_tokens_once(http: FlaskClient, person: str) -> None:
    device = Screenless(http, scope="registers:read")
    told = device.told
    assert re.fullmatch(r"rdc_[\w-]{43}", told["device_code"])
    assert re.fullmatch(r"[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}", told["user_code"])
    assert told["verification_uri"] == f"{BASE}/oauth/device"
    assert told["verification_uri_complete"] == f"{BASE}/oauth/device?user_code={told['user_code']}"
    assert (told["expires_in"], told["interval"]) == (600, 5)
    refused(device.ask(), "authorization_pending")
    assert device.answered(person)
    assert not device.answered(person)
    got = device.ask().json
    assert got is not None
    assert got["scope"] == "registers:read"
    who = http.get("/who", headers={"Authorization": f"Bearer {got['access_token']}"}).json
    assert who is not None
    assert who["id"] == f"user/{person}"
    refused(device.ask(), "invalid_grant")  # and the second use of the code ends all
    assert status(http, got["access_token"]) == 401


def test_a_device_that_asks_too_often_is_told_to_slow_down(
    http: FlaskClient, person: str, later: Callable[[float], None]
) -> None:
    device = Screenless(http)
    refused(device.ask(), "authorization_pending")
    later(1)
    refused(device.ask(), "slow_down")  # from now on 10 seconds
    later(6)
    refused(device.ask(), "slow_down")  # 15
    later(15)
    refused(device.ask(), "authorization_pending")
    later(14)
    refused(device.ask(), "slow_down")  # 20
    device.answered(person)
    assert device.ask().status_code == 200


def test_a_device_that_is_refused_or_too_late_gets_nothing(
    http: FlaskClient, person: str, later: Callable[[float], None]
) -> None:
    no, late, slow = Screenless(http), Screenless(http), Screenless(http)
    assert no.answered(person, allowed=False)
    refused(no.ask(), "access_denied")
    assert slow.answered(person)
    later(601)
    refused(late.ask(), "expired_token")
    assert not late.answered(person)
    refused(slow.ask(), "expired_token")  # allowed, and not fetched in time
    assert journalled("token.issued") == []


def test_a_device_code_is_its_clients_own(http: FlaskClient, person: str) -> None:
    device, other = Screenless(http), registered(SCREENLESS)
    device.answered(person)
    refused(device.ask(client_id=other.id), "invalid_grant")
    refused(device.ask(resource="https://evil.example"), "invalid_target")
    assert device.ask().status_code == 200


DEVICE_WRONG: list[tuple[dict[str, str], str, int]] = [
    ({"scope": "everything"}, "invalid_scope", 400),
    ({"scope": "registers:write"}, "invalid_scope", 400),
    ({"resource": "https://evil.example"}, "invalid_target", 400),
    ({"client_id": "0123456789abcdef"}, "invalid_client", 401),
]


@pytest.mark.parametrize(("form", "error", "code"), DEVICE_WRONG, ids=range(len(DEVICE_WRONG)))
def test_a_device_asks_for_what_there_is(
    form: dict[str, str], error: str, code: int, http: FlaskClient
) -> None:
    client = registered(SCREENLESS)
    answer = http.post("/oauth/device-authorization", data={"client_id": client.id, **form})
    refused(answer, error, code)
    assert Device.select().count() == 0


def test_a_client_that_is_not_registered_for_devices_has_none(http: FlaskClient) -> None:
    client = registered(NATIVE)
    answer = http.post("/oauth/device-authorization", data={"client_id": client.id})
    refused(answer, "unauthorized_client")


@pytest.mark.parametrize("typed", ["bcdf-ghjk", "BCDFGHJK", " bcdf ghjk ", "b-c-d-f-g-h-j-k"])
def test_a_user_code_is_read_however_it_is_typed(typed: str) -> None:
    assert devices.plain(typed) == "BCDFGHJK"
    assert devices.shown(devices.plain(typed)) == "BCDF-GHJK"


def test_devices_that_nobody_came_for_are_thrown_away(
    http: FlaskClient, later: Callable[[float], None]
) -> None:
    for _ in range(3):
        Screenless(http)
    later(601)
    Screenless(http)
    assert Device.select().count() == 1


# The person ------------------------------------------------------------------------------------------------


def test_b18_a_person_who_may_not_sign_in_any_more_has_no_tokens(
    flow: Flow, gone: Callable[[], None], http: FlaskClient, person: str
) -> None:
    device = Screenless(http)
    device.answered(person)
    told, pending = flow.tokens(), flow.code()
    gone()
    assert status(http, told["access_token"]) == 401
    refused(flow.refresh(told["refresh_token"]), "invalid_grant")
    refused(flow.redeem(pending), "invalid_grant")
    refused(device.ask(), "invalid_grant")


def test_a_role_taken_from_the_person_is_gone_from_the_tokens(flow: Flow, person: str) -> None:
    told = flow.tokens()
    (row,) = giving.of(f"user/{person}")
    giving.take(row.id, by="operator")
    answer = flow.http.get("/of/seamk", headers={"Authorization": f"Bearer {told['access_token']}"})
    assert (answer.status_code, answer.json["code"]) == (403, "insufficient_scope")  # type: ignore[index]  # JSON


# What is kept ----------------------------------------------------------------------------------------------


def test_b30_a_dump_of_the_database_holds_nothing_that_opens_a_door(flow: Flow, database: str) -> None:
    from tests.auth.test_tokens import _dump

    device = Screenless(flow.http)
    code = flow.code()
    told, unused = flow.tokens(), flow.code()
    client = clients.find(flow.client.id)
    assert client is not None
    handle = codes.ask(
        client, user_id=flow.user, redirect_uri=BACK, state=None, scope="registers:read", audience=BASE,
        challenge=flow.challenge,
    )  # fmt: skip
    kept = _dump(database)
    hidden = [
        code, unused, told["access_token"], told["refresh_token"], device.told["device_code"], flow.verifier, handle,
        device.told["user_code"], devices.plain(device.told["user_code"]),
    ]  # fmt: skip
    if flow.client.secret:
        hidden.append(flow.client.secret)
    for secret in hidden:
        assert secret not in kept
        assert secret[4:] not in kept or len(secret) < 12
        assert clients.digest(secret) in kept or secret in (flow.verifier, device.told["user_code"])
    for sha256 in [row.sha256 for model in (Code, Refresh, Device) for row in model.select()]:
        for form in (flow.form(sha256), {"grant_type": "refresh_token", "refresh_token": sha256}):
            refused(flow.send(form), "invalid_grant")


def test_nothing_secret_is_logged_answered_or_journalled(
    flow: Flow, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    code = flow.code()
    told = flow.redeem(code).json
    assert told is not None
    answers = [
        flow.redeem(code), flow.refresh(told["refresh_token"]), flow.send({"grant_type": code}),
        flow.send({"grant_type": "refresh_token", "refresh_token": told["refresh_token"], "scope": code}),
    ]  # fmt: skip
    everything = caplog.text + repr(entries(limit=1000)) + "".join(f"{a.headers}{a.text}" for a in answers)
    for secret in (code, told["access_token"], told["refresh_token"], flow.verifier, flow.client.secret):
        assert not secret or secret not in everything


def test_permissions_are_forgotten_a_day_after_their_end(flow: Flow, later: Callable[[float], None]) -> None:
    flow.tokens()
    later(31 * 86_400)
    flow.code()
    assert Family.select().count() == Code.select().count() == 1
    assert Refresh.select().count() == tokens.Token.select().count() == 0


def test_lives_are_settings(make: Callable[..., Any], person: str) -> None:
    http = make(access_token_seconds=7, consent_days=1, refresh_token_seconds=30).test_client()
    flow = Flow(http, registered(WEB), person)
    assert flow.tokens()["expires_in"] == 7
    assert Refresh.get().expires_at <= clock.later(clock.now(), 30)
    assert Family.get().expires_at <= clock.later(clock.now(), 86_400)
