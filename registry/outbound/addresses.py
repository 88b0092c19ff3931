"""Which addresses are anybody's to be asked, and which are ours, the machine's or nobody's."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Refused(Exception):
    """We do not ask, or what came is no answer: a stable `code`, and nothing of what was asked.

    Before anything is sent: `url_refused`, `scheme_refused`, `method_refused`, `header_refused`, `host_refused` (not
    among those allowed), `port_refused`, `address_refused`, `dns_failed`, `dns_timeout`. Underway: `timeout`,
    `connection_failed`, `tls_*`. Of the answer: `redirect_refused`, `too_large`, `encoding_refused`,
    `answer_malformed`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


# The registries of special-purpose addresses (IANA, RFC 6890 and what came after), written out: what Python calls
# global depends on its version, and 3.11 says so of multicast, 6to4, NAT64 and 3fff::/20.
_NOBODYS: tuple[Network, ...] = tuple(
    map(
        ipaddress.ip_network,
        [
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",  # shared by carriers; a cloud keeps its metadata there
            "127.0.0.0/8",
            "169.254.0.0/16",  # link-local: metadata of most clouds
            "172.16.0.0/12",
            "192.0.0.0/24",  # protocol assignments; metadata of one cloud
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "168.63.129.16/32",  # a public address that one cloud gives to its machines' own agent
            "2001::/23",  # Teredo, ORCHID, benchmarking
            "2001:db8::/32",
            "2002::/16",  # 6to4: holds an IPv4 address, and nobody uses it since RFC 7526
            "2620:4f:8000::/48",
            "3fff::/20",
        ],
    )
)
_UNICAST = ipaddress.IPv6Network(
    "2000::/3"
)  # all that is given out; the rest is local, special or not yet there
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # where only IPv6 runs, every IPv4 host is reached through it

#: Never to be permitted, by anybody: nothing that we ask lives there.
_NEVER: tuple[Network, ...] = tuple(
    map(
        ipaddress.ip_network,
        ["0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
         "100.100.100.200/32", "::/128", "fe80::/10", "fec0::/10", "ff00::/8", "fd00:ec2::/32"],
    )
)  # fmt: skip


def unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for on the wire (mapped, NAT64); else itself."""
    if isinstance(address, ipaddress.IPv6Address) and (address in _MAPPED or address in _NAT64):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def may_be_asked(address: Address, permitted: Iterable[Network] = ()) -> bool:
    """Whether an address is anybody's on the internet, or in a network that the operator permits."""
    real = unwrapped(address)
    if any(real in network for network in _NEVER):
        return False
    if any(real in network for network in permitted):
        return True
    if isinstance(real, ipaddress.IPv6Address) and (real not in _UNICAST or _isatap(real)):
        return False
    return real.is_global and not real.is_multicast and not any(real in network for network in _NOBODYS)


def networks(text: str) -> tuple[Network, ...]:
    """Networks from a comma-separated text. Raises ValueError for what is none, or may never be permitted."""
    found = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        network = ipaddress.ip_network(part)
        if network.prefixlen < 8:
            raise ValueError(f"{part}: half the world; name the networks that are yours")
        if any(network.version == one.version and network.subnet_of(one) for one in _NEVER):  # type: ignore[arg-type] # the versions are alike
            raise ValueError(f"{part}: nothing there may be asked")
        found.append(network)
    return tuple(found)


def _isatap(address: ipaddress.IPv6Address) -> bool:
    # An IPv4 address in the interface's part (RFC 5214): whoever has such an interface would send it there.
    return (int(address) >> 32) & 0xFDFFFFFF == 0x00005EFE
