"""/v1/checks: the book of checks, each with its manual page."""

from __future__ import annotations

import functools
import hashlib
from typing import Any

import orjson
from flask import Response
from marshmallow import fields

from registry.api import Blueprint, Schema, etag, not_modified, public, stored
from registry.checks.book import RETIRED, Check, book
from registry.checks.rule import CERTAINTIES, KINDS, SEVERITIES
from registry.errors import Gone, NotFound

blueprint = Blueprint("checks", __name__, description="The book of checks")

#: The same for everybody; asked about each time, for a page may be corrected.
OPEN = {"Cache-Control": "public, no-cache"}

EXAMPLE = {
    "code": "COM003",
    "title": {
        "fi": "Säilytysaika puuttuu",
        "sv": "Lagringstiden saknas",
        "en": "Retention period is missing",
    },
    "severity": "error",
    "certainty": "exact",
    "law": ["GDPR 5(1)(e)", "GDPR 13(2)(a)", "GDPR 30(1)(f)"],
    "kinds": ["fail", "pass", "na"],
    "needs": ["/retention/*/duration", "/retention/*/criterion"],
    "page": {
        "wrong": "Retention period is missing.",
        "more": "",
        "why": "Data may be kept only as long as the purpose needs it (GDPR 5(1)(e)).",
        "fix": "Decide how long each data category is kept and from when.",
    },
}


class SentencesSchema(Schema):
    """A sentence by language."""

    fi = fields.String(required=True)
    sv = fields.String()
    en = fields.String(required=True)


class ManualPageSchema(Schema):
    """The manual page of a check: the wrong, more on it, why it matters, how to fix it."""

    wrong = fields.String(required=True)
    more = fields.String(required=True)
    why = fields.String(required=True)
    fix = fields.String(required=True)


class CheckSchema(Schema):
    """A check. `certainty`: how its answer is come by. `needs`: the fields and observations that it sees."""

    code = fields.String(required=True)
    title = fields.Nested(SentencesSchema, required=True)
    severity = fields.String(required=True, metadata={"enum": list(SEVERITIES)})
    certainty = fields.String(required=True, metadata={"enum": list(CERTAINTIES)})
    law = fields.List(fields.String(), required=True)
    kinds = fields.List(fields.String(metadata={"enum": list(KINDS)}), required=True)
    needs = fields.List(fields.String(), required=True)
    page = fields.Nested(ManualPageSchema, required=True)


class BookSchema(Schema):
    """All checks, and the codes that are not given any more with those that took over (or null)."""

    items = fields.List(fields.Nested(CheckSchema), required=True)
    retired = fields.Dict(keys=fields.String(), values=fields.String(allow_none=True), required=True)


@public
@blueprint.route("/v1/checks")
@blueprint.response(200, BookSchema, example={"items": [EXAMPLE], "retired": {}}, etag=True)
def list_checks() -> Response:
    """List the checks, in order of code, each with its page."""
    tag, whole, _ = _printed()
    return not_modified(tag, OPEN) or stored(whole, etag=tag, headers=OPEN)


@public
@blueprint.route("/v1/checks/<string(length=6):code>")
@blueprint.response(200, CheckSchema, example=EXAMPLE, etag=True)
@blueprint.fails(410)
def get_check(code: str) -> Response:
    """Read one check with its page. 410 for a code that is retired."""
    tag, _, each = _printed()
    if code in RETIRED:
        raise Gone("The check is retired.", successor=RETIRED[code] or None)
    if code not in each:
        raise NotFound("There is no such check.")
    return not_modified(tag, OPEN) or stored(each[code], etag=tag, headers=OPEN)


@functools.cache
def _printed() -> tuple[str, bytes, dict[str, bytes]]:
    """The ETag of the book, the book, and each check, as served: the rules do not change while the program runs."""
    each = {code: orjson.dumps(_told(check)) for code, check in book().items()}
    retired = orjson.dumps({code: successor or None for code, successor in RETIRED.items()})
    whole = b'{"items":[' + b",".join(each.values()) + b'],"retired":' + retired + b"}"
    return etag(hashlib.sha256(whole).hexdigest()[:16]), whole, each


def _told(check: Check) -> dict[str, Any]:
    rule, page = check.rule, check.page
    return {
        "code": rule.code,
        "title": dict(rule.title),
        "severity": rule.severity,
        "certainty": rule.certainty,
        "law": list(rule.law),
        "kinds": list(rule.kinds),
        "needs": list(rule.needs),
        "page": {"wrong": page.wrong, "more": page.more, "why": page.why, "fix": page.fix},
    }
