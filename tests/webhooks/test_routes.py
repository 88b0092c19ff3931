"""/v1/webhooks as its users meet it: the secret once, conditional changes, state and messages shown."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from click.testing import CliRunner

from registry import db, errors, journal
from registry.api import application
from registry.app import create_app
from registry.auth.server import routes as oauth
from registry.cli import main
from registry.keys import held
from registry.keys.sealing import new_key
from registry.settings import Settings
from registry.webhooks import endpoints, routes
from registry.webhooks.stored import ENDPOINTS, Delivery, EndpointSecret
from tests.connectors.asking import Caller
from tests.webhooks.conftest import BY, KEY, Told, happen, status

PATH = "/v1/webhooks"
URL = "https://8.8.8.8/hook"  # an address, so that no name is asked for
NEW = {"controller": "acme", "url": URL, "kinds": ["hold.set", "hold.ended"]}


@pytest.fixture
def caller(told: Told) -> Caller:
    app = application(told.settings, [oauth.blueprint, routes.blueprint])
    return Caller(app, "webhooks:read", "webhooks:write", of=("acme",))


def sent(caller: Caller, method: str, path: str, body: Any = None, match: str | None = None) -> Any:
    headers = caller.headers | ({"If-Match": match} if match else {})
    return caller.http.open(path, method=method, headers=headers, **({} if body is None else {"json": body}))


def test_the_secret_is_told_once_and_kept_sealed(caller: Caller) -> None:
    answer = caller.post(PATH, NEW)
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{PATH}/1"
    assert answer.headers["Cache-Control"] == "no-store"
    assert not routes.NewWebhookSchema().validate(answer.json or {})
    secret = (answer.json or {})["secret"]
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    for path in (PATH, f"{PATH}/1"):
        assert secret not in caller.get(path).text
    told = caller.get(f"{PATH}/1").json
    assert not routes.WebhookSchema().validate(told or {})
    for table in db.database.obj.get_tables():
        for row in db.execute(f'SELECT * FROM "{table}"').fetchall():
            assert not any(
                secret[6:].encode() in (v if isinstance(v, bytes) else str(v).encode()) for v in row
            )


FAULTS = [
    ({"url": "http://8.8.8.8/"}, "port_refused", "/url"),
    ({"url": "http://8.8.8.8:443/"}, "scheme_refused", "/url"),
    ({"url": "https://192.168.1.1/"}, "address_refused", "/url"),
    ({"url": "https://8.8.8.8:22/"}, "port_refused", "/url"),
    ({"kinds": []}, "wrong_length", "/kinds"),
    ({"kinds": ["client.registered"]}, "not_one_of", "/kinds/0"),
    ({"kinds": "hold.set"}, "not_list", "/kinds"),
    ({"state": "enabled"}, "unknown_field", "/state"),
    ({"secret": "whsec_ours"}, "unknown_field", "/secret"),
    ({"description": ""}, "too_short", "/description"),
]


@pytest.mark.parametrize(("change", "code", "field"), FAULTS)
def test_what_cannot_be_is_refused_and_leaves_nothing(
    change: dict[str, Any], code: str, field: str, caller: Caller
) -> None:
    before = journal.checkpoint()["size"]
    answer = caller.post(PATH, {**NEW, **change})
    assert answer.status_code == 422
    assert [(one["code"], one["field"]) for one in (answer.json or {})["errors"]] == [(code, field)]
    assert journal.checkpoint()["size"] == before


def test_another_controllers_is_not_there(caller: Caller) -> None:
    assert caller.post(PATH, {**NEW, "controller": "other"}).status_code == 404
    assert caller.post(PATH, {**NEW, "controller": "nobody"}).status_code == 404


def test_changes_go_by_the_version(caller: Caller) -> None:
    tag = caller.post(PATH, NEW).headers["ETag"]
    change = {"url": URL, "kinds": ["hold.set"], "state": "paused", "description": "Later."}
    assert sent(caller, "PUT", f"{PATH}/1", change).status_code == 428
    answer = sent(caller, "PUT", f"{PATH}/1", change, tag)
    assert (answer.status_code, answer.json["state"], answer.json["version"]) == (200, "paused", 2)
    assert sent(caller, "PUT", f"{PATH}/1", change, tag).status_code == 412
    assert sent(caller, "POST", f"{PATH}/1/secrets", {}, tag).status_code == 412
    assert sent(caller, "DELETE", f"{PATH}/1", None, tag).status_code == 412
    tag = answer.headers["ETag"]
    rotated = sent(caller, "POST", f"{PATH}/1/secrets", {"overlap_hours": 1}, tag)
    assert rotated.status_code == 201
    assert [one["number"] for one in rotated.json["secrets"]] == [2, 1]
    gone = sent(caller, "DELETE", f"{PATH}/1", None, rotated.headers["ETag"])
    assert (gone.json["state"], gone.json["secrets"], gone.json["standing"]) == ("removed", [], None)
    assert not EndpointSecret.select().exists()
    assert sent(caller, "PUT", f"{PATH}/1", change, gone.headers["ETag"]).status_code == 410
    assert journal.verify().ok


def test_a_receiver_whose_name_is_gone_can_be_paused_and_not_enabled(
    caller: Caller, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: Any, **__: Any) -> None:
        raise OSError

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    number = told.endpoint("https://gone.example/hook")
    change = {"url": "https://gone.example/hook", "kinds": ["hold.set"], "state": "enabled"}
    refused = sent(caller, "PUT", f"{PATH}/{number}", change, '"v1"')
    assert (refused.status_code, refused.json["code"]) == (422, "dns_failed")
    paused = sent(caller, "PUT", f"{PATH}/{number}", {**change, "state": "paused"}, '"v1"')
    assert paused.status_code == 200


def test_bounds_are_kept(caller: Caller, told: Told) -> None:
    for _ in range(endpoints.MOST_OF_ONE):
        told.endpoint(URL)
    answer = caller.post(PATH, NEW)
    assert (answer.status_code, (answer.json or {})["code"]) == (409, "too_many_webhooks")
    for version in range(1, endpoints.MOST_SECRETS):
        endpoints.give_secret(1, overlap_hours=168, by=BY, expect=version, sealer=told.sealer)
    full = endpoints.MOST_SECRETS
    with pytest.raises(errors.Conflict):
        endpoints.give_secret(1, overlap_hours=168, by=BY, expect=full, sealer=told.sealer)
    endpoints.give_secret(1, overlap_hours=0, by=BY, expect=full, sealer=told.sealer)


def test_its_state_and_its_messages_are_seen_and_one_is_sent_again(caller: Caller, told: Told) -> None:
    at = told.receiver()
    at.answer = status(500)
    number = told.endpoint(at)
    seqs = happen(3)
    told.send(number)
    stands = (caller.get(f"{PATH}/{number}").json or {})["standing"]
    assert (stands["pending"], stands["failures"], stands["delivered_at"]) == (3, 1, None)
    listed = caller.get(f"{PATH}/{number}/deliveries", limit=2)
    items = (listed.json or {})["items"]
    assert [one["sequence"] for one in items] == seqs[:0:-1]
    assert not routes.DeliverySchema(many=True).validate(items)
    rest = caller.get(f"{PATH}/{number}/deliveries", limit=2, cursor=(listed.json or {})["next"])
    assert [(one["sequence"], one["status"]) for one in (rest.json or {})["items"]] == [(seqs[0], 500)]
    at.answer = status(204)
    told.send(number)
    delivered = caller.get(f"{PATH}/{number}/deliveries", state="delivered")
    assert [one["sequence"] for one in (delivered.json or {})["items"]] == seqs[:0:-1]
    again = caller.post(f"{PATH}/{number}/deliveries/{seqs[2]}/tries", None)
    assert (again.status_code, (again.json or {})["state"]) == (202, "pending")
    came = len(at.got)
    told.send(number)
    assert at.got[-1].id == next(got.id for got in at.got[:came] if got.body == at.got[-1].body)
    assert caller.post(f"{PATH}/{number}/deliveries/{10**9}/tries", None).status_code == 404
    row = ENDPOINTS.one(number)
    kinds = row.told["kinds"]
    endpoints.change_endpoint(
        number, url=at.url, kinds=kinds, description=None, state="paused", by=BY, expect=1
    )
    assert caller.post(f"{PATH}/{number}/deliveries/{seqs[2]}/tries", None).status_code == 409


def test_without_a_sealing_key_there_are_no_webhooks(told: Told) -> None:
    app = application(Settings(database=told.url), [oauth.blueprint, routes.blueprint])
    answer = Caller(app, "webhooks:write", of=("acme",)).post(PATH, NEW)
    assert (answer.status_code, (answer.json or {})["code"]) == (422, "no_secret_key")


def test_h16_it_does_not_start_without_the_key_and_secrets_move_to_a_newer_one(told: Told) -> None:
    number = told.endpoint(URL)
    before = endpoints.secrets_of(number, told.sealer, "")
    newer = new_key()
    with pytest.raises(ValueError, match="REGISTRY_SECRET_KEY"):
        create_app(Settings(database=told.url, secret_key=newer))
    both = endpoints.Sealer.of(Settings(secret_key=f"{newer}\n{KEY}"))
    assert endpoints.secrets_of(number, both, "") == before
    assert held.reseal(both)["webhooks"] == 1
    assert held.reseal(both)["webhooks"] == 0
    assert endpoints.secrets_of(number, endpoints.Sealer.of(Settings(secret_key=newer)), "") == before


def test_commands_send_show_and_try_again(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    at = told.receiver()
    number = told.endpoint(at)
    seqs = happen(2)
    db.request_end()
    for name, value in (
        ("DATABASE", told.url), ("SECRET_KEY", KEY), ("OUTBOUND_NETWORKS", "127.0.0.0/8"),
        ("RECEIVER_PORTS", str(at.port)),
    ):  # fmt: skip
        monkeypatch.setenv(f"REGISTRY_{name}", value)
    run = CliRunner().invoke
    assert run(main, ["webhooks", "send"]).output == "2 delivered, 0 failed.\n"
    assert run(main, ["webhooks", "send"]).output == "0 delivered, 0 failed.\n"
    assert at.url in run(main, ["webhooks", "list"]).output.replace("\n", "").replace(" ", "")
    assert run(main, ["webhooks", "retry", str(number), str(seqs[0])]).exit_code == 0
    assert run(main, ["webhooks", "send"]).output == "1 delivered, 0 failed.\n"
    db.open(told.url)
    assert Delivery.select().where(Delivery.state == "delivered").count() == 2
