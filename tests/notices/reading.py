"""A page as a reader's program takes it: elements with their language and text, and what is wrong with the markup."""

from __future__ import annotations

import dataclasses
import itertools
from html.parser import HTMLParser
from typing import Any

VOID = frozenset({"meta", "link", "br", "img", "input", "hr", "wbr"})
PHRASING = frozenset({"a", "abbr", "bdi", "span", "time", "br", "wbr", "strong", "em"})
#: What may stand inside an element and nothing else may (of the elements that we use).
ONLY: dict[str, frozenset[str]] = {
    "ul": frozenset({"li"}),
    "ol": frozenset({"li"}),
    "dl": frozenset({"div", "dt", "dd"}),
    "table": frozenset({"caption", "thead", "tbody"}),
    "thead": frozenset({"tr"}),
    "tbody": frozenset({"tr"}),
    "tr": frozenset({"th", "td"}),
    **dict.fromkeys(("p", "h1", "h2", "h3", "dt", "caption", "title", *PHRASING), PHRASING),
}


@dataclasses.dataclass
class Element:
    """An element with what is in it."""

    tag: str
    attributes: dict[str, str]
    language: str
    parent: Element | None
    children: list[Element] = dataclasses.field(default_factory=list)
    #: Texts directly in it, each a run between two tags.
    runs: list[str] = dataclasses.field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it, in no particular order between its own and its children's."""
        return "".join(self.runs) + "".join(child.text for child in self.children)

    def all(self) -> list[Element]:
        """Itself and everything in it, in the order of the page."""
        return [self, *(below for child in self.children for below in child.all())]


class Reader(HTMLParser):
    """Reads a page strictly: every element is closed, in order, and stands where it may."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.root = Element("", {}, "", None)
        self.here = self.root
        self.declared = False
        self.feed(page)
        self.close()
        if self.here is not self.root:
            self.faults.append(f"<{self.here.tag}> is never closed")
        self.faults += list(self._look())

    def handle_decl(self, decl: str) -> None:
        self.declared = decl.lower() == "doctype html"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.faults.append(f"<{tag}> has an attribute twice")
        allowed = ONLY.get(self.here.tag)
        if allowed is not None and tag not in allowed:
            self.faults.append(f"<{tag}> stands in <{self.here.tag}>")
        attributes = {name: value or "" for name, value in attrs}
        element = Element(tag, attributes, attributes.get("lang", self.here.language), self.here)
        self.here.children.append(element)
        if tag not in VOID:
            self.here = element

    def handle_endtag(self, tag: str) -> None:
        if tag != self.here.tag:
            self.faults.append(f"</{tag}> closes <{self.here.tag}>")
        self.here = self.here.parent or self.root

    def handle_data(self, data: str) -> None:
        self.here.runs.append(data)

    @property
    def elements(self) -> list[Element]:
        """Every element, in the order of the page."""
        return self.root.all()[1:]

    def of(self, *tags: str) -> list[Element]:
        """The elements with these tags."""
        return [element for element in self.elements if element.tag in tags]

    def shape(self) -> list[Any]:
        """What the page is made of, without its texts: tags with the names of their attributes."""
        return [(element.tag, sorted(element.attributes)) for element in self.elements]

    def _look(self) -> Any:
        if not self.declared:
            yield "no doctype"
        ids = [element.attributes["id"] for element in self.elements if "id" in element.attributes]
        yield from (f"id {one} stands twice" for one in {one for one in ids if ids.count(one) > 1})
        for element in self.elements:
            for name in ("aria-labelledby", "for"):
                for one in element.attributes.get(name, "").split():
                    if one not in ids:
                        yield f"{name} names {one}, which is not there"
            link = element.attributes.get("href", "")
            if link.startswith("#") and link[1:] not in ids:
                yield f"a link goes to {link}, which is not there"
            if any(name.startswith("on") or name in ("style", "srcdoc") for name in element.attributes):
                yield f"<{element.tag}> has an attribute that the policy forbids"
        for tag in ("html", "head", "title", "body", "main", "h1", "header", "footer"):
            found = self.of(tag) if tag != "header" else [self.of(tag)[0]] if self.of(tag) else []
            if len(found) != 1:
                yield f"{len(found)} × <{tag}>"
        if self.of("script", "style", "iframe", "object", "embed", "base", "form", "svg", "img"):
            yield "an element that has no business here"
        levels = [int(element.tag[1]) for element in self.of("h1", "h2", "h3", "h4", "h5", "h6")]
        yield from (
            f"h{below} after h{above}" for above, below in itertools.pairwise(levels) if below > above + 1
        )
        for table in self.of("table"):
            if not [child for child in table.children if child.tag == "caption"]:
                yield "a table without a caption"
            heads = [cell for cell in table.all() if cell.tag == "th"]
            if not heads or not all(cell.attributes.get("scope") in ("col", "row") for cell in heads):
                yield "a table head without its scope"
