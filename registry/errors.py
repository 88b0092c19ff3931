"""What can go wrong, as one tree; each leaf knows its HTTP status and its stable code (RFC 9457 problem
details).

    Problem
    ├── BadRequest 400 bad_request             not parseable
    │   ├── MalformedJson malformed_json
    │   └── DuplicateKey duplicate_key
    ├── Unauthorised 401 unauthorised          with WWW-Authenticate
    ├── Forbidden 403 forbidden
    │   ├── InsufficientScope insufficient_scope
    │   └── SecondApproverRequired second_approver_required
    ├── NotFound 404 not_found                 not there, or not yours
    │   └── NoRule no_rule
    ├── MethodNotAllowed 405 method_not_allowed
    ├── NotAcceptable 406 not_acceptable
    ├── Conflict 409 conflict
    ├── Gone 410 gone
    ├── PreconditionFailed 412 stale           somebody was quicker
    ├── TooLarge 413 too_large
    ├── UriTooLong 414 uri_too_long
    ├── UnsupportedMediaType 415 unsupported_media_type
    ├── Invalid 422 invalid                    parseable, not valid
    ├── PreconditionRequired 428 precondition_required
    ├── TooMany 429 too_many_requests
    ├── HeadersTooLarge 431 headers_too_large
    ├── Internal 500 internal
    ├── Unavailable 503 unavailable            a part of ours is away
    │   └── Busy busy                          try again in a second
    └── StorageFull 507 storage_full

A code is given once, for ever; a finer one may be passed where raising (``Invalid("…",
code="zone_needed")``).
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping
from typing import Any


class Problem(Exception):
    """Something to tell a caller. `detail` is a sentence for people and repeats nothing that the caller sent.

    `field` is a JSON Pointer into the body, or a parameter's name; `errors` are (field, code, message) dicts for
    several at once; `headers` are added to the answer; `extra` members go into the body as they are.
    """

    status: int = 500
    code: str = "internal"
    title: str = "Internal Server Error"
    headers: Mapping[str, str] = {}

    def __init__(
        self,
        detail: str = "",
        *,
        code: str | None = None,
        field: str | None = None,
        errors: Iterable[Mapping[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.field = field
        self.errors = [dict(error) for error in errors or ()]
        self.headers = {**type(self).headers, **(headers or {})}
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """The RFC 9457 object: type, title, status, code, and detail and errors where there are any."""
        listed = list(self.errors)
        if self.field is not None and not listed:
            listed.append({"field": self.field, "code": self.code, "message": self.detail})
        told: dict[str, Any] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "code": self.code,
        }
        if self.detail:
            told["detail"] = self.detail
        if listed:
            told["errors"] = listed
        return {**self.extra, **told}


class BadRequest(Problem):
    status, code, title = 400, "bad_request", "Bad Request"


class MalformedJson(BadRequest):
    code = "malformed_json"


class DuplicateKey(BadRequest):
    code = "duplicate_key"


class Unauthorised(Problem):
    status, code, title = 401, "unauthorised", "Unauthorized"
    headers = {"WWW-Authenticate": "Bearer"}


class Forbidden(Problem):
    status, code, title = 403, "forbidden", "Forbidden"


class InsufficientScope(Forbidden):
    code = "insufficient_scope"


class SecondApproverRequired(Forbidden):
    code = "second_approver_required"


class NotFound(Problem):
    status, code, title = 404, "not_found", "Not Found"


class NoRule(NotFound):
    code = "no_rule"


class MethodNotAllowed(Problem):
    status, code, title = 405, "method_not_allowed", "Method Not Allowed"


class NotAcceptable(Problem):
    status, code, title = 406, "not_acceptable", "Not Acceptable"


class Conflict(Problem):
    status, code, title = 409, "conflict", "Conflict"


class Gone(Problem):
    status, code, title = 410, "gone", "Gone"


class PreconditionFailed(Problem):
    status, code, title = 412, "stale", "Precondition Failed"


class TooLarge(Problem):
    status, code, title = 413, "too_large", "Content Too Large"


class UriTooLong(Problem):
    status, code, title = 414, "uri_too_long", "URI Too Long"


class UnsupportedMediaType(Problem):
    status, code, title = 415, "unsupported_media_type", "Unsupported Media Type"


class Invalid(Problem):
    status, code, title = 422, "invalid", "Unprocessable Content"


class PreconditionRequired(Problem):
    status, code, title = 428, "precondition_required", "Precondition Required"


class TooMany(Problem):
    status, code, title = 429, "too_many_requests", "Too Many Requests"


class HeadersTooLarge(Problem):
    status, code, title = 431, "headers_too_large", "Request Header Fields Too Large"


class Internal(Problem):
    pass


class Unavailable(Problem):
    status, code, title = 503, "unavailable", "Service Unavailable"
    headers = {"Retry-After": "5"}


class Busy(Unavailable):
    code = "busy"
    headers = {"Retry-After": "1"}


class StorageFull(Problem):
    status, code, title = 507, "storage_full", "Insufficient Storage"


def places(error: BaseException) -> str:
    """An exception for the log: of what kinds it and its causes are, and where they were raised; not what they say.

    A text may repeat what somebody sent: PostgreSQL's shows the row that it refused.
    """
    told: list[str] = []
    one: BaseException | None = error
    while one is not None and len(told) < 10:
        kind = f"{type(one).__module__}.{type(one).__qualname__}"
        told.append(kind + "\n" + "".join(traceback.format_tb(one.__traceback__)))
        one = one.__cause__ or one.__context__
    return "\n".join(told).rstrip()
