"""The public pages as HTML, made from stored documents by templates that escape everything."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any

import jinja2

from registry import pages
from registry.telling.people import MASK
from registry.telling.value import MARKS
from registry.telling.words import Words, languages, words

#: Values longer than this stand under each other.
LINE = 36
#: Words longer than this may be broken anywhere, or they would push a page wider than its screen.
WORD = 22

_HERE = files("registry.notices")
_BIDI = re.compile("[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufeff]")

STYLES = pages.STYLES + (_HERE / "static" / "notices.css").read_bytes()
STYLES_TAG = hashlib.sha256(STYLES).hexdigest()[:16]


@functools.cache
def edition() -> str:
    """A digest of templates, styles and labels: with another one the same document looks or reads otherwise."""
    digest = hashlib.sha256(STYLES + pages.edition().encode())
    for folder in (_HERE / "templates", files("registry.telling") / "labels"):
        for file in sorted(folder.iterdir(), key=lambda file: file.name):
            if file.is_file():
                digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def notice_page(document: Mapping[str, Any], *, base: str) -> str:
    """The page of a notice, from its stored document. `base` is how callers reach us: scheme, host and port."""
    said = words(document["language"])
    path = f"/notices/{document['controller']}/{document['key']}"
    return _page(
        "notice.html", said, path, base,
        notice=document,
        gaps=sum(section["gaps"] for section in document["sections"]),
        foreign=[language for language in document["languages"] if language != said.language],
        mixed=said.language in document["languages"],
        masked=_masked(document),
    )  # fmt: skip


def index_page(language: str, groups: list[dict[str, Any]], *, base: str, path: str, after: str = "") -> str:
    """The list of notices: `groups` of {key, name, notices: [{key, title, language, published}]}, by controller.

    `after` is where the next page begins; a `path` below /notices is the list of one controller.
    """
    return _page(
        "index.html", words(language), path, base, groups=groups, after=after, controller=path != "/notices"
    )


def accessibility_page(language: str, controllers: Iterable[Mapping[str, str]], *, base: str) -> str:
    """The accessibility statement; `controllers` of {name, contact, link}."""
    return _page("accessibility.html", words(language), "/accessibility", base, controllers=list(controllers))


def wrong_page(language: str, kind: str, *, path: str) -> str:
    """What went wrong, for people: `kind` is not_found, gone or wrong."""
    return _page("wrong.html", words(language), path, "", kind=kind)


def _page(template: str, said: Words, path: str, base: str, **rest: Any) -> str:
    context = {
        "words": said,
        "languages": [words(language) for language in languages()],
        "path": path,
        "carried": "",
        "home": f"/notices?lang={said.language}",
        "canonical": f"{base}{path}" if base else "",
        "base": base,
        "stylesheet": f"/static/notices.css?v={STYLES_TAG}",
        "marks": MARKS,
        **rest,
    }
    if "foreign" in rest:
        context["foreign"] = [said.tongue(language) for language in rest["foreign"]]
    return _environment().get_template(template).render(context)


@functools.cache
def _environment() -> jinja2.Environment:
    made = pages.environment("registry.notices")
    made.filters.update(
        capital=_capital, lengthy=_lengthy, is_day=_is_day, unbroken=_unbroken, isolated=_isolated
    )
    return made


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lengthy(values: list[Mapping[str, Any]]) -> bool:
    return any(len(said["text"]) > LINE for said in values)


def _unbroken(text: str) -> bool:
    return any(len(word) > WORD for word in re.split(r"[\s-]", text))


def _is_day(code: str) -> bool:
    return re.fullmatch(r"\d{4}-\d{2}-\d{2}", code) is not None


def _isolated(text: str) -> str:
    """`text` for a place without markup: kept from turning the words around it (Unicode bidi isolation)."""
    return f"\u2068{text}\u2069" if _BIDI.search(text) else text


def _masked(node: Any) -> bool:
    if isinstance(node, Mapping):
        return (node.get("record") is True and MASK in node["text"]) or any(map(_masked, node.values()))
    return isinstance(node, list) and any(map(_masked, node))
