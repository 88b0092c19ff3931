"""The application on one screen: what it serves, and what it is put together from."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

from flask import Flask

from registry import db, jobs, outbound
from registry.api import Blueprint, application, probe
from registry.audits import routes as audits
from registry.auth.providers import arriving
from registry.auth.roles import routes as roles
from registry.auth.server import pages as access
from registry.auth.server import routes as oauth
from registry.auth.server.consent import NAMES
from registry.catalogue import controllers, read, registers, systems
from registry.changes import routes as changes
from registry.checks.routes import checks, findings, forecast, measures, waivers, what_if
from registry.checks.routes import runs as check_runs
from registry.connectors.routes import connectors, observations
from registry.consequences import routes as consequences
from registry.drift import routes as drift
from registry.journal import routes as journal
from registry.journal.entries import checkpoint, position
from registry.keys import held
from registry.keys import routes as keys
from registry.keys.sealing import Sealer
from registry.keys.signing import Signer
from registry.law import routes as law
from registry.notices import pages
from registry.notices import routes as notices
from registry.people import account
from registry.people import routes as people
from registry.retention.decisions import routes as retention_decisions
from registry.retention.holds import holding, keyed
from registry.retention.holds import routes as holds
from registry.retention.publications import routes as retention
from registry.retention.shortenings import routes as retention_changes
from registry.settings import Settings, apply
from registry.webhooks import routes as webhooks

#: What libraries take from the environment: tokens over plain HTTP, a debugger for whoever asks.
LOOSE = ("AUTHLIB_INSECURE_TRANSPORT", "FLASK_DEBUG")

# A resource is a line here: the blueprint of its file.
RESOURCES: tuple[Blueprint, ...] = (
    oauth.blueprint,
    access.blueprint,
    people.blueprint,
    account.blueprint,
    arriving.blueprint,
    roles.blueprint,
    controllers.blueprint,
    systems.blueprint,
    registers.blueprint,
    observations.blueprint,
    connectors.blueprint,
    checks.blueprint,
    check_runs.blueprint,
    findings.blueprint,
    forecast.blueprint,
    what_if.blueprint,
    drift.blueprint,
    consequences.blueprint,
    waivers.blueprint,
    measures.blueprint,
    retention.blueprint,
    retention_changes.blueprint,
    retention_decisions.blueprint,
    holds.blueprint,
    notices.blueprint,
    pages.blueprint,
    law.blueprint,
    keys.blueprint,
    audits.blueprint,
    changes.blueprint,
    webhooks.blueprint,
    journal.blueprint,
)


def create_app(settings: Settings | None = None) -> Flask:
    """The application for these settings (default: the environment's), its database bound.

    Raises registry.api.door.Unmarked when a view has no lock, ValueError for settings that cannot be.
    """
    settings = settings or Settings.from_env()
    outbound.permit(settings)
    apply(settings)
    db.open(settings.database, pool=settings.pool)
    _nothing_is_loosened(settings)
    _keys_are_here(settings)
    return application(settings, RESOURCES, finish=_finish)


def _nothing_is_loosened(settings: Settings) -> None:
    """Raises ValueError where the environment switches off, for others than this machine, what protects them."""
    loose = [name for name in LOOSE if os.environ.get(name)]
    if loose and urlsplit(settings.base_url).hostname not in ("127.0.0.1", "::1"):
        raise ValueError(f"{', '.join(loose)} is for trials on this machine: unset it to serve others.")


def _keys_are_here(settings: Settings) -> None:
    """Raises ValueError for a key that is none, and where data is held under one that is not here."""
    sealer, _ = Sealer.of(settings), Signer.of(settings)
    if settings.second_factor == "required" and not sealer.ids:
        raise ValueError("REGISTRY_SECOND_FACTOR=required needs a sealing key (REGISTRY_SECRET_KEY_FILE)")
    if db.pending():
        return
    if missing := held.missing(sealer):
        raise ValueError(
            f"Secrets need sealing keys that are not set: {', '.join(missing)} (REGISTRY_SECRET_KEY_FILE)"
        )
    if missing := holding.unreadable(keyed.keys(settings)):
        raise ValueError(
            f"Legal holds need hold keys that are not set: {', '.join(missing)} (REGISTRY_HOLD_KEY_FILE)"
        )


def _finish(app: Flask) -> None:
    app.extensions[NAMES] = read.named
    probe(app, "database", lambda: db.engine() | db.standing())
    probe(app, "journal", _journal)
    probe(app, "worker", jobs.standing)


def _journal() -> dict[str, Any]:
    return {"size": position(), "recorded_at": checkpoint("-")["recorded_at"]}
