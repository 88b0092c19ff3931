"""An LDAP directory that we did not write: Debian's slapd on loopback, from a temporary folder."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ldap3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests import ports
from tests.peers import absent

BASE = "dc=acme,dc=example"
ROOT, ROOT_PASSWORD = f"cn=root,{BASE}", "canary-root-3d0c"
READER, READER_PASSWORD = f"cn=registry,{BASE}", "canary-ldap-secret-61fa"
MANAGERS = f"cn=managers,{BASE}"  # whoever is in this group may write, passwords too
_CONF = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload ppolicy
pidfile {place}/slapd.pid
TLSCACertificateFile {place}/authority.pem
TLSCertificateFile {place}/server.pem
TLSCertificateKeyFile {place}/server.key
{more}
database mdb
suffix "{base}"
rootdn "{root}"
rootpw "{password}"
directory {place}/data
dbnosync
{limits}
access to attrs=userPassword by group.exact="{managers}" write by anonymous auth by * none
access to * by group.exact="{managers}" write by dn.exact="{reader}" read by * none
overlay memberof
memberof-group-oc groupOfNames
memberof-member-ad member
overlay ppolicy
"""


class Directory:
    """The directory, and its own administrator, who changes what is in it."""

    def __init__(self, place: Path, port: int, tls_port: int) -> None:
        self.place, self.port, self.tls_port = place, port, tls_port
        self.authority = str(place / "authority.pem")
        self.root = ldap3.Connection(ldap3.Server("127.0.0.1", port), ROOT, ROOT_PASSWORD, auto_bind=False)

    def add(self, dn: str, *classes: str, **attributes: Any) -> str:
        full = f"{dn},{BASE}" if dn else BASE
        assert self.root.add(full, list(classes), attributes), self.root.result
        return full

    def fill(self) -> None:
        self.add("", "dcObject", "organization", o="Acme")
        self.add("cn=registry", "applicationProcess", "simpleSecurityObject", userPassword=READER_PASSWORD)
        self.add(
            "cn=other", "applicationProcess", "simpleSecurityObject", userPassword="canary-other-secret-1c9d"
        )
        self.add("cn=managers", "groupOfNames", member=ROOT)
        for name in ("people", "groups"):
            self.add(f"ou={name}", "organizationalUnit")

    def person(self, uid: str, mail: str | None = "", **other: Any) -> str:
        told = f"{uid}@acme.example" if mail == "" else mail
        given = {"cn": "canary-person", "sn": "canary-person", **({"mail": told} if told else {}), **other}
        return self.add(f"uid={uid},ou=people", "inetOrgPerson", **given)

    def group(self, name: str, *members: str) -> str:
        return self.add(f"cn={name},ou=groups", "groupOfNames", member=list(members))

    def put_in(self, group: str, *members: str) -> None:
        self._change(group, member=[(ldap3.MODIFY_ADD, list(members))])

    def take_out(self, group: str, *members: str) -> None:
        self._change(group, member=[(ldap3.MODIFY_DELETE, list(members))])

    def lock(self, person: str) -> None:
        self._change(person, pwdAccountLockedTime=[(ldap3.MODIFY_REPLACE, ["000001010000Z"])])

    def unlock(self, person: str) -> None:
        self._change(person, pwdAccountLockedTime=[(ldap3.MODIFY_DELETE, [])])

    def _change(self, dn: str, **changes: Any) -> None:
        assert self.root.modify(dn, changes), self.root.result


@contextmanager
def serving(*, limits: str = "", more: str = "", ldif: Path | None = None) -> Iterator[Directory]:
    """slapd until the end of the block: with the entries of `ldif`, or people, groups and an account that reads."""
    program = shutil.which("slapd", path="/usr/sbin:/usr/lib/openldap:/usr/bin")
    if program is None:
        absent("slapd is not installed")
    with TemporaryDirectory(prefix="slapd-") as folder:
        place = Path(folder)
        (place / "data").mkdir()
        _certify(place)
        told = {
            "place": place,
            "base": BASE,
            "root": ROOT,
            "password": ROOT_PASSWORD,
            "reader": READER,
            "managers": MANAGERS,
        }
        (place / "slapd.conf").write_text(_CONF.format(limits=limits, more=more, **told), "utf-8")
        if ldif is not None:
            load = Path(program).with_name("slapadd")
            subprocess.run(
                [load, "-q", "-f", place / "slapd.conf", "-l", ldif], check=True, capture_output=True
            )
        port, tls_port = ports.own(), ports.own()
        process = subprocess.Popen(
            [program, "-d", "0", "-f", place / "slapd.conf",
             "-h", f"ldap://127.0.0.1:{port}/ ldaps://127.0.0.1:{tls_port}/"],
            stdout=subprocess.DEVNULL, stderr=(place / "log").open("wb"),
        )  # fmt: skip
        try:
            directory = Directory(place, port, tls_port)
            ends = time.monotonic() + 60
            while (
                True
            ):  # by a plain connection: ldap3 leaves a server alone for 5 seconds once it was not there
                try:
                    socket.create_connection(("127.0.0.1", port), 30).close()
                    break
                except OSError:
                    assert process.poll() is None and time.monotonic() < ends, (place / "log").read_text()
                    time.sleep(0.05)
            assert directory.root.bind(), directory.root.result
            if ldif is None:
                directory.fill()
            yield directory
            directory.root.unbind()
        finally:
            process.terminate()
            process.wait(60)


def _certify(place: Path) -> None:
    """An authority, and a server's certificate for 127.0.0.1."""
    now = datetime.now(UTC)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in ("Authority", "slapd")]

    def made(of: int) -> x509.CertificateBuilder:
        begun = x509.CertificateBuilder().subject_name(names[of]).issuer_name(names[0])
        begun = begun.public_key(keys[of].public_key()).serial_number(x509.random_serial_number())
        return begun.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=5))

    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    authority = made(0).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    authority = authority.add_extension(usage, critical=True)
    server = made(1).add_extension(
        x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
    )
    pem = serialization.Encoding.PEM
    for name, builder in (("authority", authority), ("server", server)):
        (place / f"{name}.pem").write_bytes(builder.sign(keys[0], hashes.SHA256()).public_bytes(pem))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (place / "server.key").write_bytes(keys[1].private_bytes(pem, *plain))
