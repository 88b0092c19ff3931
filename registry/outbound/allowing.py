"""What may be reached: hosts and ports by name, and of the addresses that a name resolves to every one, or none."""

from __future__ import annotations

import dataclasses
import ipaddress
import queue
import re
import socket
import threading
import time

from registry.outbound.addresses import Address, Network, Refused, may_be_asked, networks, unwrapped
from registry.settings import Settings

MEGABYTE = 1024 * 1024

#: Names under which clouds serve credentials; some resolve only inside.
_METADATA = frozenset({"metadata", "metadata.google.internal", "metadata.goog", "instance-data",
                       "instance-data.ec2.internal"})  # fmt: skip
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")  # an IPv4 address in one of its odd forms ends so


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Allow:
    """What may be asked, and how much of it.

    `hosts` are names or addresses, exact, or ``.example.com`` for every name below; `ports` belong to all of them.
    `ca_file` is trusted instead of the public authorities, and its revocation lists with it. `seconds` is for all of
    one asking, from the name to the last byte; `most` bytes, unpacked, is the longest answer.

    Private networks are not a matter of who asks: see `permit`.
    """

    hosts: tuple[str, ...]
    ports: frozenset[int] = frozenset({443})
    ca_file: str | None = None
    seconds: float = 30
    most: int = 20 * MEGABYTE

    def __post_init__(self) -> None:
        object.__setattr__(self, "ports", frozenset(self.ports))


@dataclasses.dataclass(frozen=True, slots=True)
class _Permitted:
    networks: tuple[Network, ...] = ()
    ca_file: str = ""


_permitted = _Permitted()


def permit(settings: Settings) -> None:
    """Permit what the operator of this deployment says, for this process: networks of its own, and its authorities.

    Raises ValueError for a network that is none, or that nobody may permit.
    """
    global _permitted
    try:
        named = networks(settings.outbound_networks)
    except ValueError as error:
        raise ValueError(f"REGISTRY_OUTBOUND_NETWORKS: {error}") from None
    _permitted = _Permitted(named, settings.outbound_ca_file)


def permitted_ca_file() -> str:
    """The authorities that the operator adds; empty for none."""
    return _permitted.ca_file


def addresses(host: str, port: int, allow: Allow) -> list[str]:
    """The addresses of a host, each of them checked; connect to one of these and to nothing else.

    Raises Refused: `host_refused`, `port_refused`, `address_refused` when one of them may not be asked, `dns_failed`,
    `dns_timeout`.
    """
    name = canonical(host)
    if not any(_matches(name, one) for one in allow.hosts):
        raise Refused("host_refused")
    if port not in allow.ports:
        raise Refused("port_refused")
    found = _literal(name) or _resolved(name, port, allow.seconds)
    if not all(may_be_asked(one, _permitted.networks) for one in found):
        raise Refused("address_refused")
    return [str(one) for one in dict.fromkeys(found)]


def is_permitted_loopback(address: str) -> bool:
    """Whether an address is this machine's own, and the operator permits that."""
    real = unwrapped(ipaddress.ip_address(address))
    return real.is_loopback and may_be_asked(real, _permitted.networks)


def canonical(host: str) -> str:
    """A host in the one form that names are compared in. Raises Refused for what is none (`url_refused`), for an IPv4
    address in an odd form and for names of metadata services (`address_refused`)."""
    text = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    if ":" in text:
        try:
            return str(ipaddress.IPv6Address(_without_scope(text)))
        except ValueError:
            raise Refused("url_refused") from None
    if not text.isascii():
        try:  # the same folding that a resolver would do: circled digits are digits
            text = text.encode("idna").decode("ascii")
        except UnicodeError:
            raise Refused("url_refused") from None
    name = text.lower().removesuffix(".")
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Refused("url_refused")
    if _NUMBER.fullmatch(labels[-1]) and _literal(name) is None:
        raise Refused("address_refused")
    if name in _METADATA:
        raise Refused("address_refused")
    return name


def _without_scope(text: str) -> str:
    if "%" in text:
        raise ValueError("an address of one interface")
    return text


def _matches(name: str, allowed: str) -> bool:
    if allowed.startswith("."):
        return _literal(name) is None and name.endswith("." + canonical(allowed[1:]))
    return name == canonical(allowed)


def _literal(name: str) -> list[Address] | None:
    try:
        return [ipaddress.ip_address(name)]
    except ValueError:
        return None


def _resolved(name: str, port: int, seconds: float) -> list[Address]:
    """What a name resolves to. The resolver knows no deadline, so it is asked in a thread that may be left behind."""
    answers: queue.SimpleQueue[list[str] | None] = queue.SimpleQueue()

    def look() -> None:
        try:
            found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
            answers.put([str(one[4][0]) for one in found])
        except (OSError, UnicodeError):
            answers.put(None)

    threading.Thread(target=look, name="resolving", daemon=True).start()
    try:
        found = answers.get(timeout=max(seconds, 0.001))
    except queue.Empty:
        raise Refused("dns_timeout") from None
    if not found:
        raise Refused("dns_failed")
    try:
        return [ipaddress.ip_address(_without_scope(one)) for one in found]
    except ValueError:
        raise Refused("address_refused") from None


def left(ends: float) -> float:
    """Seconds until then. Raises TimeoutError when there are none."""
    seconds = ends - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds
