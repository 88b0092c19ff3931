"""npm oidc-provider as a real process: an organisation's provider, with people, groups and a machine client."""

from __future__ import annotations

import json
import re
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import requests

from tests import ports
from tests.peers import MODULES, absent

SECRET = "a secret between the registry and the provider"
PEOPLE: dict[str, Any] = {
    "dpo": {"email": "dpo@osekk.example", "name": "DPO of OSEKK", "groups": ["ropa-dpo", "staff"]},
    "guest": {"email": "guest@osekk.example", "name": "A guest", "groups": ["guests"]},
}
PATIENCE = 60.0


@dataclass
class Organisation:
    """A running provider: its issuer, and what may be done to it."""

    issuer: str

    def turn(self) -> None:
        """It signs with another key from now on."""
        requests.post(self.issuer + "/turn", timeout=120).raise_for_status()

    def people(self, people: dict[str, Any]) -> None:
        """Its people and their groups are these from now on."""
        requests.post(self.issuer + "/people", json=people, timeout=120).raise_for_status()

    def fetched(self) -> int:
        """How often its keys were asked for."""
        return int(requests.get(self.issuer + "/fetched", timeout=120).text)

    def token(self, resource: str, scope: str = "registers:read") -> str:
        """A token of the machine client for a resource."""
        form = {"grant_type": "client_credentials", "resource": resource, "scope": scope}
        got = requests.post(
            self.issuer + "/token", data=form, auth=("machine", requests.utils.quote(SECRET)), timeout=120
        )
        assert got.ok, got.text
        return str(got.json()["access_token"])

    def sign_in(self, where: str, who: str) -> str:
        """Goes to the provider as a browser would, signs in as somebody, consents; gives where it is sent back to."""
        http, page = requests.Session(), requests.Response()
        for _ in range(12):
            page = http.get(where, allow_redirects=False, timeout=120)
            while page.is_redirect:
                where = urljoin(where, page.headers["Location"])
                if not where.startswith(self.issuer):
                    return where
                page = http.get(where, allow_redirects=False, timeout=120)
            action = re.search(r'action="([^"]+)"', page.text)
            assert action, page.text
            prompt = re.search(r'name="prompt" value="(\w+)"', page.text)
            fields = {"prompt": prompt[1] if prompt else "", "login": who, "password": "any"}
            page = http.post(urljoin(where, action[1]), data=fields, allow_redirects=False, timeout=120)
            where = urljoin(where, page.headers["Location"])
        raise AssertionError(page.text)


@contextmanager
def organisation(
    redirect: str, *, alg: str = "RS256", machine_groups: tuple[str, ...] = ("ropa-reader",)
) -> Iterator[Organisation]:
    """A provider on a port of its own until the block ends, which sends people back to `redirect`."""
    if shutil.which("node") is None or not (MODULES / "oidc-provider").is_dir():
        absent("no node, or no oidc-provider: run `make peers`")
    port = ports.own()
    told = {
        "port": port, "secret": SECRET, "redirect": redirect, "people": PEOPLE, "alg": alg,
        "machine_groups": list(machine_groups),
    }  # fmt: skip
    process = subprocess.Popen(
        ["node", "provider.mjs", json.dumps(told)],
        cwd=MODULES.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        _ready(process, f"ready {port}")
        yield Organisation(f"http://127.0.0.1:{port}")
    finally:
        process.kill()
        process.wait()


def _ready(process: subprocess.Popen[str], line: str) -> None:
    """Waits for a line on its standard output."""
    assert process.stdout
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        if select.select([process.stdout], [], [], 1)[0]:
            said = process.stdout.readline()
            if said.strip() == line:
                return
            assert said, "the provider has ended"
    raise AssertionError("the provider did not start")
