"""Changes on the page (on loopback) where a processor publishes its sub-processors."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.connectors.pdfs import tagged
from tests.connectors.stand_ins.serving import Asked, Reply, StandIn, serving
from tests.connectors.turns import Turn

ON_IT = ["Levy Oy", "Palvelin GmbH"]
#: The words of the page as it is at first, put down by hand.
WORDS = "our sub processors entity name purpose levy oy storage palvelin gmbh storage"
DIGEST = hashlib.sha256(WORDS.encode()).hexdigest()
RECORD: dict[str, Any] = {"processors": [{"name": "Pilvi Oy", "sub_processor_list_hash": DIGEST}]}
NAMES: dict[str, Any] = {
    "processors": [{"name": "Pilvi Oy", "sub_processors": [{"name": name} for name in ON_IT]}]
}


class Vendor(StandIn):
    """A processor's page: a table of names, or whatever `page` is. `around` stands beside the list."""

    def __init__(self) -> None:
        super().__init__()
        self.names, self.around = [*ON_IT], ""
        self.page: str | bytes | None = None
        self.status, self.headers = 200, {"Content-Type": "text/html; charset=utf-8"}

    def answer(self, asked: Asked) -> Reply:
        rows = "".join(f"<tr><td>{name}</td><td>Storage</td></tr>" for name in self.names)
        table = f"<table><tr><th>Entity name</th><th>Purpose</th></tr>{rows}</table>"
        page = f"<nav>Home</nav>{self.around}<h1>Our sub-processors</h1>{table}<footer>Pilvi</footer>"
        said = page if self.page is None else self.page
        return self.status, said if isinstance(said, bytes) else said.encode(), self.headers


@contextmanager
def system(_: Any) -> Iterator[tuple[Vendor, dict[str, Any], dict[str, str]]]:
    vendor = Vendor()
    with serving(vendor):
        yield vendor, {"lists": [{"processor": "Pilvi", "address": f"{vendor.origin}/sub-processors"}]}, {}


def _now(*names: str) -> Any:
    return lambda vendor: setattr(vendor, "names", [*ON_IT, *names])


def _page(page: str | None) -> Any:
    return lambda vendor: setattr(vendor, "page", page)


def printed(*names: str) -> bytes:
    """The same list as a paper."""
    return tagged(
        [
            ("H1", "Our sub-processors"),
            ("P", "Entity name Purpose"),
            *[("P", f"{name} Storage") for name in names],
        ]
    )


def _paper(vendor: Vendor, *names: str) -> None:
    vendor.page, vendor.headers = printed(*names), {"Content-Type": "application/pdf"}


def _no_paper(vendor: Vendor) -> None:
    vendor.page, vendor.headers = None, {"Content-Type": "text/html; charset=utf-8"}


TURNS = [
    Turn(
        kind="sub_processors", code="OBS305", name="the vendor adds a sub-processor", key="pilvi",
        do=_now("Uusi Ltd"), undo=_now(),
    ),
    Turn(
        kind="sub_processors", code="OBS305", name="the vendor takes a sub-processor out", key="pilvi",
        do=lambda vendor: setattr(vendor, "names", ON_IT[:1]), undo=_now(),
    ),
    Turn(
        kind="sub_processors", code="OBS305", name="one is added, where the record has names and no digest",
        key="pilvi", record=NAMES, do=_now("Uusi Ltd"), undo=_now(),
    ),
    Turn(
        kind="sub_processors", code="OBS305", name="the list changes on a page whose names cannot be read", key="pilvi",
        do=_page("<ul><li>Levy Oy<li>Uusi Ltd</ul>"), undo=_page(None),
    ),
    Turn(
        kind="sub_processors", code="OBS305", name="the list becomes a PDF with another on it", key="pilvi",
        do=lambda vendor: _paper(vendor, *ON_IT, "Uusi Ltd"), undo=_no_paper,
    ),
]  # fmt: skip
