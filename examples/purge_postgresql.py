"""A nightly job that purges a PostgreSQL table by what the registry decides. Python 3.11, psycopg 3, requests, joserfc.

    python purge_postgresql.py purge.toml [--dry-run]

It deletes a row only with a signed answer about that very row, given a moment ago by the registry whose keys it was
told beforehand, and before that answer runs out. In every doubt it keeps: the registry is away, slow, or answers what
is not described; the answer is old, about something else, or signed by somebody else; the row has changed since it
was asked about; the clock here is not the clock there; the registry's journal is shorter than it was (an old backup
was restored, and holds that were set since may be gone). What it deletes and the proof of why are written in one
transaction, so that neither is ever there without the other.

purge.toml:

    [registry]
    url = "https://registry.example"
    client_id = "5d0c1f2e3a4b5c6d"               # of a client with retention:read for this controller, and no more
    client_secret_file = "/etc/purge/secret"
    keys_file = "/etc/purge/jwks.json"           # /.well-known/jwks.json, fetched once by somebody who looked at it
    # issuer = "https://registry.example"        # its own address, where it is reached by another

    [data]
    system = "acme/helpdesk"
    category = "D1"
    event = "closed"                             # where the rule names what it counts from; else leave it out

    [table]
    dsn = "postgresql:///helpdesk"
    name = "conversation"                        # schema.table is taken too
    id = "id"                                    # its primary key, one column
    anchor = "closed_at"                         # timestamptz or date; rows without one are kept
    # subject = "customer_number"                # needed while data of named people is held
    # batch = 500                                # rows asked about at once, 10,000 at most
    # anonymise = ["name", "email"]              # set to NULL where the rule says anonymise; else such rows are kept

Exit status: 0 all was asked about, 75 something was in doubt and kept (try again later), 2 the settings cannot be used.
"""

from __future__ import annotations

import json
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import requests
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from psycopg import sql

BATCH = 500
#: How far the registry's clock may be from ours, and how long before an answer runs out we stop acting upon it.
SKEW = timedelta(seconds=60)
MARGIN = 2.0
TIMEOUT = (5, 20)
TRIES = 3
TYP = "retention-receipt+jwt"
LOCK = 7_305_401  # so that two runs on one database never work side by side

ALLOWED = {"delete_after", "anonymise_after"}


class Doubt(Exception):
    """Something is not as it has to be: keep everything that was being asked about, and stop."""


@dataclass
class Settings:
    """purge.toml, read."""

    url: str
    issuer: str
    client_id: str
    secret: str
    keys: KeySet
    data: dict[str, str]
    table: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> Settings:
        """Raises ValueError, KeyError or OSError for what cannot be used."""
        told = tomllib.loads(path.read_text("utf-8"))
        registry, url = told["registry"], told["registry"]["url"].rstrip("/")
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("registry.url has to be https")
        if unknown := told["data"].keys() - {
            "system",
            "register",
            "category",
            "data_category",
            "event",
            "data_subject",
        }:
            raise ValueError(f"[data] has no {', '.join(sorted(unknown))}")
        return cls(
            url,
            registry.get("issuer", url).rstrip("/"),
            registry["client_id"],
            Path(registry["client_secret_file"]).read_text("ascii").strip(),
            KeySet.import_key_set(json.loads(Path(registry["keys_file"]).read_text("utf-8"))),
            told["data"],
            told["table"],
        )


@dataclass
class Row:
    """A row that might go: its key, and what its period is counted from."""

    id: Any
    anchor: datetime | date
    subject: str | None

    def item(self) -> dict[str, str]:
        """As it is asked about."""
        told = {"anchor": self.anchor.isoformat()}
        return told | ({"subject": self.subject} if self.subject is not None else {})


@dataclass
class Registry:
    """The registry, asked and not trusted: an answer counts only with its receipt."""

    settings: Settings
    http: requests.Session = field(default_factory=requests.Session)
    token: str = ""
    etag: str = ""
    position: int = 0

    def __post_init__(self) -> None:
        self.http.trust_env = False

    def has_a_rule(self) -> bool:
        """Whether there is any rule to go by: cheap, and asked again with the ETag. Raises Doubt."""
        about = {
            name: value
            for name, value in self.settings.data.items()
            if name in ("system", "category", "data_category")
        }
        answer = self._send(
            "GET",
            "/v1/retention-rules",
            params=about,
            headers={"If-None-Match": self.etag} if self.etag else {},
        )
        if answer.status_code == 404 and _body(answer).get("code") == "no_rule":
            return False
        if answer.status_code not in (200, 304):
            raise Doubt(f"the registry answered {answer.status_code}")
        self.etag = answer.headers.get("ETag", self.etag)
        return True

    def decide(self, rows: Sequence[Row]) -> tuple[list[str], list[str | None], float]:
        """The decision for each row, its receipt where something may be done, and until when, by time.monotonic.

        Raises Doubt where anything about the answer is not as it has to be.
        """
        asked = time.monotonic()
        question = {"common": self.settings.data, "items": [row.item() for row in rows], "receipts": True}
        answer = self._send("POST", "/v1/retention-decisions", json=question)
        if answer.status_code != 200:
            raise Doubt(f"the registry answered {answer.status_code}")
        body = _body(answer)
        told = body.get("decisions")
        if not isinstance(told, list) or len(told) != len(rows):
            raise Doubt("the registry answered something else than what it was asked")
        at = _moment(body.get("at"))
        if abs(datetime.now(UTC) - at) > SKEW:
            raise Doubt("the registry's clock and ours differ by more than a minute")
        position = body.get("position")
        if type(position) is not int or position < self.position:
            raise Doubt(
                "the registry's journal has gone back, so holds may be missing; once `registry verify` with a"
                " checkpoint kept elsewhere has said that all is there, empty the table registry_purge_seen"
            )
        seconds, words, receipts = float("inf"), [], []
        for row, one in zip(rows, told, strict=True):
            word = one.get("decision") if isinstance(one, dict) else None
            words.append(word if isinstance(word, str) else "unknown")
            receipts.append(self._proof(row, one, body["at"], position) if word in ALLOWED else None)
            if word in ALLOWED:
                seconds = min(seconds, (_moment(one.get("valid_until")) - at).total_seconds())
        self.position = position
        # From when the question left: whatever time the answer took is taken off.
        return words, receipts, asked + seconds - MARGIN

    def _proof(self, row: Row, one: dict[str, Any], at: str, position: int) -> str:
        """The receipt of an answer, once everything about it fits."""
        receipt = one.pop("receipt", None)
        try:
            found = jws.deserialize_compact(str(receipt).encode(), self.settings.keys, algorithms=["Ed25519"])
            said = json.loads(found.payload or b"")
        except (JoseError, ValueError, KeyError):
            raise Doubt("an answer was not signed by the registry's keys") from None
        if not isinstance(said, dict):
            raise Doubt("an answer was signed for something else")
        item = {**self.settings.data, "anchor": row.anchor.isoformat()}
        if found.headers().get("typ") != TYP or said.get("iss") != self.settings.issuer:
            raise Doubt("an answer was signed for something else")
        if (said.get("item"), said.get("answer"), said.get("at"), one.get("position")) != (
            item,
            one,
            at,
            position,
        ):
            raise Doubt("an answer's signature is about something else")
        return str(receipt)

    def _send(self, method: str, path: str, **request: Any) -> requests.Response:
        headers = request.pop("headers", {})
        for turn in range(TRIES):
            if not self.token:
                self._sign_in()
            try:
                answer = self.http.request(
                    method, self.settings.url + path, timeout=TIMEOUT, allow_redirects=False,
                    headers={**headers, "Authorization": f"Bearer {self.token}"}, **request,
                )  # fmt: skip
            except requests.RequestException as error:
                raise Doubt(f"the registry is not to be reached ({type(error).__name__})") from None
            if answer.status_code == 401 and turn == 0:
                self.token = ""
            elif answer.status_code in (429, 503) and turn < TRIES - 1:
                time.sleep(min(_whole(answer.headers.get("Retry-After")), 10))
            else:
                return answer
        raise Doubt("the registry refuses us")

    def _sign_in(self) -> None:
        try:
            answer = self.http.post(
                f"{self.settings.url}/oauth/token",
                data={"grant_type": "client_credentials", "scope": "retention:read"},
                auth=(self.settings.client_id, self.settings.secret),
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise Doubt(f"the registry is not to be reached ({type(error).__name__})") from None
        token = _body(answer).get("access_token") if answer.status_code == 200 else None
        if not isinstance(token, str):
            raise Doubt(f"no token was given ({answer.status_code})")
        self.token = token


# As PostgreSQL writes the anchor, so that the row is known again.
_KEPT = "INSERT INTO registry_purge (of, id, anchor, done, receipt) VALUES (%s, %s, %s::{}::text, %s, %s)"
_KEPT_DAY, _KEPT_MOMENT = (sql.SQL(_KEPT).format(sql.SQL(kind)) for kind in ("date", "timestamptz"))


class Table:
    """The table to purge, and beside it the receipts of what is gone."""

    def __init__(self, connection: psycopg.Connection[Any], told: dict[str, Any]) -> None:
        self.connection, self.anonymised = connection, told.get("anonymise", [])
        self.name = sql.Identifier(*told["name"].split("."))
        self.id, self.anchor = sql.Identifier(told["id"]), sql.Identifier(told["anchor"])
        self.subject = (
            sql.SQL("{}::text").format(sql.Identifier(told["subject"]))
            if "subject" in told
            else sql.SQL("NULL")
        )
        self.plain, self.batch = told["name"], int(told.get("batch", BATCH))
        with connection.transaction():
            connection.execute(
                "CREATE TABLE IF NOT EXISTS registry_purge (of text NOT NULL, id text NOT NULL, anchor text NOT NULL,"
                " done text NOT NULL, receipt text NOT NULL, at timestamptz NOT NULL DEFAULT now())"
            )
            connection.execute("CREATE INDEX IF NOT EXISTS registry_purge_of ON registry_purge (of, id)")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS registry_purge_seen (issuer text PRIMARY KEY, position bigint NOT NULL)"
            )

    def seen(self, issuer: str) -> int:
        """The furthest position of a registry's journal that any run was told."""
        query = "SELECT position FROM registry_purge_seen WHERE issuer = %s"
        found = self.connection.execute(query, (issuer,)).fetchone()
        self.connection.commit()
        return found[0] if found else 0

    def see(self, issuer: str, position: int) -> None:
        """Remember a position, before anything is done by an answer of it."""
        with self.connection.transaction():
            self.connection.execute(
                "INSERT INTO registry_purge_seen VALUES (%s, %s) ON CONFLICT (issuer) DO UPDATE"
                " SET position = EXCLUDED.position WHERE registry_purge_seen.position < EXCLUDED.position",
                (issuer, position),
            )

    def batches(self) -> Iterator[list[Row]]:
        """The rows that have an anchor and were not anonymised, the oldest first."""
        last: tuple[Any, Any] | None = None
        while True:
            where = (
                sql.SQL("AND (t.{}, t.{}) > (%s, %s)").format(self.anchor, self.id) if last else sql.SQL("")
            )
            query = sql.SQL(
                "SELECT t.{id}, t.{anchor}, {subject} FROM {name} t WHERE t.{anchor} IS NOT NULL"
                " AND isfinite(t.{anchor}) {where} AND NOT EXISTS (SELECT 1 FROM registry_purge p WHERE p.of = %s"
                " AND p.id = t.{id}::text AND p.done = 'anonymise_after' AND p.anchor = t.{anchor}::text)"
                " ORDER BY t.{anchor}, t.{id} LIMIT %s"
            ).format(id=self.id, anchor=self.anchor, subject=self.subject, name=self.name, where=where)
            found = self.connection.execute(query, (*(last or ()), self.plain, self.batch)).fetchall()
            self.connection.commit()
            if not found:
                return
            last = (found[-1][1], found[-1][0])
            yield [Row(*row) for row in found]

    def carry_out(self, done: Sequence[tuple[Row, str, str]], until: float) -> int:
        """Delete or anonymise rows and keep their receipts, all of it or nothing. Raises Doubt when time has run out.

        A row that is no longer as it was asked about is left alone.
        """
        count = 0
        with self.connection.transaction():
            left = until - time.monotonic()
            if left <= 0:
                raise Doubt("the answer has run out")
            self.connection.execute(
                "SELECT set_config('statement_timeout', %s, true)", (f"{max(int(left * 1000), 1)}ms",)
            )
            for word in ALLOWED:
                rows = [(row, receipt) for row, said, receipt in done if said == word]
                if word == "anonymise_after" and not self.anonymised:
                    continue
                for row, receipt in rows:
                    if (
                        self.connection.execute(self._one(word), (row.id, row.anchor, row.subject)).rowcount
                        == 1
                    ):
                        kept = _KEPT_DAY if type(row.anchor) is date else _KEPT_MOMENT
                        self.connection.execute(kept, (self.plain, str(row.id), row.anchor, word, receipt))
                        count += 1
            if time.monotonic() >= until:
                raise Doubt("the answer ran out before the rows were gone; they are back")
        return count

    def _one(self, word: str) -> sql.Composed:
        where = sql.SQL("WHERE {} = %s AND {} = %s AND {} IS NOT DISTINCT FROM %s::text").format(
            self.id, self.anchor, self.subject
        )
        if word == "delete_after":
            return sql.SQL("DELETE FROM {} ").format(self.name) + where
        emptied = sql.SQL(", ").join(
            sql.SQL("{} = NULL").format(sql.Identifier(name)) for name in self.anonymised
        )
        return sql.SQL("UPDATE {} SET {} ").format(self.name, emptied) + where


def purge(settings: Settings, *, dry: bool = False) -> Counter[str]:
    """Go through the table; gives how many rows each decision was given for, and how many are `gone`.

    Raises Doubt when it has to stop; what was done before stays done.
    """
    told: Counter[str] = Counter()
    registry = Registry(settings)
    if not registry.has_a_rule():
        return told
    with psycopg.connect(settings.table["dsn"]) as connection:
        if not connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,)).fetchone()[0]:  # type: ignore[index]  # one row
            raise Doubt("another run is at work")
        connection.commit()
        table = Table(connection, settings.table)
        registry.position = table.seen(settings.issuer)
        for rows in table.batches():
            if not registry.has_a_rule():
                break
            words, receipts, until = registry.decide(rows)
            table.see(settings.issuer, registry.position)
            told.update(words)
            done = [
                (row, word, receipt)
                for row, word, receipt in zip(rows, words, receipts, strict=True)
                if receipt
            ]
            if done and not dry:
                told["gone"] += table.carry_out(done, until)
            if sys.stderr.isatty():
                print(
                    f"\r{sum(told.values()) - told['gone']} asked about, {told['gone']} gone",
                    end="",
                    file=sys.stderr,
                )
            if set(words) == {"retain"}:
                break  # what follows is younger
    return told


def main(arguments: Sequence[str]) -> int:
    """Run it; gives the exit status."""
    paths = [argument for argument in arguments if not argument.startswith("-")]
    if len(paths) != 1 or {*arguments} - {*paths, "--dry-run"}:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        settings = Settings.read(Path(paths[0]))
    except (ValueError, KeyError, TypeError, OSError, JoseError) as error:
        print(f"{paths[0]} cannot be used: {error}", file=sys.stderr)
        return 2
    try:
        told = purge(settings, dry="--dry-run" in arguments)
    except Doubt as doubt:
        print(f"Kept, in doubt: {doubt}.", file=sys.stderr)
        return 75
    except psycopg.Error as error:
        print(f"Kept, the database says: {str(error).strip().splitlines()[0]}", file=sys.stderr)
        return 75
    print(json.dumps(dict(told)) if told else "No rule is in force: everything is kept.")
    return 0


def _body(answer: requests.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        raise Doubt("the registry's answer is no JSON") from None
    if not isinstance(body, dict):
        raise Doubt("the registry's answer is no object")
    return body


def _moment(text: Any) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        found = None
    if found is None or found.tzinfo is None:
        raise Doubt("the registry gave a time that is none")
    return found


def _whole(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
