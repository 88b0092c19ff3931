"""Group I of the faults: what receivers and the network do to messages, each row against a real receiver."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time as wall
from datetime import date
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import orjson
import pytest

from examples.receive_webhook import Refused, verified
from registry import clock, db, journal
from registry.errors import Invalid
from registry.retention.holds import holding
from registry.webhooks import endpoints, outbox, receiver, schedule
from registry.webhooks.sending import Sender
from registry.webhooks.stored import ENDPOINTS, Delivery, Standing, standing
from tests.webhooks.conftest import BY, Clock, Got, Told, happen, status

ROOT = Path(__file__).parents[2]
#: Changes told while one receiver is dead; 1000 and more were tried.
EVENTS = int(os.environ.get("EVENTS", "120"))


def fates(number: int) -> list[tuple[str, int, int | None, str | None]]:
    rows = Delivery.select().where(Delivery.endpoint == number).order_by(Delivery.seq)
    return [(row.state, row.tries, row.status, row.code) for row in rows]


def test_a_change_is_told_once_signed_and_in_order(told: Told) -> None:
    at = told.receiver()
    number = told.endpoint(at)
    seqs = happen(3)
    happen(kind="hold.reviewed")  # of no kind that is asked for
    happen(controller="other")
    assert told.send(number) == {"delivered": 3}
    assert told.send(number) == {}
    bodies = [json.loads(got.body) for got in at.got]
    assert [body["data"]["seq"] for body in bodies] == seqs
    assert {body["type"] for body in bodies} == {"hold.set"}
    assert len({got.id for got in at.got}) == 3
    assert fates(number) == [("delivered", 1, 204, None)] * 3


REFUSED = [
    ("https://127.0.0.2:6379/", "port_refused"),
    ("https://hooks.example.com:22/", "port_refused"),
    ("https://hooks.example.com:25/", "port_refused"),
    ("https://hooks.example.com:6379/", "port_refused"),
    ("https://10.1.2.3/", "address_refused"),
    ("https://169.254.169.254/latest/", "address_refused"),
    ("https://metadata.google.internal/", "address_refused"),
    ("https://[::ffff:169.254.169.254]/", "address_refused"),
    ("https://[64:ff9b::a9fe:a9fe]/", "address_refused"),
    ("https://0x7f.1/", "address_refused"),
    ("https://2130706433/", "address_refused"),
    ("https://①②⑦.⓪.⓪.①.example:1/", "port_refused"),
    ("http://8.8.8.8:443/", "scheme_refused"),
    ("file:///etc/passwd", "url_refused"),
    ("gopher://8.8.8.8/", "scheme_refused"),
    ("https://user:secret@8.8.8.8/", "url_refused"),
    ("https://", "url_refused"),
    ("https://[::1", "url_refused"),
    ("not a url", "url_refused"),
    ("https://\ud800.example/", "url_refused"),
]


@pytest.mark.parametrize(("url", "code"), REFUSED)
def test_i1_where_nothing_may_be_sent_is_refused_when_saved(url: str, code: str, told: Told) -> None:
    with pytest.raises(Invalid) as refused:
        receiver.check(url, told.settings)
    assert refused.value.code == code


@pytest.mark.parametrize(("url", "code"), [pytest.param(*one_, id=one_[0]) for one_ in REFUSED[:-1]])
def test_i1_and_again_at_each_send(url: str, code: str, told: Told) -> None:
    number = told.endpoint(url)
    happen()
    assert told.send(number) == {"failed": 1}
    assert fates(number) == [("pending", 1, None, code)]


def test_i1_a_name_that_has_come_to_lead_elsewhere_is_not_followed(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = told.receiver()
    leads_to = "127.0.0.1"

    def resolve(name: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (leads_to, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    url = f"http://hooks.example:{at.port}/hook"
    receiver.check(url, told.settings)
    number = told.endpoint(url)
    at.answer = status(204)
    happen()
    assert told.send(number) == {"delivered": 1}
    leads_to = "169.254.169.254"
    happen()
    assert told.send(number) == {"failed": 1}
    assert fates(number)[1] == ("pending", 1, None, "address_refused")
    assert len(at.got) == 1


def hang(handler: BaseHTTPRequestHandler, _: Got) -> None:
    wall.sleep(3)


DEAD = {
    "500": (status(500), 500, None),
    "404": (status(404), 404, None),
    "it hangs": (hang, None, "timeout"),
    "it hangs up": (lambda handler, _: handler.connection.close(), None, "connection_failed"),
}


@pytest.mark.parametrize("how", DEAD)
def test_i2_what_fails_is_tried_over_days_with_growing_gaps(
    how: str, told: Told, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver, "SECONDS", 0.3 if how == "it hangs" else 60.0)
    at = told.receiver()
    at.answer, answered, code = DEAD[how]
    number = told.endpoint(at)
    seqs = happen()
    began, moments = time.now, []
    for tries in range(1, schedule.TRIES + 1):
        assert told.send(number) == {"failed": 1}
        state = "failed" if tries == schedule.TRIES else "pending"
        assert fates(number) == [(state, tries, answered, code)]
        moments.append(time.now)
        row = Delivery.get()
        assert told.send(number) == {}  # not before its time
        if row.next_at is not None:
            time.now = max(row.next_at, Standing.get().resume_at or "")
    assert moments == sorted(set(moments))
    assert clock.later(began, 3 * schedule.DAY) < moments[-1] < clock.later(began, 4 * schedule.DAY)
    assert len({got.id for got in at.got}) == 1
    told_ = standing(number)
    assert told_ is not None
    assert (told_["failures"], told_["failing_since"]) == (schedule.TRIES, began)
    assert ENDPOINTS.one(number).state == "enabled"
    # Somebody asks for it once more, and by then it answers.
    at.answer = status(204)
    outbox.try_again(number, seqs[0], by=BY)
    assert told.send(number) == {"delivered": 1}
    assert {got.id for got in at.got} == {at.got[0].id}
    assert standing(number) == {
        "position": journal.checkpoint()["size"] - 1, "pending": 0, "delivered_at": time.now, "failures": 0,
        "failing_since": None, "resume_at": None,
    }  # fmt: skip


def test_i2_down_for_a_day_nothing_is_missing_afterwards(told: Told, time: Clock) -> None:
    at = told.receiver()
    at.answer = status(503)
    number = told.endpoint(at)
    seqs = []
    for _ in range(24):
        seqs += happen()
        told.send(number)
        time.forward(schedule.HOUR)
    refused = len(at.got)
    assert refused < 24 * 3  # it is not beaten while it is down
    at.answer = status(204)
    time.forward(2 * schedule.DAY)
    told.send(number)
    assert sorted({json.loads(got.body)["data"]["seq"] for got in at.got[refused:]}) == seqs
    assert {state for state, *_ in fates(number)} == {"delivered"}


def test_i2_410_disables_and_it_goes_on_where_it_was_once_enabled(told: Told) -> None:
    at = told.receiver()
    at.answer = status(410)
    number = told.endpoint(at)
    first = happen(2)
    assert told.send(number) == {"failed": 1}
    row = ENDPOINTS.one(number)
    assert (row.state, row.told["disabled_because"], row.version) == ("disabled", "gone", 2)
    assert journal.entries(action="webhook.disabled")[0].actor == "webhooks"
    assert told.send(number) == {}
    second = happen()
    at.answer, at.got[:] = None, []
    same = {"url": at.url, "kinds": row.told["kinds"], "description": None}
    endpoints.change_endpoint(number, **same, state="enabled", by=BY, expect=2)
    told.send(number)
    Delivery.update(next_at=clock.now()).where(
        Delivery.state == "pending"
    )  # its second try is a moment later
    assert [json.loads(got.body)["data"]["seq"] for got in at.got] == [*first[1:], *second]


def test_i2_one_that_answers_nothing_for_days_is_sent_nothing_more(told: Told, time: Clock) -> None:
    at = told.receiver()
    at.answer = status(502)
    number = told.endpoint(at)
    for _ in range(7):
        happen()
        told.send(number)
        time.forward(schedule.DAY)
    row = ENDPOINTS.one(number)
    assert (row.state, row.told["disabled_because"]) == ("disabled", "unreachable")
    came = len(at.got)
    assert told.send(number) == {}
    assert len(at.got) == came


def test_i2_the_receiver_may_say_when(told: Told, time: Clock) -> None:
    at = told.receiver()
    at.answer = status(429, Retry_After="7200")
    number = told.endpoint(at)
    happen()
    told.send(number)
    assert Delivery.get().next_at >= clock.later(time.now, 7200)
    at.answer = status(503, Retry_After="99999999")
    time.forward(8000)
    told.send(number)
    assert Delivery.get().next_at <= clock.later(time.now, schedule.DAY)


def test_i2_one_message_that_fails_holds_up_no_other(told: Told, time: Clock) -> None:
    at = told.receiver()
    number = told.endpoint(at)
    poison, *others = happen(4)

    def answer(handler: BaseHTTPRequestHandler, got: Got) -> None:
        status(500 if json.loads(got.body)["data"]["seq"] == poison else 204)(handler, got)

    at.answer = answer
    for _ in range(6):
        told.send(number)
        time.forward(60)
    assert [state for state, *_ in fates(number)] == ["pending", *["delivered"] * len(others)]


def test_i3_delivered_and_the_answer_lost_it_comes_again_under_the_same_id(told: Told, time: Clock) -> None:
    at = told.receiver()
    number = told.endpoint(at)
    happen()
    at.answer = lambda handler, _: handler.connection.close()
    assert told.send(number) == {"failed": 1}
    at.answer = None
    time.forward(10)
    assert told.send(number) == {"delivered": 1}
    first, second = at.got
    assert first.id == second.id
    assert first.body == second.body


def sent(told: Told) -> tuple[Got, str]:
    """A message as it came, and its secret."""
    at = told.receiver()
    number = told.endpoint(at)
    happen()
    assert told.send(number) == {"delivered": 1}
    return at.got[0], at.secrets[0]


SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")


def test_i4_any_bit_of_it_changed_is_noticed(told: Told) -> None:
    got, secret = sent(told)
    assert verified(got.body, got.headers, [secret])["data"]["object"] == "hold/acme/1"
    flipped = 0
    for part in ("body", *SIGNED):
        whole = got.body if part == "body" else got.headers[part].encode()
        for at in range(len(whole)):
            for bit in range(8):
                changed = whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :]
                body = changed if part == "body" else got.body
                more = {} if part == "body" else {part: changed.decode("latin-1")}
                with pytest.raises(Refused):
                    verified(body, {**got.headers, **more}, [secret])
                flipped += 1
    assert flipped > 2000
    for part in SIGNED:
        with pytest.raises(Refused):
            verified(got.body, {k: v for k, v in got.headers.items() if k != part}, [secret])


@pytest.mark.parametrize("seconds", [-6 * 60, -10 * 60, 10 * 60])
def test_i5_a_replay_or_a_wrong_clock_is_refused_and_says_so(seconds: int, told: Told, time: Clock) -> None:
    at = told.receiver()
    at.answer = status(204)
    time.forward(seconds)  # sent so long ago, or by a registry whose clock is wrong
    number = told.endpoint(at)
    happen()
    assert told.send(number) == {"delivered": 1}
    with pytest.raises(Refused) as refused:
        verified(at.got[0].body, at.got[0].headers, at.secrets)
    assert refused.value.why == "clock"


def test_i6_while_a_secret_is_replaced_both_sign_and_nothing_is_refused(told: Told, time: Clock) -> None:
    at = told.receiver()
    number = told.endpoint(at)
    old = at.secrets[0]
    new = endpoints.give_secret(number, overlap_hours=24, by=BY, expect=1, sealer=told.sealer)
    assert new != old
    time.now = clock.later(clock.now(), 0)
    for knows in ([old], [new], [old, new]):
        at.secrets = knows
        happen()
        assert told.send(number) == {"delivered": 1}
    assert [len(got.headers["webhook-signature"].split()) for got in at.got] == [2, 2, 2]
    ended = clock.later(time.now, 24 * 3600 + 1)
    assert endpoints.secrets_of(number, told.sealer, ended) == [new]
    third = endpoints.give_secret(number, overlap_hours=0, by=BY, expect=2, sealer=told.sealer)
    assert endpoints.secrets_of(number, told.sealer, time.now) == [
        third
    ]  # the ones before were in wrong hands
    assert [one_["number"] for one_ in ENDPOINTS.one(number).told["secrets"]] == [3]


def test_i7_written_anew_it_does_not_verify(told: Told) -> None:
    got, secret = sent(told)
    for anew in (
        json.dumps(json.loads(got.body)),
        json.dumps(json.loads(got.body), sort_keys=True),
        got.body + b"\n",
    ):
        with pytest.raises(Refused):
            verified(anew.encode() if isinstance(anew, str) else anew, got.headers, [secret])
    assert "very bytes" in (ROOT / "docs" / "webhooks.md").read_text("utf-8")


def test_i8_a_dead_receiver_delays_no_other_and_what_waits_is_bounded(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MOST_PENDING", 50)
    dead, well = told.receiver(), told.receiver()
    over = threading.Event()
    dead.answer = lambda handler, _: (over.wait(60), handler.connection.close())[1]
    slow, quick = told.endpoint(dead), told.endpoint(well)
    seqs = happen(EVENTS)
    db.request_end()
    sender = Sender(told.settings)
    try:
        deadline = wall.monotonic() + 120
        while len(well.got) < EVENTS:  # all of it while the first message to the other still hangs
            assert wall.monotonic() < deadline
            sender.tick()
            db.request_end()
            wall.sleep(0.01)
        assert not over.is_set()
        assert len(dead.got) == 1
        waiting = Delivery.select().where((Delivery.endpoint == slow) & (Delivery.state == "pending"))
        assert waiting.count() <= 50
    finally:
        over.set()
        sender.close()
    assert [json.loads(got.body)["data"]["seq"] for got in well.got] == seqs
    assert Delivery.select().where(Delivery.endpoint == quick).count() == EVENTS


def test_i8_what_is_over_is_kept_within_bounds(
    told: Told, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MOST_KEPT", 5)
    at = told.receiver()
    at.answer = status(204)
    number = told.endpoint(at)
    for _ in range(4):
        happen(4)
        told.send(number)
    assert len(fates(number)) <= 5 + 4
    time.forward(outbox.KEPT + 1)
    seqs = happen()
    told.send(number)
    assert [row.seq for row in Delivery.select()] == seqs


class Endless:
    """Answers 200 and never stops; counts what it could send."""

    def __init__(self) -> None:
        self.sent = 0

    def __call__(self, handler: BaseHTTPRequestHandler, _: Got) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(2**30))
        handler.end_headers()
        while self.sent < 2**30:
            handler.wfile.write(b"secret of theirs" * 4096)
            self.sent += 16 * 4096


def test_i9_an_answer_without_end_is_left_and_not_kept(told: Told) -> None:
    at = told.receiver()
    at.answer = endless = Endless()
    number = told.endpoint(at)
    happen()
    assert told.send(number) == {"failed": 1}
    assert fates(number) == [("pending", 1, None, "too_large")]
    assert endless.sent < 2**26  # what sockets hold
    assert b"secret of theirs" not in b"".join(
        repr(row.__data__).encode() for table in (Delivery, Standing) for row in table.select()
    )


@pytest.mark.parametrize("number", [301, 302, 303, 307, 308])
def test_i9_a_redirect_is_not_followed(number: int, told: Told) -> None:
    at, elsewhere = told.receiver(), told.receiver()
    at.answer = status(number, Location=elsewhere.url)
    endpoint = told.endpoint(at)
    happen()
    assert told.send(endpoint) == {"failed": 1}
    assert fates(endpoint) == [("pending", 1, None, "redirect_refused")]
    assert (len(at.got), elsewhere.got) == (1, [])


def test_i10_a_message_says_that_and_where_and_nothing_of_anybody(told: Told) -> None:
    at = told.receiver()
    number = told.endpoint(at)
    holding.set_hold(
        "acme",
        data_categories=["pd:Age"],
        reason="Maija Mallikas, maija@example.fi",
        review_on=date(2090, 1, 1),
        by=BY,
    )
    told.send(number)
    body = orjson.loads(at.got[0].body)
    assert body.keys() == {"type", "timestamp", "data"}
    assert body["data"].keys() == {
        "seq", "kind", "object", "controller", "version", "recorded_at", "takes_effect_at",
    }  # fmt: skip
    assert (body["type"], body["data"]["object"], body["data"]["version"]) == ("hold.set", "hold/acme/1", 1)
    for word in (b"Maija", b"maija", b"client/"):
        assert word not in at.got[0].body
    assert not {"authorization", "cookie"} & {name.lower() for name in at.got[0].headers}


SEND = "import sys; from registry.cli import main; main(['webhooks', 'send'])"


def test_e3_killed_between_the_commit_and_the_send_it_is_sent_afterwards_under_the_same_id(
    told: Told, tmp_path: Path
) -> None:
    at = told.receiver()
    number = told.endpoint(at)
    seqs = happen(2)
    db.request_end()
    environ = {k: v for k, v in os.environ.items() if not k.startswith("REGISTRY_")} | {
        "REGISTRY_DATABASE": told.url,
        "REGISTRY_SECRET_KEY": str(told.settings.secret_key),
        "REGISTRY_OUTBOUND_NETWORKS": "127.0.0.0/8",
        "REGISTRY_RECEIVER_PORTS": str(at.port),
    }

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", SEND], cwd=ROOT, env=environ, stdout=subprocess.DEVNULL
        )

    killed: list[subprocess.Popen[bytes]] = []
    ready = threading.Event()

    def kill(handler: BaseHTTPRequestHandler, _: Got) -> None:
        ready.wait(60)
        killed[0].send_signal(signal.SIGKILL)
        killed[0].wait()

    at.answer = kill
    killed.append(start())
    ready.set()
    assert killed[0].wait(60) == -signal.SIGKILL
    assert [got.headers["webhook-id"] for got in at.got] == [at.got[0].id]
    assert fates(number) == [("pending", 0, None, None)] * 2
    at.answer = None
    # Its lease is still there, so nobody else sends; a minute later it has run out.
    with db.writing(why="a minute goes by"):
        Standing.update(leased_until="2020-01-01T00:00:00.000000Z").execute()
    assert start().wait(60) == 0
    assert [json.loads(got.body)["data"]["seq"] for got in at.got] == [seqs[0], *seqs]
    assert at.got[0].id == at.got[1].id
    assert at.got[0].body == at.got[1].body
    assert [state for state, *_ in fates(number)] == ["delivered"] * 2


def test_two_senders_at_once_send_each_message_once(told: Told) -> None:
    at = told.receiver()
    at.answer = status(204)
    numbers = [told.endpoint(at) for _ in range(4)]
    happen(15)
    db.request_end()
    senders = [Sender(told.settings) for _ in range(3)]
    deadline = wall.monotonic() + 60
    while len(at.got) < 60:
        assert wall.monotonic() < deadline
        for sender in senders:
            sender.tick()
        wall.sleep(0.01)
    for sender in senders:
        sender.close()
    assert len(at.got) == 60
    assert len({(got.headers["webhook-signature"], got.id) for got in at.got}) == 60
    assert [fates(number) for number in numbers] == [[("delivered", 1, 204, None)] * 15] * 4


def test_a_lease_that_ran_out_settles_nothing(told: Told, time: Clock) -> None:
    at = told.receiver()
    number = told.endpoint(at)
    happen()
    lease = outbox.claim(number)
    assert lease is not None
    assert outbox.claim(number) is None
    outbox.take_up(ENDPOINTS.one(number), lease)
    message = outbox.due(number, time.now)
    assert message is not None
    time.forward(outbox.LEASE + 1)
    other = outbox.claim(number)
    assert other not in (None, lease)
    assert not outbox.settle(message, lease, receiver.Outcome(204))
    assert fates(number) == [("pending", 0, None, None)]


def test_other_kinds_count_from_what_was_not_yet_sent(told: Told) -> None:
    at = told.receiver()
    number = told.endpoint(at)
    happen(kind="hold.reviewed")
    same = {"url": at.url, "description": None, "state": "enabled", "by": BY}
    endpoints.change_endpoint(number, kinds=["hold.reviewed"], expect=1, **same)  # type: ignore[arg-type]  # as bodies come
    seqs = happen(kind="hold.reviewed")
    told.send(number)
    assert [json.loads(got.body)["data"]["seq"] for got in at.got] == seqs


def test_without_its_key_nothing_is_sent_and_nothing_lost(told: Told, time: Clock) -> None:
    at = told.receiver()
    number = told.endpoint(at)
    happen()
    right, told.sealer = told.sealer, endpoints.Sealer(())
    assert told.send(number) == {"failed": 1}
    told.sealer = right
    time.forward(10)
    told.send(number)
    time.forward(10)
    told.send(number)
    assert len(at.got) == 1
