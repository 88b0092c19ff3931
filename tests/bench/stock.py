"""Databases to measure with: the five registers, published, and copies of another up to as many as are wanted."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from registry import clock, db
from registry.audits import engaging
from registry.auth.clients import stored as clients
from registry.auth.scopes import SCOPES
from registry.auth.tokens import access as tokens
from registry.catalogue import load, read, store
from registry.catalogue.registers import EXAMPLE
from registry.notices import publish

ROOT = Path(__file__).parents[2]
MODEL = "copy-000000"


def fill(path: Path, port: int, registers: int) -> str:
    """The five registers, published, and copies of another up to `registers`; a token of somebody who sees them all."""
    db.open(f"sqlite:///{path}")
    db.migrate()
    load.apply(load.read(sorted((ROOT / "fixtures" / "registers").glob("*.yaml"))), by="operator")
    store.declare("register", "seamk", MODEL, EXAMPLE, by="operator", expect=store.NEW)
    for _, written in list(read.records()):
        publish.publish(written.controller, written.key, by="operator")
    _many(registers - 6)
    client, _ = clients.register_client(name="bench", scopes=list(SCOPES), controllers=["*"], by="operator")
    issued = tokens.issue(
        client_id=client.client_id,
        scopes=list(SCOPES),
        audience=f"http://127.0.0.1:{port}",
        seconds=86400,
        by="operator",
    )
    db.close()
    return issued.token


def engaged(path: Path, port: int) -> str:
    """A token of an auditor who is engaged for all of seamk."""
    db.open(f"sqlite:///{path}")
    client, _ = clients.register_client(
        name="audit", scopes=list(SCOPES), controllers=["nowhere"], by="operator"
    )
    terms = engaging.Terms(ends_on=clock.day_of(clock.now()) + timedelta(days=7), purpose="To be measured.")
    engaging.open_engagement("seamk", client.actor, terms, by="operator", kept=timedelta(days=1))
    issued = tokens.issue(
        client_id=client.client_id,
        scopes=list(SCOPES),
        audience=f"http://127.0.0.1:{port}",
        seconds=86400,
        by="operator",
    )
    db.close()
    return issued.token


#: Copies of the model, past the verbs and without journal entries and notices: what is measured is reading.
COPIES = (
    """WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count})
    INSERT INTO catalogue_declaration (kind, controller, key, version)
    SELECT d.kind, d.controller, printf('copy-%06d', n.n), d.version FROM n, catalogue_declaration d
    WHERE d.key = '{model}'""",
    """INSERT INTO catalogue_version (declaration_id, version, effective_from, recorded_at, ended, document)
    SELECT d.id, v.version, v.effective_from, v.recorded_at, v.ended,
    CAST(replace(CAST(v.document AS TEXT), '{model}', d.key) AS BLOB)
    FROM catalogue_declaration d, catalogue_version v WHERE {copies} AND v.declaration_id = {of}""",
    """INSERT INTO catalogue_facet (kind, name, value, controller, key, version_id)
    SELECT f.kind, f.name, f.value, f.controller, d.key, v.id
    FROM catalogue_facet f, catalogue_declaration d JOIN catalogue_version v ON v.declaration_id = d.id
    WHERE {copies} AND f.version_id = (SELECT id FROM catalogue_version WHERE declaration_id = {of})""",
    """INSERT INTO retention_publication
    (declaration_id, controller, key, revision, version, effective_from, until, published_at, closed_at)
    SELECT d.id, p.controller, d.key, p.revision, p.version, p.effective_from, p.until, p.published_at, p.closed_at
    FROM catalogue_declaration d, retention_publication p WHERE {copies} AND p.key = '{model}'""",
    """INSERT INTO retention_together (publication_id, rules, digest, document)
    SELECT p.id, t.rules, t.digest, CAST(replace(CAST(t.document AS TEXT), '{model}', p.key) AS BLOB)
    FROM retention_publication p, retention_together t WHERE p.key <> '{model}' AND p.key GLOB 'copy-*'
    AND t.publication_id = (SELECT id FROM retention_publication WHERE key = '{model}')""",
    """INSERT INTO retention_rule (publication_id, position, category, data_category, period, ends, conflict, digest,
    document, silent, change, comes)
    SELECT p.id, r.position, r.category, r.data_category, r.period, r.ends, r.conflict, r.digest,
    CAST(replace(CAST(r.document AS TEXT), '{model}', p.key) AS BLOB), r.silent, r.change, r.comes
    FROM retention_publication p, retention_rule r WHERE p.key <> '{model}' AND p.key GLOB 'copy-*'
    AND r.publication_id = (SELECT id FROM retention_publication WHERE key = '{model}')""",
)


def _many(count: int) -> None:
    of = f"(SELECT id FROM catalogue_declaration WHERE key = '{MODEL}')"
    copies = f"d.kind = 'register' AND d.key GLOB 'copy-*' AND d.key <> '{MODEL}'"
    with db.writing(why="bulk data of a benchmark"):
        for statement in COPIES if count > 0 else ():
            db.database.execute_sql(statement.format(count=count, model=MODEL, of=of, copies=copies))
