"""A SCIM directory that we did not write: the process `scim2-server`, on loopback."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests import ports
from tests.peers import absent

TOKEN = "canary-scim-token-7d31"
_JSON = "application/scim+json"


def jwt(**claims: Any) -> str:
    """A token that says these of itself, as an authorization server would sign it; this server takes it as it is."""
    parts = ({"alg": "RS256", "typ": "at+jwt"}, {"iss": "https://login.example", **claims})
    coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*coded, "canary-signature"])


#: Tokens that the server takes besides: one of them says that it only reads.
READS = jwt(scope="openid scim.users.read scim.groups:read", exp=1_830_000_000)
WRITES = jwt(scp=["Directory.ReadWrite.All", "scim.read"])


class Directory:
    """The directory, and a client of it that changes what is in it."""

    def __init__(self, origin: str) -> None:
        self.origin, self.path = origin, "/v2"
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.headers.update({"Authorization": f"Bearer {TOKEN}", "Content-Type": _JSON})

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._http.request(method, f"{self.origin}{self.path}{path}", json=body, timeout=60)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def user(self, name: str, *, active: bool = True, roles: tuple[str, ...] = ()) -> str:
        body: dict[str, Any] = {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name, "active": active,
            "emails": [{"value": name, "primary": True}], "roles": [{"value": one} for one in roles],
        }  # fmt: skip
        return str(self.ask("POST", "/Users", body)["id"])

    def group(self, name: str, *members: str, groups: tuple[str, ...] = ()) -> str:
        told = [{"value": one, "type": "User"} for one in members]
        told += [{"value": one, "type": "Group"} for one in groups]
        body = {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": name,
            "members": told,
        }
        return str(self.ask("POST", "/Groups", body)["id"])

    def patch(self, path: str, *operations: dict[str, Any]) -> None:
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": list(operations)}
        self.ask("PATCH", path, body)

    def put_in(self, group: str, user: str) -> None:
        self.patch(
            f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": user, "type": "User"}]}
        )

    def take_out(self, group: str, user: str) -> None:
        self.patch(f"/Groups/{group}", {"op": "remove", "path": f'members[value eq "{user}"]'})


@contextmanager
def serving() -> Iterator[Directory]:
    """The process, empty, until the end of the block."""
    program = Path(sys.executable).parent / "scim2-server"
    if not program.exists():
        absent("scim2-server is not installed")
    port = ports.own()
    tokens = [argument for token in (TOKEN, READS, WRITES) for argument in ("--bearer-token", token)]
    process = subprocess.Popen(
        [program, "--port", str(port), *tokens],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        directory = Directory(f"http://127.0.0.1:{port}")
        ends = time.monotonic() + 60
        while True:
            try:
                directory.ask("GET", "/ServiceProviderConfig")
                break
            except requests.ConnectionError:
                assert process.poll() is None and time.monotonic() < ends, "scim2-server does not start"
                time.sleep(0.05)
        yield directory
    finally:
        process.terminate()
        process.wait(60)
