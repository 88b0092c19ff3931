"""What a page puts on the device of whoever opens it for the first time, as far as that shows without running it.

Cookies of the answer itself, by name; and what of other hosts the page loads at once: scripts, frames, pictures that
are not seen. Nothing of a value is kept. Whether something is needed is said of the well-known alone (trackers.yml).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import yaml

from registry.connectors.observed.plain import ADDRESS, DOMAIN
from registry.connectors.reading.pages import pieces, unescaped
from registry.strict.normal import piled

MOST = 200  # of one page

_COOKIES = re.compile(r",\s*(?=[^\s;,=]{1,200}=)")  # not the comma of "Expires=Wed, 21 Oct"
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_DOMAIN = re.compile(r";\s*domain\s*=\s*\.?([^;,\s]{1,253})", re.IGNORECASE)
_ENDED = re.compile(r";\s*max-age\s*=\s*(?:0|-\d+)\s*(?:;|$)", re.IGNORECASE)
_ATTRIBUTE = r"\s{name}\s{{0,9}}=\s{{0,9}}(?:\"([^\"]{{0,2000}})\"|'([^']{{0,2000}})'|([^\s\"'>]{{1,2000}}))"
_SRC, _TYPE, _WIDTH, _HEIGHT = (
    re.compile(_ATTRIBUTE.format(name=name), re.IGNORECASE) for name in ("src", "type", "width", "height")
)
_RUN = re.compile(r"module|(?:text|application)/(?:x-)?(?:java|ecma)script", re.IGNORECASE)
_FORMS = {"script": "other", "iframe": "other", "img": "pixel"}


def of_answer(headers: Mapping[str, str], host: str) -> Iterator[dict[str, Any]]:
    """The cookies that an answer of a host sets (RFC 6265); one that only takes a cookie back is left out."""
    for one in _COOKIES.split(headers.get("set-cookie", "")):
        name = one.partition("=")[0].strip()
        if not _NAME.fullmatch(name) or _ENDED.search(one):
            continue
        named = _DOMAIN.search(one)
        yield _tracker(name, "cookie", named[1] if named else host, _judged(name))


def of_page(page: str, base: str) -> Iterator[dict[str, Any]]:
    """What a page loads at once from hosts that are not those of `base`, each host and form once.

    A script that waits for consent, as type="text/plain" or without src, is not loaded at once.
    """
    own = _site(urlsplit(base).hostname or "")
    found: set[tuple[str, str]] = set()
    for piece in pieces(page):
        form = _FORMS.get(piece.tag)
        if form is None or piece.closes or (host := _host(piece.written, base)) is None or _site(host) == own:
            continue
        if piece.tag == "script" and (kind := _value(_TYPE, piece.written)) and not _RUN.fullmatch(kind):
            continue
        if piece.tag == "img" and not (_tiny(_WIDTH, piece.written) and _tiny(_HEIGHT, piece.written)):
            continue
        if (host, form) not in found:
            found.add((host, form))
            yield _tracker(host, form, host, False if _tracking(host) else None)


def _tracker(name: str, form: str, host: str, essential: bool | None) -> dict[str, Any]:
    told = {"name": name, "form": form, "before_consent": True, "essential": essential}
    host = host.lower().rstrip(".")
    return {**told, "domain": host} if DOMAIN.fullmatch(host) and not ADDRESS.search(host) else told


def _judged(name: str) -> bool | None:
    known = _known()
    if _listed(name, known["necessary"]):
        return True
    return False if _listed(name, known["not_necessary"]["cookies"]) else None


def _listed(name: str, known: list[str]) -> bool:
    return any(name.startswith(one[:-1]) if one.endswith("*") else name == one for one in known)


def _tracking(host: str) -> bool:
    return any(host == one or host.endswith(f".{one}") for one in _known()["not_necessary"]["hosts"])


def _value(of: re.Pattern[str], written: str) -> str:
    found = of.search(written)
    return unescaped(found[1] or found[2] or found[3] or "").strip() if found else ""


def _tiny(of: re.Pattern[str], written: str) -> bool:
    return _value(of, written).removesuffix("px") in ("0", "1")


def _host(written: str, base: str) -> str | None:
    source = _value(_SRC, written)
    try:
        parts = urlsplit(urljoin(base, source)) if source and not piled(source) else None
        return parts.hostname if parts and parts.scheme in ("http", "https") else None
    except ValueError:
        return None


def _site(host: str) -> str:
    """The site of a host, plainly: its last two labels."""
    return ".".join(host.lower().rstrip(".").split(".")[-2:])


@functools.cache
def _known() -> dict[str, Any]:
    return dict(yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8")))
