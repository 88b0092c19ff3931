"""Is it well, and what is it: the /health answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Response, current_app
from marshmallow import fields

from registry import __version__, errors
from registry.api.answer import json
from registry.api.blueprint import Blueprint
from registry.api.door import public
from registry.strict.schema import OneOf, Schema

log = logging.getLogger(__name__)

PROBES = "registry.health"

Probe = Callable[[], Mapping[str, Any]]

EXAMPLE = {
    "status": "ok",
    "version": "0.1.0",
    "warnings": ["worker_absent"],
    "database": {"engine": "sqlite", "version": "3.54.0", "migration": "0018_audits", "waiting": 0},
    "journal": {"size": 42, "recorded_at": "2026-11-25T12:00:00.000000Z"},
    "worker": {"running": False, "seen_at": "2026-11-24T21:30:00.000000Z", "failed": []},
}

blueprint = Blueprint("operations", __name__, description="Is it well")


class HealthSchema(Schema):
    """What /health says; other parts may have members of their own."""

    status = OneOf("ok", "degraded", required=True)
    version = fields.String(required=True)
    warnings = fields.List(
        fields.String(),
        required=True,
        metadata={
            "description": "What an operator should look at, while requests are answered as always: `worker_absent`, "
            "`worker_job_failed`, `migrations_waiting`, `database_newer`."
        },
    )
    database = fields.Dict(
        metadata={
            "description": "Engine and version, the last migration that it has had, and how many are waiting."
        }
    )
    journal = fields.Dict(metadata={"description": "How many entries, and when the last was written."})
    worker = fields.Dict(
        metadata={
            "description": "Whether one is there, when it last said so, and which of its nightly jobs went wrong "
            "the last time."
        }
    )


def probe(app: Flask, name: str, look: Probe) -> None:
    """Add a part to /health: `look` returns what is worth knowing of it (no secrets: anyone may read), or raises.

    Its `warnings`, where it has any, are told among those of all parts.

    >>> probe(app, "journal", lambda: {"size": size()})
    """
    app.extensions.setdefault(PROBES, {})[name] = look


def package_version() -> str:
    """The version of this package."""
    return __version__


@public
@blueprint.route("/health")
@blueprint.response(200, HealthSchema, example=EXAMPLE)
def health() -> Response:
    """Say whether the service is well.

    Versions and sizes of its parts; 503 with status `degraded` when one of them cannot be looked at. A warning changes
    neither: a server without a worker answers, but nobody sends its webhooks.
    """
    parts: dict[str, Any] = {}
    warnings: list[str] = []
    status = "ok"
    for name, look in current_app.extensions.get(PROBES, {}).items():
        try:
            parts[name] = dict(look())
            warnings += parts[name].pop("warnings", ())
        except Exception as error:
            log.error("health: %s\n%s", name, errors.places(error))
            status, parts[name] = "degraded", {"status": "unavailable"}
    told = {"status": status, "version": package_version(), "warnings": warnings, **parts}
    return json(told, 200 if status == "ok" else 503)
