"""H5 to H8, I9: redirects, rebinding, credentials, certificates, and answers that never end."""

from __future__ import annotations

import gzip
import logging
import socket
import ssl
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry import outbound
from registry.outbound import Allow, Refused
from registry.settings import Settings
from tests.outbound.hostile import THEIRS, Authority, Server, answer, serving

pytestmark = pytest.mark.usefixtures("theirs")

SECRET = "canary-9f2d7c41"
MEGABYTE = 1024 * 1024


def allowed(server: Server, *hosts: str, **more: Any) -> Allow:
    return Allow(hosts=hosts or (THEIRS,), ports=frozenset({server.port}), **{"seconds": 10, **more})


def code(
    server: Server, *, host: str = THEIRS, scheme: str = "http", headers: Any = None, **more: Any
) -> str:
    """The code that asking a server is refused with."""
    allow, url = allowed(server, host, **more), f"{scheme}://{host}:{server.port}/"
    with pytest.raises(Refused) as caught:
        outbound.ask("GET", url, allow=allow, headers=headers)
    return caught.value.code


def test_an_answer_is_told_with_its_headers_and_unpacked() -> None:
    body = gzip.compress(b'{"a": 1}')
    with serving(
        answer(body, "Content-Encoding: GZIP", "X-A: 1", "x-a: 2", status="404 Not Found")
    ) as server:
        got = outbound.ask(
            "POST",
            f"http://{THEIRS}:{server.port}/a/å?b=c&d=[1]",
            allow=allowed(server),
            params={"e": ["f", "ä"]},
            headers={"Authorization": "Bearer x", "Accept": "application/json"},
            body=b"sent",
        )
    assert (got.status, got.body) == (404, b'{"a": 1}')
    assert got.headers["x-a"] == "1, 2" and got.headers["content-encoding"] == "GZIP"
    line, *rest = server.heard[0].decode().split("\r\n")
    assert line == "POST /a/%C3%A5?b=c&d=%5B1%5D&e=f&e=%C3%A4 HTTP/1.1"
    assert {"Content-Length: 4", "Authorization: Bearer x", f"Host: {THEIRS}:{server.port}"} <= set(rest)
    assert "body" not in repr(got)  # nor in a log


# --- H5, H6: redirects, rebinding, credentials


STATUSES = ["301 M", "302 F", "303 S", "307 T", "308 P", "300 C", "305 U"]
PLACES = [
    "http://127.0.0.1:{port}/", "https://169.254.169.254/latest/meta-data/", "file:///etc/passwd",
    "//127.0.0.1:{port}/", "/elsewhere", "http://[::1]:{port}/", "gopher://127.0.0.1:{port}/_x",
]  # fmt: skip


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("to", PLACES)
def test_h5_a_redirect_is_not_followed(status: str, to: str, canary: Server, connects: list[Any]) -> None:
    where = "Location: " + to.format(port=canary.port)
    with serving(answer(b"", where, status=status)) as server:
        assert code(server, headers={"Authorization": f"Bearer {SECRET}"}) == "redirect_refused"
    assert {one[0] for one in connects} == {THEIRS} and len(connects) == 1


@pytest.mark.parametrize(
    "headers", [["Location: http://127.0.0.1:{port}/"], ["Refresh: 0; url=http://127.0.0.1:{port}/"],
                ["Content-Location: http://127.0.0.1:{port}/"], ["Link: <http://127.0.0.1:{port}/>; rel=preload"],
                ["Alt-Svc: h2=\"127.0.0.1:{port}\""]]
)  # fmt: skip
def test_h5_nothing_that_only_hints_at_another_place_is_followed(
    headers: list[str], canary: Server, connects: list[Any]
) -> None:
    with serving(answer(b"{}", *(one.format(port=canary.port) for one in headers))) as server:
        url = f"http://{THEIRS}:{server.port}/"
        assert [outbound.ask("GET", url, allow=allowed(server)).status for _ in range(2)] == [200, 200]
    assert {one[0] for one in connects} == {THEIRS}


REBINDING: dict[str, list[list[str]]] = {
    "good, then ours": [[THEIRS], ["127.0.0.1"]],
    "good, then IPv6 of ours": [[THEIRS], ["::1"]],
    "good, then metadata": [[THEIRS], ["169.254.169.254"]],
    "good, then mapped": [[THEIRS], ["::ffff:127.0.0.1"]],
    "good, then nothing": [[THEIRS], []],
}
MIXED: dict[str, list[str]] = {
    "ours last": [THEIRS, "127.0.0.1"],
    "ours first": ["127.0.0.1", THEIRS],
    "mapped among them": [THEIRS, "::ffff:127.0.0.1"],
    "NAT64 among them": [THEIRS, "64:ff9b::7f00:1"],
    "unspecified among them": [THEIRS, "0.0.0.0"],
    "of one interface": [THEIRS, "fe80::1%lo"],
    "many": [*[THEIRS] * 50, "::1"],
}


@pytest.mark.parametrize("case", REBINDING)
def test_a_name_is_resolved_once_and_that_address_is_connected_to(
    case: str, canary: Server, connects: list[Any], names: dict[str, list[list[str]]]
) -> None:
    names["desk.example"] = list(REBINDING[case])
    with serving(answer()) as server:
        url = f"http://desk.example:{server.port}/"
        got = outbound.ask("GET", url, allow=allowed(server, "desk.example"))
        assert got.status == 200 and f"Host: desk.example:{server.port}".encode() in server.heard[0]
        with pytest.raises(Refused, match=r"address_refused|dns_failed"):
            outbound.ask("GET", url, allow=allowed(server, "desk.example"))
    assert connects == [(THEIRS, server.port)]


@pytest.mark.parametrize("case", MIXED)
def test_one_bad_address_among_several_is_enough(
    case: str, canary: Server, connects: list[Any], names: dict[str, list[list[str]]]
) -> None:
    names["desk.example"] = [MIXED[case]]
    allow = Allow(hosts=("desk.example",), ports=frozenset({canary.port}))
    with pytest.raises(Refused, match="address_refused"):
        outbound.ask("GET", f"http://desk.example:{canary.port}/", allow=allow)
    assert connects == []


def test_the_next_address_is_tried_when_the_first_does_not_answer(
    names: dict[str, list[list[str]]], connects: list[Any]
) -> None:
    outbound.permit(Settings(outbound_networks=f"{THEIRS}/32, 127.0.0.3/32"))
    names["desk.example"] = [["127.0.0.3", THEIRS]]
    with serving(answer()) as server:
        allow = allowed(server, "desk.example")
        assert outbound.ask("GET", f"http://desk.example:{server.port}/", allow=allow).status == 200
    assert [one[0] for one in connects] == ["127.0.0.3", THEIRS]


def test_h6_no_proxy_no_netrc_no_cookie(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, canary: Server, connects: list[Any]
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    (tmp_path / ".netrc").write_text(f"machine {THEIRS} login me password {SECRET}\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with serving(answer(b"{}", "Set-Cookie: a=b")) as server:
        for _ in range(2):
            outbound.ask("GET", f"http://{THEIRS}:{server.port}/", allow=allowed(server))
    for heard in server.heard:
        assert b"cookie" not in heard.lower() and b"authorization" not in heard.lower()
    assert {one[0] for one in connects} == {THEIRS}


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {SECRET}\r\nX: y"},
        {"Authorization": f"Bearer {SECRET}\n"},
        {"Authorization": f"Bearer {SECRET} "},
        {"Authorization": f"Bearer {SECRET}\x00"},
        {"Authorization": f"Bearer {SECRET}€"},
        {"Authorization": f"Bearer {SECRET}\ud800"},
        {"Authorization": SECRET * 2000},
        {f"X{SECRET}: y\r\nZ": "1"},
        {"Host": "other.example"},
        {"Content-Length": "0"},
        {"transfer-encoding": "chunked"},
        {"": "a"},
        {"Cookie": "a=b"},
    ],
)
def test_a_header_that_breaks_out_of_its_line_is_refused_and_not_repeated(
    headers: dict[str, str], connects: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    with serving(answer()) as server, caplog.at_level(logging.DEBUG), pytest.raises(Refused) as caught:
        outbound.ask("GET", f"http://{THEIRS}:{server.port}/", allow=allowed(server), headers=headers)
    assert caught.value.code == "header_refused"
    assert SECRET not in repr(caught.value) + caplog.text and connects == []


@pytest.mark.parametrize(
    "method", ["get", "TRACE", "CONNECT", "PUT", "DELETE", "GET / HTTP/1.1\r\nX: y\r\n\r\nGET"]
)
def test_a_method_that_no_source_needs_is_refused(method: str, connects: list[Any]) -> None:
    with serving(answer()) as server, pytest.raises(Refused, match="method_refused"):
        outbound.ask(method, f"http://{THEIRS}:{server.port}/", allow=allowed(server))
    assert connects == []


# --- H7


BAD: dict[str, dict[str, Any]] = {
    "tls_expired": {"ends": 0},
    "tls_not_yet_valid": {"starts": 2},
    "tls_self_signed": {"self_signed": True},
    "tls_wrong_name": {"host": "other.example"},
    "tls_revoked": {"revoked": True},
    "tls_too_old": {"newest": ssl.TLSVersion.TLSv1_1},
    "tls_weak": {"bits": 1024},
}


@pytest.fixture
def desk(names: dict[str, list[list[str]]]) -> None:
    names["desk.example"] = [[THEIRS]]


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("said", BAD)
def test_h7_a_bad_certificate_has_its_own_code_and_nothing_is_sent(said: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with serving(answer(), tls=authority.context(**BAD[said])) as server:
        secret = {"Authorization": f"Bearer {SECRET}"}
        got = code(server, host="desk.example", scheme="https", ca_file=authority.file, headers=secret)
    assert got == said and server.heard == []


@pytest.mark.usefixtures("desk")
def test_h7_a_good_certificate_of_an_own_authority_is_believed_by_name(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with serving(answer(), tls=authority.context()) as server:
        url = f"https://desk.example:{server.port}/"
        assert (
            outbound.ask("GET", url, allow=allowed(server, "desk.example", ca_file=authority.file)).status
            == 200
        )
        # Not without the file: the public authorities know nothing of it.
        assert code(server, host="desk.example", scheme="https") == "tls_unknown_issuer"
        # The operator's file is trusted besides the public ones.
        outbound.permit(Settings(outbound_networks=f"{THEIRS}/32", outbound_ca_file=authority.file))
        assert outbound.ask("GET", url, allow=allowed(server, "desk.example")).status == 200
        # By the address it is another's.
        assert code(server, scheme="https", ca_file=authority.file) == "tls_wrong_name"
    assert server.sni[0] == "desk.example"


def test_h7_a_certificate_for_an_address_is_believed_for_it(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with serving(answer(), tls=authority.context(host=THEIRS)) as server:
        url = f"https://{THEIRS}:{server.port}/"
        assert outbound.ask("GET", url, allow=allowed(server, ca_file=authority.file)).status == 200


def test_h7_a_list_of_revoked_ones_does_not_refuse_the_others(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.context(revoked=True)
    with serving(answer(), tls=authority.context(host=THEIRS)) as server:
        url = f"https://{THEIRS}:{server.port}/"
        assert outbound.ask("GET", url, allow=allowed(server, ca_file=authority.file)).status == 200


def test_h7_what_speaks_no_tls_is_told_so() -> None:
    with serving(answer(status="400 Bad Request")) as server:
        assert code(server, scheme="https", seconds=2) in ("tls_not_spoken", "timeout")


NONE = {
    "absent": None,
    "empty": "",
    "text": "no certificate",
    "broken": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
}
ELSE = ["/dev/zero", "/dev/stdin", "/", "a\x00b", "/proc/self/mem", "/etc/passwd", "/nothing"]


@pytest.mark.parametrize("case", [*NONE, *ELSE])
def test_h7_authorities_that_cannot_be_read_are_a_refusal_and_all_the_same_one(
    case: str, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    if (content := NONE.get(case)) is not None:
        file.write_text(content)
    named = str(file) if case in NONE else case
    with serving(answer()) as server:
        assert code(server, scheme="https", ca_file=named) == "tls_ca_file"


# --- H8, I9


def for_ever(first: bytes, piece: bytes, pause: float = 0.0) -> Callable[[socket.socket], None]:
    def say(one: socket.socket) -> None:
        import time

        one.sendall(first)
        for _ in range(100_000 if not pause else 200):
            one.sendall(piece)
            time.sleep(pause)

    return say


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SLOW: dict[str, Callable[[socket.socket], None]] = {
    "no answer": for_ever(b"", b"", 0.1),
    "a status line by the byte": for_ever(b"", b"H", 0.1),
    "a header by the byte": for_ever(b"HTTP/1.1 200 OK\r\nX: ", b"a", 0.1),
    "headers for ever, slowly": for_ever(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", 0.1),
    "continue for ever": for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.05),
    "a body by the byte": for_ever(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"a", 0.1),
    "chunks by the byte": for_ever(CHUNKED, b"1\r\na\r\n", 0.1),
    "trailers for ever": for_ever(CHUNKED + b"1\r\na\r\n0\r\n", b"X: y\r\n", 0.05),
    "a chunk's extension by the byte": for_ever(CHUNKED + b"1;", b"a", 0.1),
    "nothing packed for ever": for_ever(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10], b"\x00\x00\x00\xff\xff", 0.05
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SLOW)
@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_h8_the_deadline_is_for_the_whole(case: str, secure: bool, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with serving(SLOW[case], tls=authority.context(host=THEIRS) if secure else None) as server:
        scheme = "https" if secure else "http"
        assert code(server, scheme=scheme, ca_file=authority.file, seconds=0.5) == "timeout"


def test_h8_a_handshake_that_never_ends_has_the_same_deadline() -> None:
    with serving(for_ever(b"", b"", 0.1)) as server:
        server.say = for_ever(b"\x16\x03\x03\x40\x00", b"\x00", 0.1)
        assert code(server, scheme="https", seconds=0.5) in ("timeout", "tls_failed")


def test_h8_a_resolver_that_never_answers_has_the_same_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ended.wait(20) and [])
    with pytest.raises(Refused, match="dns_timeout"):
        outbound.ask("GET", "https://desk.example/", allow=Allow(hosts=("desk.example",), seconds=0.2))
    ended.set()


def deflated(megabytes: int, layers: int = 1) -> bytes:
    """Zeros, packed: a thousandth of their length."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = squeeze.compress(bytes(MEGABYTE)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    piece = squeeze.compress(bytes(MEGABYTE)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    body += piece * (megabytes - 1)
    for _ in range(layers - 1):
        body = gzip.compress(body)
    return body


ENDLESS: dict[str, tuple[Callable[[socket.socket], None] | bytes, str]] = {
    "an endless body": (for_ever(b"HTTP/1.1 200 OK\r\n\r\n", b"a" * 65536), "too_large"),
    "endless chunks": (for_ever(CHUNKED, b"10000\r\n" + b"a" * 65536 + b"\r\n"), "too_large"),
    "a body that says how long it is": (answer(b"")[:-4].replace(b": 0", b": 1000000000") + b"\r\n\r\n", "too_large"),
    "ten gigabytes in ten megabytes": (answer(deflated(10_000), "Content-Encoding: gzip"), "too_large"),
    "the same in chunks that never end": (
        for_ever(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + deflated(2), deflated(2)), "too_large"),
    "packed twice": (answer(deflated(1000, 2), "Content-Encoding: gzip, gzip"), "encoding_refused"),
    "packed a thousand times": (answer(b"x", "Content-Encoding: " + ", ".join(["gzip"] * 1000)), "encoding_refused"),
    "packed in two headers": (answer(b"x", "Content-Encoding: gzip", "Content-Encoding: gzip"), "encoding_refused"),
    "packed unknown": (answer(b"x", "Content-Encoding: br"), "encoding_refused"),
    "packed wrongly": (answer(b"x" * 100, "Content-Encoding: gzip"), "encoding_refused"),
    "headers for ever": (for_ever(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 1000), "answer_malformed"),
    "one endless header": (for_ever(b"HTTP/1.1 200 OK\r\nX: ", b"a" * 65536), "answer_malformed"),
    "an endless status line": (for_ever(b"HTTP/1.1 200 ", b"a" * 65536), "answer_malformed"),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", "answer_malformed"),
    "no status": (b"HTTP/1.1 abc\r\n\r\n", "answer_malformed"),
    "no chunk": (CHUNKED + b"zz\r\n", "connection_failed"),
    "a negative chunk": (CHUNKED + b"-5\r\naaaaa\r\n0\r\n\r\n", "answer_malformed"),
    "hung up at once": (b"", "connection_failed"),
    "hung up in the middle": (answer(b"abc")[:-2], "connection_failed"),
    "hung up in a chunk": (CHUNKED + b"ff\r\nabc", "connection_failed"),
    "two lengths": (answer(b"abc", "Content-Length: 4"), "answer_malformed"),
}  # fmt: skip


@pytest.mark.parametrize("case", ENDLESS)
def test_h8_i9_an_answer_that_is_too_much_ends_in_bounded_memory(case: str) -> None:
    say, expected = ENDLESS[case]
    with serving(say) as server:
        tracemalloc.start()
        try:
            got = code(server, most=MEGABYTE)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert got == expected
    assert peak < 6 * MEGABYTE


def test_h8_an_answer_as_long_as_may_be_comes_whole() -> None:
    for body, headers in (
        (b"a" * MEGABYTE, ()),
        (gzip.compress(b"a" * MEGABYTE), ("Content-Encoding: gzip",)),
    ):
        with serving(answer(body, *headers)) as server:
            got = outbound.ask("GET", f"http://{THEIRS}:{server.port}/", allow=allowed(server, most=MEGABYTE))
            assert len(got.body) == MEGABYTE
            assert code(server, most=MEGABYTE - 1) == "too_large"


def test_nobody_there_is_told_as_such(names: dict[str, list[list[str]]]) -> None:
    with serving(answer()) as server:
        pass
    assert code(server) == "connection_failed"
    names["gone.example"] = [[]]
    with pytest.raises(Refused, match="dns_failed"):
        outbound.ask("GET", "https://gone.example/", allow=Allow(hosts=("gone.example",)))


@pytest.mark.parametrize(
    "status", ["200 OK", "204 No Content", "304 Not Modified", "401 No", "429 Slow", "500 Oh", "599 ?"]
)
def test_every_status_but_a_redirect_is_an_answer(status: str) -> None:
    with serving(answer(b"", status=status)) as server:
        got = outbound.ask("GET", f"http://{THEIRS}:{server.port}/", allow=allowed(server))
    assert got.status == int(status[:3])


@pytest.mark.parametrize("status", ["600 ?", "999 ?"])
def test_a_status_that_there_is_none_of_is_no_answer(status: str) -> None:
    with serving(answer(b"", status=status)) as server, pytest.raises(Refused) as caught:
        outbound.ask("GET", f"http://{THEIRS}:{server.port}/", allow=allowed(server))
    assert caught.value.code == "answer_malformed"


PIECES = st.sampled_from(
    [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 204 No\r\n", b"HTTP/0.9 1\r\n", b"HTTP/1.1 99999 x\r\n",
     b"HTTP/1.1 100 C\r\n\r\n",
     b"Content-Length: 3\r\n", b"Content-Length: -1\r\n", b"Content-Length: 3, 3\r\n", b"Content-Length: x\r\n",
     b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n", b"Content-Encoding: gzip\r\n",
     b"Content-Encoding: deflate\r\n", b"Location: /\r\n", b": x\r\n", b"X\r\n", b" folded\r\n", b"X: \xff\xfe\r\n",
     b"X: a\rb\r\n", b"X: a\x00b\r\n", b"\r\n", b"\n", b"3\r\nabc\r\n", b"0\r\n\r\n", b"fffffffffffffffff\r\n",
     b"\x1f\x8b\x08\x00", b"abc", b"x\x9c\x03\x00"]
) | st.binary(max_size=30)  # fmt: skip


@given(said=st.lists(PIECES, max_size=12).map(b"".join))
@example(said=b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n\x78")
def test_whatever_comes_is_an_answer_or_a_refusal(said: bytes) -> None:
    outbound.permit(Settings(outbound_networks=f"{THEIRS}/32"))
    refusals = {"answer_malformed", "connection_failed", "encoding_refused", "redirect_refused"}
    status, came = 0, ""
    with serving(said) as server:
        try:
            status = outbound.ask(
                "GET", f"http://{THEIRS}:{server.port}/", allow=allowed(server, seconds=5)
            ).status
        except Refused as refused:
            came = refused.code
    assert came in refusals or 100 <= status < 1000
