"""The limit: a Flask application that answers each path with the same bytes and does nothing else; the naive way."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import marshmallow as ma
from flask import Flask, Response, jsonify, request

from registry import clock, db
from registry.api import Holder, application
from registry.app import RESOURCES
from registry.auth.scopes import SCOPES
from registry.catalogue.model import Declaration, Version
from registry.retention.publications.routes import RulesSchema
from registry.retention.publications.served import Publication, ServedRule, ServedSystem
from registry.settings import Settings

#: The system whose rules are asked for.
SYSTEM = ("seamk", "chat")
ANSWERS = "BENCH_ANSWERS"
#: The headers that the bare view gives too; the others are alike on every answer of ours, or the server's own.
MATTER = frozenset({"content-type", "etag", "cache-control", "content-language", "link", "vary"})


class EnvelopeSchema(ma.Schema):
    """A register as it would be dumped, had it not been stored as it is served."""

    controller = ma.fields.String()
    key = ma.fields.String()
    version = ma.fields.Integer()
    effective_from = ma.fields.String()
    recorded_at = ma.fields.String()
    ended = ma.fields.Boolean()
    record = ma.fields.Dict()


def create_app() -> Flask:
    """The bare views, from a file of answers by path; under /naive the list and the register by query and dump."""
    app = Flask("bare")
    answers: dict[str, Any] = json.loads(Path(os.environ[ANSWERS]).read_text("utf-8"))
    if "REGISTRY_DATABASE" in os.environ:
        db.open(os.environ["REGISTRY_DATABASE"])

    def view(told: dict[str, Any]) -> Callable[[], Response]:
        body, headers = told["body"].encode(), told["headers"]
        return lambda: Response(body, headers=headers)

    def asked(by_length: dict[str, Any]) -> Callable[[], Response]:
        views = {int(length): view(told) for length, told in by_length.items()}

        def chosen() -> Response:
            return views[len(request.get_data())]()

        return chosen

    for number, (path, by_length) in enumerate(answers.items()):
        if "0" in by_length:
            app.add_url_rule(path, f"answer{number}", view(by_length["0"]))
        else:
            app.add_url_rule(path, f"answer{number}", asked(by_length), methods=["POST"])
    rules = answers["/v1/retention-rules"]["0"]["headers"]
    known = {name: rules[name] for name in ("etag", "cache-control")}

    @app.post("/bare-write")
    def write() -> Response:
        return Response(request.get_data(), 201, content_type="application/json")

    @app.get("/bare-304")
    def fresh() -> Response:
        return Response(status=304, headers=known)

    @app.get("/naive/registers")
    def listed() -> Response:
        rows = (
            Declaration.select()
            .where(Declaration.kind == "register")
            .order_by(Declaration.controller, Declaration.key)
        )
        return _dumped([_of(row) for row in rows.limit(50)])

    @app.get("/naive/register")
    def one() -> Response:
        return _dumped([_of(Declaration.get(Declaration.kind == "register"))])

    @app.get("/naive/rules")
    def rules_of_a_system() -> Response:
        controller, system = SYSTEM
        publications = (
            Publication.select()
            .join(ServedSystem, on=ServedSystem.publication == Publication.id)
            .where(
                (ServedSystem.controller == controller)
                & (ServedSystem.system == system)
                & Publication.closed_at.is_null()
                & (Publication.effective_from <= clock.now())
                & (Publication.until > clock.now())
            )
        )
        rows = (
            ServedRule.select(ServedRule, Publication)
            .join(Publication)
            .where(ServedRule.publication.in_(publications) & ~ServedRule.silent)
            .order_by(Publication.controller, Publication.key, ServedRule.position)
        )
        told = [json.loads(bytes(row.document)) for row in rows]
        return _tagged(RulesSchema().dump({"held": [], "rules": told}))

    return app


def create_unlocked() -> Flask:
    """The application as it is but for its guard, who lets in whoever comes."""
    settings = Settings.from_env()
    db.open(settings.database)
    everybody = Holder("client/bench", "bench", frozenset(SCOPES), None, "9999-12-31T23:59:59.999999Z")
    return application(settings, RESOURCES, guard=lambda _: everybody)


def _of(row: Any) -> dict[str, Any]:
    version = Version.select().where(Version.declaration == row).order_by(Version.version.desc()).first()
    return dict(json.loads(bytes(version.document)))


def _dumped(envelopes: list[dict[str, Any]]) -> Response:
    return _tagged({"items": EnvelopeSchema(many=True).dump(envelopes), "next": None})


def _tagged(told: dict[str, Any]) -> Response:
    answer = jsonify(told)
    answer.headers["ETag"] = f'"{hashlib.sha1(answer.get_data(), usedforsecurity=False).hexdigest()}"'
    return answer
