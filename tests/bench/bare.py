"""The limit: a Flask application that answers each path with the same bytes and does nothing else; the naive way."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import marshmallow as ma
from flask import Flask, Response, jsonify, request

from registry import db
from registry.catalogue.model import Declaration, Version

ANSWERS = "BENCH_ANSWERS"


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
    answers: dict[str, str] = json.loads(Path(os.environ[ANSWERS]).read_text("utf-8"))
    if "REGISTRY_DATABASE" in os.environ:
        db.open(os.environ["REGISTRY_DATABASE"])

    def view(body: bytes) -> Any:
        return lambda **_: Response(body, content_type="application/json")

    for number, (path, text) in enumerate(answers.items()):
        app.add_url_rule(path, f"answer{number}", view(text.encode()))

    @app.post("/bare-write")
    def write() -> Response:
        return Response(request.get_data(), 201, content_type="application/json")

    @app.get("/bare-304")
    def fresh() -> Response:
        return Response(status=304)

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

    return app


def _of(row: Any) -> dict[str, Any]:
    version = Version.select().where(Version.declaration == row).order_by(Version.version.desc()).first()
    return dict(json.loads(bytes(version.document)))


def _dumped(envelopes: list[dict[str, Any]]) -> Response:
    answer = jsonify({"items": EnvelopeSchema(many=True).dump(envelopes), "next": None})
    answer.headers["ETag"] = f'"{hashlib.sha1(answer.get_data(), usedforsecurity=False).hexdigest()}"'
    return answer
