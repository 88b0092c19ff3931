"""GET /v1/findings as SARIF: for whoever sends `Accept: application/sarif+json`."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson
from flask import Response, current_app, request

from registry.api import stored
from registry.catalogue.read import sources
from registry.checks.findings import sarif
from registry.errors import Invalid

#: So many findings are in one log at most: it has no pages.
MOST = 5000
JSON = "application/json"


def asked() -> bool:
    """Whether the caller would rather have SARIF than JSON. Whoever takes anything gets JSON."""
    return request.accept_mimetypes.best_match([JSON, sarif.MEDIA_TYPE], JSON) == sarif.MEDIA_TYPE


def answer(findings: Iterable[bytes], **facts: Any) -> Response:
    """Findings as served, as one log with `facts` of the run. Raises Invalid `too_many_findings` beyond MOST."""
    told = [orjson.loads(one) for one in itertools.islice(findings, MOST + 1)]
    if len(told) > MOST:
        raise Invalid(
            f"More than {MOST} findings, and a log has no pages; name a register, a controller or a check.",
            code="too_many_findings",
        )
    base = current_app.extensions["registry.settings"].base_url
    log = sarif.log(sourced(told), base=base, **facts)
    return stored(log, headers={"Vary": "Accept"}, content_type=sarif.MEDIA_TYPE)


def sourced(findings: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], str | None]]:
    """Each finding with the name of the document that its register was taken from, if one is known."""
    held = list(findings)
    names = sources({one["register"] for one in held})
    return ((one, names.get(one["register"])) for one in held)
