"""The contract for people and programs: /openapi.json, and Swagger UI at /docs without any outside host."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

from flask import Flask, Response

from registry import errors
from registry.api.conditional import etag, not_modified
from registry.api.door import public
from registry.api.negotiation import produces

# Swagger UI sets style attributes and uses images that are data: URLs; scripts are files of our own, none inline.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE = b"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Registry of processing activities: API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
</head>
<body>
<main id="swagger-ui"></main>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
START = b"""window.ui = SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null
});
"""
SHIPPED = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "favicon-32x32.png": "image/png",
}


DOCUMENT = "registry.openapi"


def contract(app: Flask) -> str:
    """The OpenAPI document of an application, as it is committed."""
    return app.extensions[DOCUMENT]()[0].decode()


def rendered(spec: dict[str, Any]) -> str:
    """An OpenAPI document as it is committed: keys sorted, two spaces, a line feed at the end."""
    return json.dumps(spec, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def install(app: Flask, told: Callable[[], dict[str, Any]]) -> None:
    """Add /openapi.json and /docs to an application; `told` makes the document when it is first asked for."""

    @cache
    def document() -> tuple[bytes, str]:
        text = rendered(told()).encode()
        return text, etag(hashlib.sha256(text).hexdigest()[:16])

    @public
    def openapi() -> Response:
        text, tag = document()
        return not_modified(tag, _KEPT) or Response(
            text, headers={"ETag": tag, **_KEPT}, content_type="application/json"
        )

    app.extensions[DOCUMENT] = document
    app.add_url_rule("/openapi.json", "openapi", openapi)
    app.add_url_rule("/docs", "docs", page)
    app.add_url_rule("/docs/<name>", "docs_file", shipped)


_KEPT = {"Cache-Control": "public, max-age=300"}


@public
@produces("text/html")
def page() -> Response:
    """The page of /docs."""
    return Response(
        PAGE, headers={"Content-Security-Policy": POLICY, **_KEPT}, content_type="text/html; charset=utf-8"
    )


@public
@produces("*/*")
def shipped(name: str) -> Response:
    """A file of Swagger UI."""
    if name == "start.js":
        data, content_type = START, SHIPPED["swagger-ui-bundle.js"]
    elif name in SHIPPED:
        data, content_type = _file(name), SHIPPED[name]
    else:
        raise errors.NotFound()
    tag = etag(hashlib.sha256(data).hexdigest()[:16])
    return not_modified(tag, _KEPT) or Response(
        data, headers={"ETag": tag, **_KEPT}, content_type=content_type
    )


@cache
def _file(name: str) -> bytes:
    return (files("flask_swagger_ui") / "dist" / name).read_bytes()
