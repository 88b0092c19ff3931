"""Whoever asks other hosts goes through registry.outbound; the few files that reach a network otherwise say why."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2] / "registry"

#: Modules that connect to somewhere.
CONNECTING = frozenset({
    "aiohttp", "asyncio", "boto3", "botocore", "ftplib", "http.client", "httpx", "imaplib", "ldap3", "poplib",
    "psycopg", "requests", "smtplib", "socket", "ssl", "telnetlib", "urllib.request", "urllib3", "xmlrpc", "websockets",
})  # fmt: skip

#: Files that use one of them, and why that is no way round.
REASONS = {
    "outbound": "it is the way",
    "terminal.py": "looks whether a port of this machine is free",
    "api/stalling.py": "handles the sockets of those who ask us",
    "auth/login.py": "a program of the user's, asking the registry that the user names",
    "demo.py": "asks the server that it has started",
    "db/engines.py": "the database of the operator's setting",
    "connectors/reading/ldap_session.py": "speaks LDAP over a socket to a checked address",
    "connectors/sources/_postgresql_asking.py": "speaks PostgreSQL to checked addresses (hostaddr)",
    "connectors/sources/_postgresql_requests.py": "reads over that connection",
    "connectors/sources/postgresql.py": "reads over that connection",
    "connectors/sources/_s3_asking.py": "botocore signs and reads; what it sends goes through the way",
}


def used(path: Path) -> set[str]:
    """The modules that connect which a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in names if any(name == one or name.startswith(one + ".") for one in CONNECTING)}


def test_nobody_else_reaches_a_network() -> None:
    found = {
        str(path.relative_to(ROOT)): sorted(used(path))
        for path in sorted(ROOT.rglob("*.py"))
        if path.relative_to(ROOT).parts[0] != "outbound" and used(path)
    }
    strange = {name: modules for name, modules in found.items() if name not in REASONS}
    assert strange == {}, "ask through registry.outbound, or say here why not"
    gone = [name for name in REASONS if name != "outbound" and name not in found]
    assert gone == [], "no longer needs its reason"
