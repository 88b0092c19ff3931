"""Servers that mean ill, on addresses of this machine: one says whatever a test wants, one must never be reached."""

from __future__ import annotations

import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

THEIRS = "127.0.0.2"  # the host that may be asked; all else of this machine may not

Say = Callable[[socket.socket], None]


class Server:
    """Accepts connections and says `say` to each in a thread of its own. `heard` is what each sent, up to its head."""

    def __init__(
        self, say: Say, address: str = THEIRS, tls: ssl.SSLContext | None = None, port: int = 0
    ) -> None:
        self.say, self.tls = say, tls
        self.heard: list[bytes] = []
        self.sni: list[str | None] = []
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((address, port))
        self.socket.listen(64)
        self.port: int = self.socket.getsockname()[1]
        self.open: list[socket.socket] = []
        self.accepted = 0
        self.ended = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                one, _ = self.socket.accept()
            except OSError:
                return
            self.accepted += 1
            self.open.append(one)
            threading.Thread(target=self._one, args=(one,), daemon=True).start()

    def _one(self, one: socket.socket) -> None:
        with suppress(OSError, ValueError):
            one.settimeout(20)
            if self.tls is not None:
                self.tls.sni_callback = lambda _, name, __: self.sni.append(name)
                one = self.tls.wrap_socket(one, server_side=True)
                self.open.append(one)
            got = b""
            while b"\r\n\r\n" not in got and (piece := one.recv(65536)):
                got += piece
            self.heard.append(got)
            self.say(one)
            one.close()

    def close(self) -> None:
        self.ended.set()
        for one in [self.socket, *self.open]:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            with suppress(OSError):
                one.close()


@contextmanager
def serving(say: Say | bytes, address: str = THEIRS, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server for the time of a test."""
    told = (lambda one: one.sendall(say)) if isinstance(say, bytes) else say
    server = Server(told, address, tls)
    try:
        yield server
    finally:
        server.close()


def answer(body: bytes = b"{}", *headers: str, status: str = "200 OK") -> bytes:
    """A whole answer with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


# --- certificates


class Authority:
    """A certificate authority of one's own, its files in a folder."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        now = datetime.now(UTC)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(self.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=9))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(True, False, False, False, False, True, True, False, False), critical=True
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        self.file = str(place / "authority.pem")
        Path(self.file).write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def context(
        self,
        *,
        host: str = "desk.example",
        starts: int = -1,
        ends: int = 5,
        self_signed: bool = False,
        bits: int | None = None,
        newest: ssl.TLSVersion | None = None,
        revoked: bool = False,
    ) -> ssl.SSLContext:
        """A server's context; days from today. `revoked` puts it on the list, which goes into the authority's file."""
        key = (
            ec.generate_private_key(ec.SECP256R1()) if bits is None else rsa.generate_private_key(65537, bits)
        )
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "desk.example")])
        now = datetime.now(UTC)
        try:
            named: x509.GeneralName = x509.IPAddress(ip_address(host))
        except ValueError:
            named = x509.DNSName(host)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if self_signed else self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=starts))
            .not_valid_after(now + timedelta(days=ends))
            .add_extension(x509.SubjectAlternativeName([named]), critical=False)
            .sign(key if self_signed else self.key, hashes.SHA256())
        )
        listed = x509.CertificateRevocationListBuilder().issuer_name(self.name).last_update(now)
        listed = listed.next_update(now + timedelta(days=1))
        if revoked:
            gone = x509.RevokedCertificateBuilder().serial_number(made.serial_number).revocation_date(now)
            listed = listed.add_revoked_certificate(gone.build())
            crl = listed.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
            Path(self.file).write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM) + crl)
        pem = self.place / "server.pem"
        pem.write_bytes(
            made.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if bits is not None or newest is not None:
            context.set_ciphers("ALL:@SECLEVEL=0")
        if newest is not None:
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            with warnings.catch_warnings(action="ignore"):  # old on purpose
                context.maximum_version = newest
        context.load_cert_chain(pem)
        return context
