"""The blocks of a tagged PDF: paragraphs, headings, cells and items as the program that wrote it knew them.

ISO 32000-1, 14.7 (logical structure) and 14.8 (tagged PDF).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pdfminer.pdftypes import PDFObjRef, resolve1
from pdfminer.psparser import PSLiteral

from registry.connectors.reading.pdf.glyphs import Mark

MOST = 100_000  # elements of a document

#: What stands inside a text, and parts none.
_INSIDE = frozenset(
    {"Span", "Quote", "Note", "Reference", "BibEntry", "Code", "Link", "Annot", "Em", "Strong", "Sub", "Lbl",
     "Ruby", "RB", "RT", "RP", "Warichu", "WT", "WP", "FENote"}
)  # fmt: skip
_HEADINGS = frozenset({"H", "H1", "H2", "H3", "H4", "H5", "H6", "Title"})
_BESIDE = frozenset({"TOC", "TOCI", "Index", "Artifact"})
#: What only groups others. Chromium writes texts without a meaning of their own so, too.
_GROUPS = frozenset({"NonStruct", "Div", "Private"})
_ROLES = 8  # names that stand for names


class Block(NamedTuple):
    """The pieces of marked content that are one block, in order."""

    part: str
    marks: tuple[Mark, ...]


class _Step(NamedTuple):
    """Something to go through: an element or a number, under which part and on which page; None: a block ends."""

    node: Any
    part: str
    page: int | None


def blocks(catalog: Mapping[str, Any], pages: Mapping[Any, int]) -> list[Block] | None:
    """The blocks of a document, whose `pages` have their places by object number; None of one that is not tagged.

    One that has more elements than MOST is none either.
    """
    marked, root = resolve1(catalog.get("MarkInfo")), resolve1(catalog.get("StructTreeRoot"))
    if not isinstance(marked, Mapping) or not resolve1(marked.get("Marked")) or not isinstance(root, Mapping):
        return None
    roles = resolve1(root.get("RoleMap"))
    walk = _Walk(roles if isinstance(roles, Mapping) else {}, pages)
    return list(walk.blocks(root)) if walk.within(root) else None


class _Walk:
    def __init__(self, roles: Mapping[str, Any], pages: Mapping[Any, int]) -> None:
        self._roles, self._pages = roles, pages

    def within(self, root: Any) -> bool:
        """Whether a tree has no more elements than are gone through; one that bites its tail has more."""
        left, stack = MOST, [root]
        while stack and left > 0:
            left -= 1
            stack.extend(one for one in _kids(stack.pop()) if isinstance(one, Mapping))
        return left > 0

    def blocks(self, root: Any) -> Iterator[Block]:
        """The blocks below an element; `within` has been asked."""
        end = _Step(None, "text", None)
        stack = [end, *(_Step(one, "text", None) for one in reversed(_kids(root)))]
        found: list[Mark] = []
        part = "text"
        while stack:
            node, inherited, page = stack.pop()
            if isinstance(node, int) and not isinstance(node, bool):
                if page is not None:
                    part = inherited
                    found.append(Mark(page, node))
                continue
            if isinstance(node, Mapping):
                page = self._page(node, page)
                kids = _kids(node)
                if "MCID" in node:
                    stack.append(_Step(resolve1(node["MCID"]), inherited, page))
                    continue
                role = self._role(node)
                inside = role in _INSIDE or (role in _GROUPS and not any(map(_element, kids)))
                inner = "heading" if role in _HEADINGS else "beside" if role in _BESIDE else inherited
                below = [_Step(one, inner, page) for one in reversed(kids)]
                stack.extend(below if inside else (_Step(None, inherited, None), *below))
                if inside:
                    continue
            if found and (node is None or isinstance(node, Mapping)):
                yield Block(part, tuple(found))
                found = []
        if found:
            yield Block(part, tuple(found))

    def _role(self, node: Mapping[str, Any]) -> str:
        name = _name(node.get("S"))
        for _ in range(_ROLES):
            other = _name(self._roles.get(name))
            if not other or other == name:
                break
            name = other
        return name

    def _page(self, node: Mapping[str, Any], page: int | None) -> int | None:
        there = node.get("Pg")
        return self._pages.get(there.objid, page) if isinstance(there, PDFObjRef) else page


def _kids(node: Any) -> list[Any]:
    kids = resolve1(node.get("K")) if isinstance(node, Mapping) else None
    return [resolve1(one) for one in (kids if isinstance(kids, list) else [] if kids is None else [kids])]


def _element(node: Any) -> bool:
    """Whether a kid is an element of the structure, and no piece of content or thing that is referred to."""
    return isinstance(node, Mapping) and "S" in node


def _name(value: Any) -> str:
    value = resolve1(value)
    return str(value.name) if isinstance(value, PSLiteral) else ""
