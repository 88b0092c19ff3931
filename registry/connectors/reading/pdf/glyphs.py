"""The glyphs of a PDF in the order in which it draws them, with their places and what they are marked as."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pdfminer.pdfdevice import PDFTextDevice
from pdfminer.pdffont import PDFUnicodeNotDefined
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdftypes import dict_value, resolve1
from pdfminer.psparser import PSLiteral
from pdfminer.utils import apply_matrix_pt, decode_text

MOST = 300_000  # glyphs of a document; the notices in the fixtures have 12,000
UNKNOWN = "\ufffd"  # a glyph of which the file does not say which letter it is
_UNSEEN = (3, 7)  # text rendering modes that draw nothing: text under a scan, mostly
#: Letters that typesetters draw as one. Compatibility forms of digits and signs stay as they are.
_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st", "ǆ": "dž"}


class TooMany(Exception):
    """There are more glyphs than are read."""


class Mark(NamedTuple):
    """A piece of marked content: the page that it is on, and its number there."""

    page: int
    number: int


class Glyph(NamedTuple):
    """Text that is drawn at once: from where to where on its line, the size, and what it is marked as.

    `aside`: the file says that it is no part of the text (ISO 32000-1, 14.8.2.2: an artifact).
    """

    text: str
    page: int
    x0: float
    x1: float
    y: float
    size: float
    bold: bool
    mark: Mark | None
    aside: bool


@dataclasses.dataclass(slots=True)
class _Marked:
    """Marked content that is open: its number, whether it is aside, and the text that stands for what is in it."""

    number: int | None
    aside: bool
    instead: str | None


class Device(PDFTextDevice):
    """Takes down what is drawn. `unseen` and `unknown` count glyphs that are not shown, or no known letters.

    `pictured`: the pages with a picture on them. Raises TooMany.
    """

    def __init__(self, resources: PDFResourceManager) -> None:
        super().__init__(resources)
        self.glyphs: list[Glyph] = []
        self.unseen = self.unknown = 0
        self.pictured: set[int] = set()
        self._page, self._box = -1, (0.0, 0.0)
        self._open: list[_Marked] = []
        self._shown = True

    def begin_page(self, page: Any, ctm: Any) -> None:
        """A page begins."""
        x0, y0, x1, y1 = page.mediabox
        turned = page.rotate in (90, 270)
        self._box = (abs(y1 - y0), abs(x1 - x0)) if turned else (abs(x1 - x0), abs(y1 - y0))
        self._page += 1
        self._open.clear()

    def begin_tag(self, tag: PSLiteral, props: Any = None) -> None:
        """Marked content begins."""
        said = props if isinstance(props, Mapping) else {}
        number, instead = resolve1(said.get("MCID")), resolve1(said.get("ActualText"))
        self._open.append(
            _Marked(
                number if isinstance(number, int) else None,
                getattr(tag, "name", None) == "Artifact",
                decode_text(instead)[:1000] if isinstance(instead, bytes) else None,
            )
        )

    def end_tag(self) -> None:
        """Marked content ends."""
        if self._open:
            self._open.pop()

    def render_image(self, name: str, stream: Any) -> None:
        """A picture is drawn."""
        self.pictured.add(self._page)

    def render_string(self, textstate: Any, seq: Any, ncs: Any, graphicstate: Any) -> None:
        """Text is drawn."""
        self._shown = textstate.render not in _UNSEEN
        super().render_string(textstate, seq, ncs, graphicstate)

    def render_char(
        self, matrix: Any, font: Any, fontsize: float, scaling: float, rise: float, cid: int, *_: Any
    ) -> float:
        """A glyph is drawn; gives how far the next one is from it."""
        try:
            text = str(font.to_unichr(cid))
        except PDFUnicodeNotDefined:
            text = UNKNOWN
        on = float(font.char_width(cid)) * fontsize * scaling
        x0, y0 = apply_matrix_pt(matrix, (0, rise))
        x1 = apply_matrix_pt(matrix, (on, rise))[0]
        _, _, c, d, _, _ = matrix
        size = abs(fontsize) * math.hypot(c, d)
        width, height = self._box
        inside = -size <= min(x0, x1) <= width and -size <= y0 <= height + size
        if not (self._shown and inside and math.isfinite(x0 + x1 + y0 + size)) or size < 0.5:
            self.unseen += 1
            return on
        instead = next((one for one in reversed(self._open) if one.instead is not None), None)
        if instead is not None:
            text, instead.instead = instead.instead or "", ""
        self.unknown += text == UNKNOWN
        if len(self.glyphs) >= MOST:
            raise TooMany
        number = next((one.number for one in reversed(self._open) if one.number is not None), None)
        self.glyphs.append(
            Glyph(
                "".join(_LIGATURES.get(letter, letter) for letter in text), self._page, min(x0, x1), max(x0, x1), y0,
                size, _bold(font), None if number is None else Mark(self._page, number),
                any(one.aside for one in self._open),
            )
        )  # fmt: skip
        return on


class Interpreter(PDFPageInterpreter):
    """Reads a page's drawing; names of property lists are looked up where the page has them."""

    def do_BDC(self, tag: Any, props: Any) -> None:  # noqa: N802 -- named after the operator
        """Begin marked content that has properties."""
        if isinstance(props, PSLiteral):
            props = resolve1(dict_value(self.resources.get("Properties", {})).get(props.name))
        super().do_BDC(tag, props)


def _bold(font: Any) -> bool:
    name = str(getattr(font, "fontname", "")).lower()
    return any(word in name for word in ("bold", "black", "heavy", "semibold"))


def of(pages: Any, each: Callable[[Any], None]) -> Device:
    """The glyphs of pages; `each` is called with a page once it was read. Raises TooMany."""
    resources = PDFResourceManager()
    device = Device(resources)
    interpreter = Interpreter(resources, device)
    for page in pages:
        interpreter.process_page(page)
        each(page)
    return device
