"""Whom we believe to be who they say: TLS contexts that always verify, and what went wrong as a stable code."""

from __future__ import annotations

import functools
import os
import ssl
import stat
from typing import Any

import certifi

from registry.outbound.addresses import Refused
from registry.outbound.allowing import Allow, left, permitted_ca_file

LONGEST = 10_000_000  # bytes of a file of authorities

# OpenSSL's X509_V_ERR_*; the ssl module names none of them.
_VERIFY = {
    3: "tls_revocation_unknown",
    9: "tls_not_yet_valid",
    10: "tls_expired",
    11: "tls_revocation_unknown",
    12: "tls_revocation_unknown",
    18: "tls_self_signed",
    19: "tls_self_signed",
    2: "tls_unknown_issuer",
    20: "tls_unknown_issuer",
    21: "tls_unknown_issuer",
    23: "tls_revoked",
    62: "tls_wrong_name",
    64: "tls_wrong_name",
    66: "tls_weak",
    67: "tls_weak",
    68: "tls_weak",
}
_OLD = ("UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE", "UNKNOWN_PROTOCOL")
_NOT_SPOKEN = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "PACKET_LENGTH_TOO_LONG")
_WEAK = ("KEY_TOO_SMALL", "DH_KEY_TOO_SMALL", "MD_TOO_WEAK", "WRONG_SIGNATURE_TYPE", "INSUFFICIENT_SECURITY")


class Timed(ssl.SSLSocket):
    """A TLS socket with a deadline for all that is read from and written to it."""

    ends: float | None = None

    def send(self, data: Any, flags: int = 0) -> int:
        """As of a socket. Raises TimeoutError past the deadline."""
        self._hurry()
        return super().send(data, flags)

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        """As of a socket. Raises TimeoutError past the deadline."""
        self._hurry()
        return super().recv_into(buffer, nbytes, flags)

    def _hurry(self) -> None:
        if self.ends is not None:
            self.settimeout(left(self.ends))


def trusting(allow: Allow) -> ssl.SSLContext:
    """The context to speak TLS with whoever `allow` lets us reach, whatever the protocol above it.

    It is shared: leave it as it is. Raises Refused with `tls_ca_file` where the authorities cannot be read.
    """
    own = allow.ca_file or permitted_ca_file()
    try:
        return _context(own or None, _state(own), allow.ca_file is None)
    except (
        OSError,
        ValueError,
    ):  # ssl.SSLError is one of the former; a path with NUL, or no UTF-8, of the latter
        raise Refused("tls_ca_file") from None


def ca_file(allow: Allow) -> str:
    """The authorities for a library that takes one file: that of `allow`, else the operator's, else the public ones.

    Raises Refused as `trusting` does for one that is no plain file.
    """
    own = allow.ca_file or permitted_ca_file()
    try:
        _state(own)
    except (OSError, ValueError):
        raise Refused("tls_ca_file") from None
    return own or certifi.where()


def _state(path: str) -> tuple[int, int]:
    """What a file is told apart by from what it was before. Raises OSError for none, or for one that never ends."""
    if not path:
        return (0, 0)
    seen = os.stat(path)
    if not stat.S_ISREG(seen.st_mode) or seen.st_size > LONGEST:
        raise OSError("not a file of certificates")
    return (seen.st_mtime_ns, seen.st_size)


@functools.lru_cache(maxsize=64)
def _context(path: str | None, _state: tuple[int, int], public: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies certificate and name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_TRUSTED_FIRST
    context.sslsocket_class = Timed
    if public:
        context.load_verify_locations(cafile=certifi.where())
    if path is not None:
        context.load_verify_locations(cafile=path)
        with open(path, encoding="utf-8") as file:
            if not public and "-----BEGIN X509 CRL-----" in file.read():
                context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return context


def code_of(error: ssl.SSLError) -> str:
    """The stable code of what went wrong in TLS."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _VERIFY.get(error.verify_code, "tls_not_trusted")
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return "connection_failed"
    reason = error.reason or ""
    for code, parts in (("tls_too_old", _OLD), ("tls_not_spoken", _NOT_SPOKEN), ("tls_weak", _WEAK)):
        if any(part in reason for part in parts):
            return code
    return "tls_failed"
