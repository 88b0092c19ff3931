"""Recordings of systems, of which fixtures/connectors/<kind> has one for each source, played to the source again.

A recording is a file `recorded.<suffix>`, and its suffix says how it is played:

- `.yml`: `settings`, `secrets`, and `answers`, a list of what was asked (`path`, `method` if not GET, the `query` that
  matters, the `body` that it has to hold) and answered (`status` if not 200, `headers`, `json` or `text`). The most
  exact fitting answer is given; several alike are given in turn. `{origin}` stands for where it is played.
- `.ldif`: the entries of a directory (RFC 2849); `settings.yml` beside it has further settings.
- `.sql`: statements that make a database of PostgreSQL what it was; `settings.yml` beside it has further settings.

`expected.yml` holds what the source understood, `{origin}` for where it was played: `observations` (kind, payload,
`complete` if not true) and `faults`; among these is `clock_differs` wherever HTTP is played, for the time is NOW.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import yaml

from registry import outbound
from registry.settings import Settings
from tests import engines
from tests.connectors.databases import looked_at
from tests.connectors.stand_ins.serving import Asked, Reply, StandIn, serving
from tests.peers import slapd

ROOT = Path(__file__).parents[2] / "fixtures" / "connectors"
NOW = "2026-11-22T08:00:00.000000Z"
#: What a player gives: the settings and the secrets to look with.
Played = tuple[dict[str, Any], dict[str, str]]


def kinds() -> list[str]:
    """The kinds of source that have a recording."""
    return sorted(folder.name for folder in ROOT.iterdir() if folder.is_dir()) if ROOT.exists() else []


def recorded(kind: str) -> Path:
    """The one recording of a kind."""
    (path,) = (ROOT / kind).glob("recorded.*")
    return path


def expected(kind: str) -> dict[str, Any]:
    """What is to be understood of it; nothing, as long as nobody has written that down."""
    path = ROOT / kind / "expected.yml"
    return dict(yaml.safe_load(path.read_text("utf-8")) or {}) if path.exists() else {}


class Recording(StandIn):
    """Answers as was recorded; what was not is 404 and kept in `unknown`."""

    def __init__(self, answers: list[dict[str, Any]]) -> None:
        super().__init__()
        self.answers, self.given, self.unknown = answers, [0] * len(answers), list[str]()

    def answer(self, asked: Asked) -> Reply:
        fitting = [number for number, one in enumerate(self.answers) if _fits(one, asked)]
        if not fitting:
            self.unknown.append(f"{asked.method} {asked.target}")
            return 404, {"error": "not recorded"}, {}
        most = max(len(self.answers[number].get("query", {})) for number in fitting)
        alike = [number for number in fitting if len(self.answers[number].get("query", {})) == most]
        number = min(alike, key=lambda one: (self.given[one], one))
        self.given[number] += 1
        told = self.answers[number]
        body = told["text"] if "text" in told else json.dumps(told.get("json"))
        headers = {
            name: value.replace("{origin}", self.origin) for name, value in told.get("headers", {}).items()
        }
        return told.get("status", 200), body.replace("{origin}", self.origin).encode(), headers


def _fits(one: dict[str, Any], asked: Asked) -> bool:
    return (
        one["path"] == asked.path
        and one.get("method", "GET") == asked.method
        and one.get("body", "") in asked.body.decode("utf-8", "replace")
        and all(
            asked.query.get(name) == (value if isinstance(value, list) else [str(value)])
            for name, value in one.get("query", {}).items()
        )
    )


@contextmanager
def answers(path: Path, _: Any) -> Iterator[Played]:
    """Play a recording over HTTP on loopback."""
    told = yaml.safe_load(path.read_text("utf-8"))
    with serving(Recording(told["answers"])) as stand_in:
        assert isinstance(stand_in, Recording)
        settings = json.loads(json.dumps(told["settings"]).replace("{origin}", stand_in.origin))
        yield settings, told.get("secrets", {})
        assert stand_in.unknown == [], "asked for what was not recorded"
        unused = [told["answers"][number]["path"] for number, given in enumerate(stand_in.given) if not given]
        assert unused == [], "recorded, and never asked for"


@contextmanager
def database(path: Path, made: engines.Engines) -> Iterator[Played]:
    """Make the database that a recording describes, on the real server; the first line of it says who looks."""
    statements = path.read_text("utf-8")
    user = statements.split("\n", 1)[0].rpartition(" ")[2].rstrip(".")
    told = yaml.safe_load((path.parent / "settings.yml").read_text("utf-8"))
    with looked_at(made, statements, user) as looked:
        yield {**looked.settings, **told}, looked.secrets


@contextmanager
def entries(path: Path, _: Any) -> Iterator[Played]:
    """Serve the entries of a directory by slapd on loopback."""
    told = yaml.safe_load((path.parent / "settings.yml").read_text("utf-8"))
    with slapd.serving(ldif=path) as served:
        outbound.permit(Settings(outbound_networks="127.0.0.0/8", outbound_ca_file=served.authority))
        secrets = {"bind_dn": slapd.READER, "bind_password": slapd.READER_PASSWORD}
        yield {**told, "host": "127.0.0.1", "port": served.tls_port}, secrets


#: How recordings are played, by suffix. A player gets the file and a way to make databases (tests.engines.Engines).
PLAYERS: dict[str, Callable[[Path, Any], AbstractContextManager[Played]]] = {
    ".yml": answers,
    ".ldif": entries,
    ".sql": database,
}
