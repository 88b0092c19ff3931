"""One session with an LDAP server: to a checked address, over TLS that is verified, within the run's limits.

ldap3 is an extra (`records-registry[ldap]`), and is imported when a directory is looked at.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Mapping
from functools import partial
from types import TracebackType
from typing import Any

from registry.connectors.seen import NotSeen, Reason
from registry.connectors.way import Way
from registry.outbound import trusting
from registry.outbound.allowing import is_permitted_loopback
from registry.outbound.trust import code_of

PAGE = 200
PATIENCE = 20  # seconds that one answer may take to begin, and a search may take there
_PAGED = "1.2.840.113556.1.4.319"

#: Why a search or a bind was refused, by result code (RFC 4511, A.1).
_REFUSED: dict[int, tuple[Reason, str]] = {
    8: ("forbidden", "stronger_sign_in_required"),
    10: ("other", "referral_refused"),
    13: ("forbidden", "encryption_required"),
    32: ("no_such_endpoint", "no_such_object"),
    34: ("no_such_endpoint", "invalid_name"),
    48: ("unauthorised", "credential_refused"),
    49: ("unauthorised", "credential_refused"),
    50: ("forbidden", "forbidden"),
    51: ("unavailable", "source_unavailable"),
    52: ("unavailable", "source_unavailable"),
    53: ("forbidden", "unwilling"),
}
#: Result codes that come with some of what was asked for: limits of time, of size, of the administrator.
_IN_PART = frozenset({3, 4, 11})


class _Bounded:
    """A socket that ldap3 reads from: within the run's time, no more than the longest answer, and shown as evidence."""

    def __init__(self, way: Way, sock: Any) -> None:
        self._way, self.real, self.got = way, sock, 0

    def recv(self, most: int) -> bytes:
        self.real.settimeout(min(self._way.left(), PATIENCE))
        data: bytes = self.real.recv(most)
        self.got += len(data)
        if self.got > self._way.allow.most:
            raise NotSeen("unavailable", "too_large")
        self._way.evidence(data)
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class Session:
    """A session as a context: opened on the way in, with TLS as `security` says (`ldaps`, `starttls`, `plain`)."""

    def __init__(self, way: Way, host: str, port: int, security: str) -> None:
        self._way, self._host, self._port, self._security = way, host, port, security
        self._connection: Any = None

    def __enter__(self) -> Session:
        """Raises NotSeen where there is no way there, or none that is as safe as it has to be."""
        failed = NotSeen("unavailable", "connection_failed")
        for address in self._way.addresses(self._host, self._port):
            if self._security == "plain" and not is_permitted_loopback(address):
                raise NotSeen("unavailable", "encryption_required")
            try:
                self._open(address)
                return self
            except NotSeen as one:
                self.__exit__(None, None, None)
                failed = one
        raise failed

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._connection is not None and self._connection.socket is not None:
            self._connection.socket.close()
        self._connection = None

    def _open(self, address: str) -> None:
        ldap3 = _ldap3()
        way, host, fault = self._way, self._host, [""]
        context = trusting(way.allow) if self._security != "plain" else None

        class Verified(ldap3.Tls):  # type: ignore[name-defined] # ldap3 is untyped
            """Our own way of verifying in the place of ldap3's, which is off unless asked for."""

            def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
                assert context is not None
                sock = getattr(connection.socket, "real", connection.socket)
                try:
                    wrapped = context.wrap_socket(sock, server_hostname=host)
                except ssl.SSLError as error:
                    fault[0] = code_of(error)
                    raise
                connection.socket = _Bounded(way, wrapped)

        server = ldap3.Server(
            address, self._port, use_ssl=self._security == "ldaps", tls=Verified(), get_info=ldap3.NONE,
            connect_timeout=min(way.left(), PATIENCE), allowed_referral_hosts=[], mode=ldap3.IP_SYSTEM_DEFAULT,
        )  # fmt: skip
        self._connection = connection = ldap3.Connection(
            server, auto_bind=ldap3.AUTO_BIND_NONE, auto_referrals=False, check_names=False, read_only=True,
            receive_timeout=PATIENCE, raise_exceptions=False, auto_range=True,
        )  # fmt: skip
        try:
            connection.open(read_server_info=False)
            if not isinstance(connection.socket, _Bounded):
                connection.socket = _Bounded(way, connection.socket)
            if self._security == "starttls":
                self._start_tls(connection)
        except ldap3.core.exceptions.LDAPException:
            raise NotSeen("unavailable", fault[0] or "connection_failed") from None
        if self._security != "plain" and not isinstance(connection.socket.real, ssl.SSLSocket):
            raise NotSeen("unavailable", "encryption_required")

    def _start_tls(self, connection: Any) -> None:
        try:
            if not connection.start_tls(read_server_info=False):
                raise NotSeen("unavailable", "starttls_refused")
        except _ldap3().core.exceptions.LDAPStartTLSError:
            if connection.result and connection.result.get("result"):
                raise NotSeen("unavailable", "starttls_refused") from None
            raise

    def bind(self, dn: str, password: str) -> None:
        """Sign in, by name and password. Raises NotSeen."""
        ldap3 = _ldap3()
        connection = self._connection
        connection.user, connection.password, connection.authentication = dn, password, ldap3.SIMPLE
        self._asked(lambda: connection.bind(read_server_info=False))
        if (code := connection.result["result"]) != 0:
            raise NotSeen(*_REFUSED.get(code, ("other", "unexpected_result")))

    def read(self, dn: str, attributes: tuple[str, ...]) -> Mapping[str, list[str]] | None:
        """The attributes of one entry, their names in small letters; None for one that is not there, or not for us."""
        ldap3 = _ldap3()
        try:
            found = list(self._search(dn, "(objectClass=*)", attributes, ldap3.BASE))
        except NotSeen as failed:
            if failed.code in ("no_such_object", "invalid_name"):
                return None
            raise
        return found[0][1] if found else None

    def search(
        self, base: str, found: str, attributes: tuple[str, ...]
    ) -> Iterator[tuple[str, Mapping[str, list[str]]]]:
        """The names and attributes of all entries below `base` that a filter finds, a page in memory at a time.

        Raises NotSeen for the first page; where a later one fails, or the server stops short, the look is incomplete.
        """
        yield from self._search(base, found, attributes, _ldap3().SUBTREE)

    def _search(
        self, base: str, found: str, attributes: tuple[str, ...], scope: str
    ) -> Iterator[tuple[str, Mapping[str, list[str]]]]:
        connection, cookie, first = self._connection, None, True
        asked = {"search_scope": scope, "attributes": list(attributes), "time_limit": PATIENCE,
                 "paged_size": None if scope == "BASE" else PAGE}  # fmt: skip
        while True:
            try:
                self._asked(partial(connection.search, base, found, paged_cookie=cookie, **asked))
                code = connection.result["result"]
                if code and code not in _IN_PART:
                    raise NotSeen(*_REFUSED.get(code, ("other", "unexpected_result")))
            except NotSeen as failed:
                if first:
                    raise
                self._way.broken(failed.code)
                return
            for entry in connection.response or ():
                if entry["type"] == "searchResRef":
                    self._way.broken("referral_refused")
                elif entry["type"] == "searchResEntry":
                    self._way.took()
                    yield entry["dn"], _attributes(entry["raw_attributes"])
            if code in _IN_PART:
                self._way.broken("limit_reached")
                return
            controls = connection.result.get("controls") or {}
            cookie, first = controls.get(_PAGED, {}).get("value", {}).get("cookie"), False
            if not cookie:
                return

    def shows(self, base: str, attribute: str, *, but: str) -> bool:
        """Whether an attribute of any entry below `base` but one is to be seen; only names of attributes are asked for.

        One page of entries is looked at. Raises NotSeen, but not where there is no such attribute or no right to ask.
        """
        asked = partial(
            self._connection.search, base, f"({attribute}=*)", attributes=[attribute], types_only=True,
            time_limit=PATIENCE, paged_size=PAGE,
        )  # fmt: skip
        self._asked(asked)
        return any(
            entry["type"] == "searchResEntry"
            and entry["dn"].casefold() != but.casefold()
            and any(name.partition(";")[0].lower() == attribute.lower() for name in entry["raw_attributes"])
            for entry in self._connection.response or ()
        )

    def escaped(self, value: str) -> str:
        """A value as it may stand in a filter (RFC 4515)."""
        from ldap3.utils.conv import escape_filter_chars

        return str(escape_filter_chars(value))

    def _asked(self, ask: Any) -> None:
        """Ask, within the run's time. Raises NotSeen for whatever ldap3 makes of the answer or of our question."""
        ldap3 = _ldap3()
        errors = ldap3.core.exceptions
        self._connection.socket.got = 0
        self._way.left()
        self._way.asked += 1
        began = time.monotonic()
        try:
            ask()
        except errors.LDAPInvalidDnError:
            raise NotSeen("no_such_endpoint", "invalid_name") from None
        except errors.LDAPCommunicationError:
            late = time.monotonic() - began >= PATIENCE
            raise NotSeen("unavailable", "timeout" if late else "connection_failed") from None
        except (errors.LDAPException, ValueError, LookupError, TypeError, AttributeError):
            raise NotSeen("not_understood", "not_understood") from None


def _attributes(raw: Mapping[str, list[bytes]]) -> dict[str, list[str]]:
    return {
        name.partition(";")[0].lower(): [value.decode("utf-8", "replace") for value in values]
        for name, values in raw.items()
        if values
    }


def _ldap3() -> Any:
    try:
        import ldap3
        import ldap3.core.exceptions
    except ImportError:
        raise NotSeen("not_supported", "ldap3_missing") from None
    return ldap3
