"""H1, H2, H3, I1: which addresses are never asked, however they are written and whatever a name says of them."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import outbound
from registry.outbound import Allow, Refused
from registry.outbound.addresses import may_be_asked, networks
from registry.settings import Settings
from tests.outbound.hostile import Server

ODD = [  # H1: forms that resolve to this machine, or might somewhere
    "127.0.0.1", "localhost", "LOCALHOST", "localhost.", "0", "127.1", "127.0.1", "0x7f.1", "2130706433", "0177.0.0.1",
    "0x7f000001", "017700000001", "127.0.0.01", "127.0.0.1.", "①②⑦.⓪.⓪.①", "１２７.０.０.１", "127。0。0。1",
    "0.0.0.0", "127.255.255.254", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "256.1", "0x7f.0x0.0x0.0x1", "127.0.0.0x1",
    "1.1.1.1.127.1", "0x", "08.1",
]  # fmt: skip
INSIDE = [  # H2
    "169.254.169.254", "metadata.google.internal", "METADATA.google.internal.", "metadata", "[fd00:ec2::254]",
    "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.100.100.200", "168.63.129.16",
    "192.0.0.192", "198.18.0.1", "255.255.255.255", "240.0.0.1", "[fe80::1]", "[fc00::1]", "[fec0::1]", "2852039166",
    "0xA9FEA9FE",
]  # fmt: skip
WRAPPED = [  # H3 and beyond: an address within an address
    "[::ffff:127.0.0.1]", "[::ffff:169.254.169.254]", "[::ffff:0:127.0.0.1]", "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b::7f00:1]", "[64:ff9b:1::a9fe:a9fe]", "[2002:a9fe:a9fe::]", "[2002:7f00:1::1]", "[::169.254.169.254]",
    "[::7f00:1]", "[2001:0:53aa:64c:0:5efe:7f00:1]", "[2a01:4f8::5efe:7f00:1]", "[2a01:4f8::200:5efe:a00:1]",
    "[ff02::1]", "224.0.0.1", "[3fff::1]", "[2001:db8::1]", "[5f00::1]", "[100::1]", "[4000::1]",
]  # fmt: skip
HOSTILE = [*ODD, *INSIDE, *WRAPPED]


def refused(url: str, allow: Allow, **more: Any) -> str:
    with pytest.raises(Refused) as caught:
        outbound.ask("GET", url, allow=allow, **more)
    return caught.value.code


def test_there_are_sixty_of_them() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 60


@pytest.mark.parametrize("host", HOSTILE)
def test_h1_h2_h3_a_hostile_address_is_refused_and_nothing_is_connected_to(
    host: str, canary: Server, connects: list[Any]
) -> None:
    allow = Allow(hosts=(host.strip("[]") if ":" in host else host,), ports=frozenset({443, canary.port}))
    for url in (f"https://{host}:{canary.port}/", f"http://{host}:{canary.port}/", f"https://{host}/"):
        assert refused(url, allow) in ("address_refused", "url_refused")
    with pytest.raises(Refused):
        outbound.addresses(host, 443, allow)
    assert connects == []


def literal(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


LITERAL = [host for host in (one.strip("[]") for one in HOSTILE) if literal(host)]


@pytest.mark.parametrize("address", LITERAL)
def test_h2_h3_a_good_name_that_resolves_to_a_hostile_address_is_refused(
    address: str, canary: Server, connects: list[Any], names: dict[str, list[list[str]]]
) -> None:
    allow = Allow(hosts=("desk.example",), ports=frozenset({canary.port}))
    for found in ([address], ["93.184.215.14", address], [address, "93.184.215.14"]):
        names["desk.example"] = [found]
        assert refused(f"https://desk.example:{canary.port}/", allow) == "address_refused"
    assert connects == []


@pytest.mark.parametrize("host", [*HOSTILE, "127.0.0.3"])
def test_i1_what_the_operator_permits_lets_in_nothing_else(
    host: str, canary: Server, connects: list[Any], theirs: None
) -> None:
    allow = Allow(hosts=(host.strip("[]"),), ports=frozenset({canary.port}))
    assert refused(f"http://{host}:{canary.port}/", allow) in ("address_refused", "url_refused")
    assert connects == []


def test_public_addresses_may_be_asked() -> None:
    for good in ("1.1.1.1", "93.184.215.14", "192.88.98.1", "172.32.0.1", "100.128.0.1", "2a01:4f8::1",
                 "2606:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1"):  # fmt: skip
        assert may_be_asked(ip_address(good)), good


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_nothing_may_be_asked_that_python_calls_private_or_special(address: Any) -> None:
    if may_be_asked(address) and not str(address).startswith("64:ff9b::"):
        inner = getattr(address, "ipv4_mapped", None) or address
        assert inner.is_global and not (inner.is_private or inner.is_multicast or inner.is_reserved)
        assert not inner.is_loopback and not inner.is_link_local and not inner.is_unspecified


@given(st.ip_addresses(v=4))
def test_an_address_in_another_s_clothes_is_judged_as_itself(address: Any) -> None:
    for prefix in (0xFFFF << 32, 0x64FF9B << 96):
        assert may_be_asked(ip_address(prefix | int(address))) == may_be_asked(address)
    assert not may_be_asked(ip_address((0x2002 << 112) | (int(address) << 80)))
    assert not may_be_asked(ip_address(f"::{address}"))


def test_what_the_operator_names_may_be_asked_and_metadata_never() -> None:
    named = networks("10.20.0.0/16, fd12:3456::/32,127.0.0.0/8")
    for good in ("10.20.3.4", "fd12:3456::9", "127.0.0.1", "::ffff:10.20.0.1", "1.1.1.1"):
        assert may_be_asked(ip_address(good), named), good
    for bad in (
        "10.21.0.1",
        "169.254.169.254",
        "fd00:ec2::254",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "::1",
        "fe80::1",
    ):
        assert not may_be_asked(ip_address(bad), named), bad
    wide = networks("fd00::/8, 100.64.0.0/10, 192.0.0.0/8")
    for bad in ("fd00:ec2::254", "100.100.100.200", "192.0.0.192"):
        assert not may_be_asked(ip_address(bad), wide), bad


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.1/8",
        "10/8",
        "everything",
        "0.0.0.0/0",
        "::/0",
        "169.254.0.0/16",
        "169.254.169.254",
        "ff02::/16",
    ],
)
def test_a_network_that_is_none_or_that_nobody_may_permit_stops_the_start(text: str) -> None:
    with pytest.raises(ValueError, match="REGISTRY_OUTBOUND_NETWORKS"):
        outbound.permit(Settings(outbound_networks=text))
    with pytest.raises(Refused):
        outbound.addresses("127.0.0.1", 443, Allow(hosts=("127.0.0.1",)))


# --- hosts and ports


@pytest.mark.parametrize(
    ("host", "allowed", "good"),
    [
        ("desk.example", "desk.example", True),
        ("DESK.example.", "desk.example", True),
        ("desk.example", "DESK.Example", True),
        ("a.desk.example", ".desk.example", True),
        ("b.a.desk.example", ".desk.example", True),
        ("sähkö.example", "xn--shk-qla6g.example", True),
        ("xn--shk-qla6g.example", "sähkö.example", True),
        ("desk.example", ".desk.example", False),
        ("evildesk.example", ".desk.example", False),
        ("desk.example.evil.example", ".desk.example", False),
        ("desk.example.evil.example", "desk.example", False),
        ("a.desk.example", "desk.example", False),
        ("1.1.1.1", ".1.1.1", False),
    ],
)
def test_h6_only_the_hosts_named_are_asked(
    host: str, allowed: str, good: bool, names: dict[str, list[list[str]]]
) -> None:
    for name in ("desk.example", "a.desk.example", "b.a.desk.example", "xn--shk-qla6g.example"):
        names[name] = [["93.184.215.14"]]
    allow = Allow(hosts=(allowed,))
    if good:
        assert outbound.addresses(host, 443, allow) == ["93.184.215.14"]
    else:
        with pytest.raises(Refused, match=r"host_refused|url_refused|address_refused"):
            outbound.addresses(host, 443, allow)


@pytest.mark.parametrize("port", [22, 25, 80, 6379, 0, 65536])
def test_i1_a_port_that_was_not_named_is_refused(port: int) -> None:
    assert refused(f"https://1.1.1.1:{port}/", Allow(hosts=("1.1.1.1",))) == "port_refused"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://1.1.1.1/", "file:///etc/passwd", "gopher://1.1.1.1/", "https:/1.1.1.1/", "https:1.1.1.1", "//1.1.1.1/",
        "", "HTTPS://1.1.1.1/", "https://", "https:///", "https://[1.1.1.1/", "https://1.1.1.1]/", "https://[fe80::1%25eth0]/",
        "https://user@1.1.1.1/", "https://u:p@1.1.1.1/", "https://1.1.1.1:@2.2.2.2/", "https://1.1.1.1\\@2.2.2.2/",
        "https://1.1.1.1\t.2/", "https://1.1.1.1/a b\r\nX: y", "https://1.1.1.1/\x00", " https://1.1.1.1/",
        "https://1.1.1.1:4 43/", "https://1.1.1.1:+443/", "https://1.1.1.1:٤٤٣/", "https://a..b/", "https://-a.example/",
        "https://" + "a" * 64 + ".example/", "https://" + "a." * 130 + "example/", "https://ex%61mple.com/",
        "https://1.1.1.1/#@2.2.2.2", "https://1.1.1.1/\ud800", "https://a\u200bb.example/", "https://exa$mple/",
        "https://１.1.1.1:443:443/",
    ],
)  # fmt: skip
def test_a_url_that_two_readers_might_read_differently_is_refused(url: str, connects: list[Any]) -> None:
    hosts = ("1.1.1.1", "2.2.2.2", ".example", "example.com", "ab.example")
    assert refused(url, Allow(hosts=hosts)) in (
        "url_refused",
        "scheme_refused",
        "port_refused",
        "address_refused",
    )
    assert connects == []


def test_plain_http_is_for_this_machine_alone(connects: list[Any]) -> None:
    assert refused("http://1.1.1.1:443/", Allow(hosts=("1.1.1.1",))) == "scheme_refused"
    outbound.permit(Settings(outbound_networks="10.0.0.0/8"))
    assert refused("http://10.0.0.1:443/", Allow(hosts=("10.0.0.1",))) == "scheme_refused"
    outbound.permit(Settings())
    assert connects == []
