"""Forms: what a browser sent, and whether the form was one of ours for it (OWASP ASVS 5.0, 3.5.1).

A form bears a token made from a cookie that only its browser has: the session's, or before there is one, one of its
own. The cookies go to no other host and into no script, so nobody else can make the token.
"""

from __future__ import annotations

import hashlib
import hmac

from flask import g, request

from registry.errors import BadRequest, Invalid, UnsupportedMediaType
from registry.people import cookies, sessions
from registry.strict.body import clean, text_fault

FORM = "application/x-www-form-urlencoded"
#: The field that bears the token.
FIELD = "form"
#: The longest form taken, bytes.
LONGEST = 16 * 1024
#: Fields whose text is taken as it was typed.
EXACT = frozenset({"password", "new", "again"})


def token() -> str:
    """The token that a form of the present answer bears. The cookie that it is made from is sent along by `pages`."""
    key = _key()
    if key is None:
        key = g.registry_form = cookies.fresh()
    return _token(key)


def sent(*names: str) -> dict[str, str]:
    """The fields of the form that was sent, "" where one is not there; others than `names` are left alone.

    Raises errors.BadRequest (`stale_form`) unless the form was ours for this browser, errors.UnsupportedMediaType for
    another type, errors.Invalid for a field that stands there twice or is no text.
    """
    check()
    found = {}
    for name in names:
        values = request.form.getlist(name)
        if len(values) > 1:
            raise Invalid("A field stands there twice.", code="repeated_field", field=name)
        text = values[0] if values else ""
        if text_fault(text) or "\ufffd" in text or len(text) > 4096:
            raise Invalid("A field is no text.", code="unfit_characters", field=name)
        found[name] = text if name in EXACT else clean(text).strip()
    return found


def check() -> None:
    """Raises errors.BadRequest (`stale_form`) unless the form sent is one of ours for this browser."""
    request.max_content_length = LONGEST
    if request.mimetype != FORM:
        raise UnsupportedMediaType(f"Send {FORM}.")
    key = _key()
    ours = request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
    given = request.form.getlist(FIELD)
    if not (
        key and ours and len(given) == 1 and hmac.compare_digest(_token(key).encode(), given[0].encode())
    ):
        raise BadRequest("The form is not from here, or too old: open the page again.", code="stale_form")


def _key() -> str | None:
    if sessions.current(weak=True) is not None:
        return cookies.read("session")
    made: str | None = g.get("registry_form")
    return made or cookies.read("form")


def _token(key: str) -> str:
    return hmac.new(key.encode(), b"registry: a form", hashlib.sha256).hexdigest()
