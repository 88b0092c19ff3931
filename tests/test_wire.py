"""The wire, against a really started server: rows A14, A16, A17, A20, A21 and A23 of what it must withstand."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.conftest import server
from tests.api.example import BODY_SECONDS
from tests.api.wire import MAX_BODY, Answer, Server, head

__all__ = ["server"]  # the fixture; it starts on first use, once a worker

CLOSED_SOON = 60.0  # seconds: the server is done with a body in less than one; the machine may be busy
JSON = "Content-Type: application/json"
GET = head("GET", "/health", "Connection: close")


def test_a14_a_body_of_the_limit_and_one_byte_is_413(server: Server) -> None:
    for size, status in [(MAX_BODY, 200), (MAX_BODY + 1, 413), (3 * MAX_BODY, 413)]:
        sent = head("POST", "/v1/echo", f"Content-Length: {size}", "Connection: close") + b"a" * size
        assert server.send(sent).status == status


def test_a14_a_body_far_beyond_the_limit_is_413_before_it_is_sent(server: Server) -> None:
    answer = server.send(head("POST", "/v1/echo", "Content-Length: 999999999"))
    assert (answer.status, answer.closed) == (413, True)  # had it waited for the body, it would be 408


def test_a14_a_chunked_body_over_the_limit_is_413(server: Server) -> None:
    piece = b"4000\r\n" + b"a" * 0x4000 + b"\r\n"
    answer = server.send(head("POST", "/v1/echo", "Transfer-Encoding: chunked"), *[piece] * 5)
    assert (answer.status, answer.closed) == (413, True)


def test_a14_a_chunked_body_that_ends_is_read(server: Server) -> None:
    sent = head("POST", "/v1/echo", "Transfer-Encoding: chunked", "Connection: close")
    answer = server.send(sent + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert (answer.status, b'"bytes":5' in answer.raw) == (200, True)


STALLED = {
    "chunked": head("POST", "/v1/echo", "Transfer-Encoding: chunked") + b"5\r\nhello\r\n",
    "some": head("POST", "/v1/echo", "Content-Length: 20") + b"{}",
    "none": head("POST", "/v1/echo", "Content-Length: 20"),
    "get": head("GET", "/health", "Content-Length: 20"),
    "too much": head("POST", "/v1/echo", f"Content-Length: {2 * MAX_BODY}") + b"{}",
}


def at_once(server: Server, sent: list[bytes]) -> list[Answer]:
    """The answers to requests that are sent together, each on a connection of its own."""
    with ThreadPoolExecutor(len(sent)) as pool:
        return list(pool.map(lambda one: server.send(one, wait=CLOSED_SOON), sent))


def test_a14_a_body_that_does_not_end_is_408_and_the_connection_closed(server: Server) -> None:
    answers = dict(zip(STALLED, at_once(server, list(STALLED.values())), strict=True))
    assert {name: (one.status, one.closed) for name, one in answers.items()} == dict.fromkeys(
        STALLED, (408, True)
    )


def test_a14_a_body_that_drips_is_cut_by_the_total_deadline(server: Server) -> None:
    began = time.monotonic()
    with server.connected() as one:
        one.sendall(head("POST", "/v1/echo", f"Content-Length: {MAX_BODY}"))
        try:
            while time.monotonic() < began + CLOSED_SOON:
                one.sendall(b"a")
                time.sleep(0.05)
        except OSError:  # reset, or a broken pipe
            pass
    assert time.monotonic() - began < CLOSED_SOON


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a14_a_body_shorter_than_its_content_length_is_400(server: Server, method: str) -> None:
    answer = server.send(head(method, "/v1/echo", "Content-Length: 20") + b"{}", hang_up=True)
    assert (answer.status, answer.closed) == (400, True)
    assert b"truncated_body" in answer.raw


def test_a14_others_are_served_while_bodies_stall_and_writers_again_afterwards(server: Server) -> None:
    def stall(_: int) -> tuple[Answer, float]:
        return server.send(STALLED["some"], wait=CLOSED_SOON), time.monotonic()

    for _ in range(20):  # a busy machine may let all of them end before anybody else has had a turn
        with ThreadPoolExecutor(100) as pool:
            waiting = [pool.submit(stall, n) for n in range(100)]
            time.sleep(BODY_SECONDS / 2)
            served = [(server.send(GET).status, time.monotonic()) for _ in range(20)]
            answers = [one.result() for one in waiting]
        # Half of the threads wait, the other callers are told at once to come back; nobody is left hanging. (400 is
        # what one gets whose connection went with another of the same address.)
        assert {answer.status for answer, _ in answers} <= {400, 408, 503}
        assert all(answer.closed for answer, _ in answers)
        assert {status for status, _ in served} == {200}
        cut = [when for answer, when in answers if answer.status == 408]
        if cut and served[0][1] < min(cut):
            break
    else:
        pytest.fail("nobody was served before the bodies that stall were cut off")
    good = head("POST", "/v1/echo", "Content-Length: 2", "Connection: close") + b"{}"
    assert [server.send(good).status for _ in range(10)] == [200] * 10


def test_a14_an_idle_connection_that_was_answered_just_before_is_all_that_may_go_with_a_stalled_one(
    server: Server,
) -> None:
    """A caller who goes on talking is not cut off because another on the same address stalls."""
    with server.connected() as one, ThreadPoolExecutor(1) as pool:
        stalled = pool.submit(server.send, head("POST", "/v1/echo", "Content-Length: 9"), wait=CLOSED_SOON)
        count = 0
        while not stalled.done() or count <= 20:
            one.sendall(head("GET", "/health"))
            assert one.recv(65536).startswith(b"HTTP/1.1 200")
            count += 1
            time.sleep(0.05)
        assert stalled.result().status == 408


@pytest.mark.parametrize(
    "lines",
    [
        ["Host: y"],
        ["Content-Length: 2", "Content-Length: 3"],
        ["Content-Length: 2, 2"],
        ["Content-Length: +2"],
        ["Content-Length: 0x2"],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: identity"],
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        ["X-Space : 1"],
        ["X-Folded: 1", " 2"],
    ],
    ids=lambda lines: " ".join(lines).replace(" ", "_"),
)
def test_a16_heads_that_can_be_read_in_two_ways_are_400_and_closed(server: Server, lines: list[str]) -> None:
    answer = server.send(head("POST", "/v1/echo", *lines) + b"{}")
    assert (answer.status, answer.closed) == (400, True)


@pytest.mark.parametrize("host", ["", "a b", "a/b", "evil@x", "x:y", "x,y", "[::1"])
def test_a16_a_host_that_is_none_is_400(server: Server, host: str) -> None:
    answer = server.send(f"GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert (answer.status, answer.closed) == (400, True)


def test_a16_no_host_is_400(server: Server) -> None:
    answer = server.send(b"GET /health HTTP/1.1\r\nX: y\r\n\r\n")
    assert (answer.status, answer.closed) == (400, True)


def test_a16_transfer_encoding_beside_content_length_smuggles_nothing(server: Server) -> None:
    """RFC 9112 section 6.1: either refuse, or go by Transfer-Encoding and close. The server does the latter."""
    smuggled = head("GET", "/health")
    framed = head("POST", "/v1/echo", f"Content-Length: {5 + len(smuggled)}", "Transfer-Encoding: chunked")
    answer = server.send(framed + b"0\r\n\r\n" + smuggled)
    assert len(answer.statuses) == 1
    assert answer.closed


def test_a16_a_length_said_twice_alike_is_that_length_and_smuggles_nothing(server: Server) -> None:
    """RFC 9112 section 6.3: refuse, or take equal lengths as the one; what follows is the next request then, whole."""
    smuggled = head("GET", "/nowhere")
    said = f"Content-Length: {len(smuggled)}"
    taken = server.send(head("POST", "/v1/echo", said, said) + smuggled + GET)
    assert taken.statuses in ([200, 200], [400]), "the body was taken for a request"
    short = server.send(head("POST", "/v1/echo", "Content-Length: 2", "Content-Length: 2") + b"{}" + GET)
    assert len(short.statuses) == 2 or (short.status, short.closed) == (400, True)


def test_a16_lines_that_end_in_lf_alone_smuggle_nothing(server: Server) -> None:
    """RFC 9112 section 2.2 lets a server take a lone LF as the end of a line; it is one and the same request then."""
    answer = server.send(b"GET /health HTTP/1.1\nHost: x\nConnection: close\n\n")
    assert answer.statuses in ([200], [400])
    hidden = (
        b"POST /v1/echo HTTP/1.1\r\nHost: x\r\nX: y\nContent-Length: 3\r\nConnection: close\r\n\r\nabc" + GET
    )
    assert len(server.send(hidden).statuses) == 1


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        (head("GET", "/health", "X-Long: " + "a" * 9000), {431}),
        (head("GET", "/health", "X-Long: " + "a" * 90000), {431}),
        (head("GET", "/health", *[f"X-{n}: a" for n in range(200)]), {400, 431}),
        (head("GET", "/v1/things?owner=" + "a" * 9000), {414}),
        (head("GET", "/" + "a" * 9000), {414}),
        (head("GET", "/" + "a" * 90000), {414, 431}),
    ],
    ids=["header", "huge-header", "headers", "query", "path", "huge-path"],
)
def test_a17_heads_beyond_the_limits(server: Server, sent: bytes, statuses: set[int]) -> None:
    answer = server.send(sent)
    assert answer.status in statuses
    assert answer.closed


def test_a17_what_is_within_the_limits_is_served(server: Server) -> None:
    lines = [f"X-{n}: {'a' * 100}" for n in range(60)]
    assert server.send(head("GET", "/health", "Connection: close", *lines)).status == 200


def test_a20_what_a_stranger_says_of_being_forwarded_is_not_believed(server: Server) -> None:
    lines = ["X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example"]
    lines += [
        "Forwarded: for=203.0.113.9;host=evil.example",
        "X-Real-IP: 203.0.113.9",
        "X_Forwarded_For: 203.0.113.9",
    ]
    answer = server.send(head("POST", "/v1/echo", *lines, "Content-Length: 0", "Connection: close"))
    assert b'"peer":"127.0.0.1","scheme":"http"' in answer.raw
    assert b'"forwarded":[]' in answer.raw
    assert b"evil" not in answer.raw
    assert b"203.0.113.9" not in answer.raw


@pytest.mark.parametrize(
    "target",
    [
        "/v1/things/%2e%2e%2f%2e%2e%2fetc/1",
        "/v1/things/../things/own/1",
        "/v1//things",
        "//v1/things",
        "/v1/things;x=1",
        "/v1/things%00",
        "/v1/things%0d%0aX:y",
        "/v1/things/own/99999999999999999999",
        "/v1/things/own/0",
        "/v1/things/own/-1",
        "/v1/things/own/1e3",
        "/v1/things/own/%D9%A1",
        "/v1/things/%ff/1",
        "/v1/things/OWN/1",
        "/v1/things/",
        "*",
    ],
)
def test_a21_paths_that_lead_nowhere_are_404(server: Server, target: str) -> None:
    answer = server.send(head("GET", target, "Authorization: Bearer t", "Connection: close"))
    assert answer.status == 404
    assert b"application/problem+json" in answer.raw


def test_a23_a_caller_who_hangs_up_before_the_answer_gets_it_by_asking_again(server: Server) -> None:
    """Whole or absent: the retry finds the write or makes it, and either way there is one for each key."""
    numbers = []
    for n in range(30):
        sent = _post(f"hung-up-{n}")
        with server.connected() as one:
            one.sendall(sent)
            time.sleep(n * 0.0001)
        first, second = server.send(sent), server.send(sent)
        assert (first.status, second.status) == (201, 201)
        assert first.body == second.body
        assert b"idempotency-replayed: true" in second.raw
        numbers.append(json.loads(first.body)["id"])
    assert len(set(numbers)) == 30
    last = json.loads(server.send(_post("afterwards")).body)["id"]
    assert last == max(numbers) + 1 == min(numbers) + 30


def _post(key: str) -> bytes:
    body = b'{"name":"a"}'
    lines = ["Authorization: Bearer t", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    return head("POST", "/v1/things", *lines, f"Idempotency-Key: {key}", "Connection: close") + body


def test_two_workers_serve(server: Server) -> None:
    with open(f"/proc/{server.pid}/task/{server.pid}/children") as children:
        assert len(children.read().split()) >= 2
    assert os.getpgid(server.pid) == server.pid
