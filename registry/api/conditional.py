"""Conditional requests (RFC 9110 section 13): ETags from versions, If-Match for writes, 304 before a body exists."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, g, request

from registry import errors
from registry.api.answer import Bytes
from registry.api.asked import here

View = Callable[..., Any]

_VERSION = re.compile(r'"v([1-9][0-9]{0,14})"')  # there is no version 0: to create is If-None-Match: *

#: The tag of what applies while a newer version waits for its day names both; the newest decides a write.
_BOTH = re.compile(r'"v([1-9][0-9]{0,14})\.[1-9][0-9]{0,14}"')

PRIVATE = "private, no-cache"  # kept by the caller alone, and asked about each time


def etag(version: int | str) -> str:
    """The entity tag of a version: 3 gives '"v3"'. A text is for answers that hang on more than one number.

    Never made from content: two versions that happen to be alike must differ.
    """
    return f'"v{version}"' if isinstance(version, int) else f'"{version}"'


def if_match() -> int:
    """The version named by If-Match, to be decided on by one UPDATE … WHERE version = it.

    Raises PreconditionRequired (428) without the header, PreconditionFailed (412) for "*", a weak tag, a list and
    whatever is no tag of ours: none of them names one version.
    """
    g.precondition = True
    said = request.headers.get("If-Match")
    if said is None:
        raise errors.PreconditionRequired("Send If-Match with the ETag of the version that you changed.")
    named = _VERSION.fullmatch(said.strip()) or _BOTH.fullmatch(said.strip())
    if named is None:
        raise errors.PreconditionFailed("If-Match must be one ETag as this service gave it.")
    return int(named[1])


def if_none_match_star() -> bool:
    """Whether the caller means to create: If-None-Match: *. Raises PreconditionFailed for any other value."""
    g.precondition = True
    said = request.headers.get("If-None-Match")
    if said is None:
        return False
    if said.strip() != "*":
        raise errors.PreconditionFailed("For writing, If-None-Match can only be *.")
    return True


def precondition() -> int | None:
    """What a PUT that creates or replaces goes by: None to create (If-None-Match: *), or the version to replace.

    Raises PreconditionRequired when neither header is there, PreconditionFailed as `if_match` does, or for both.
    """
    if not if_none_match_star():
        return if_match()
    if "If-Match" in request.headers:
        raise errors.PreconditionFailed("If-Match and If-None-Match: * contradict each other.")
    return None


def conditional(view: View) -> View:
    """Mark a PUT, PATCH or DELETE that goes by a precondition; documents 412, 428 and the headers.

    428 without If-Match and If-None-Match, before the view runs. A view that then never asks `if_match`,
    `if_none_match_star` or `precondition` fails with 500, whatever it did: forgetting cannot pass a test.
    """

    @functools.wraps(view)
    def asked(*args: Any, **kwargs: Any) -> Any:
        headers = request.headers
        if "If-Match" not in headers and "If-None-Match" not in headers:
            raise errors.PreconditionRequired("Send If-Match with the ETag of the version that you changed.")
        answer = view(*args, **kwargs)
        if not g.get("precondition"):
            raise RuntimeError(
                f"{view.__qualname__} is marked @conditional and did not look at the precondition"
            )
        return answer

    vars(asked)["conditional"] = True
    return asked


def not_modified(tag: str, headers: Mapping[str, str] | None = None) -> Response | None:
    """The 304 for a caller who has this ETag already, or None. Ask before building a body."""
    said = here.environ.get("HTTP_IF_NONE_MATCH")
    if said is None or not _among(tag, said):
        return None
    kept = (
        {"ETag": tag, "Cache-Control": PRIVATE}
        if headers is None
        else {"ETag": tag, "Cache-Control": PRIVATE, **headers}
    )
    return Bytes.of(b"", 304, kept, None)


def _among(tag: str, said: str) -> bool:
    if said == tag:
        return True
    # Our tags hold no comma; the comparison is the weak one (RFC 9110 section 8.8.3.2).
    return any(one.strip().removeprefix("W/") in (tag, "*") for one in said.split(","))


def stored(
    body: bytes,
    *,
    etag: str | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    content_type: str = "application/json",
) -> Response:
    """Bytes served as they were written, or 304 when the caller has them. `etag` is what `etag()` made.

    A public view gives its own Cache-Control in `headers`.
    """
    if etag is None:
        return Bytes.of(body, status, headers or {}, content_type)
    if status == 200 and (fresh := not_modified(etag, headers)) is not None:
        return fresh
    kept = {"ETag": etag, "Cache-Control": PRIVATE}
    return Bytes.of(body, status, {**kept, **headers} if headers else kept, content_type)
