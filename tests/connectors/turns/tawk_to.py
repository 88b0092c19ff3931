"""Changes of what tawk.to publishes (the stand-in)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.connectors.stand_ins.serving import serving
from tests.connectors.stand_ins.tawk_to import KEYS, TawkTo
from tests.connectors.turns import Turn

RECORD: dict[str, Any] = {
    "retention": ["P6M"],
    "storage_locations": [{"area": "US"}],
    "transfers": {"items": [{"country": "US", "importer": "tawk.to, inc."}]},
    "data_categories": [
        {"text": "Nimi", "pd": "pd:Name"}, {"text": "Sähköposti", "pd": "pd:EmailAddress"},
        {"text": "Viestit", "pd": "pd:Communication"}, {"text": "Sijainti", "pd": "pd:Location"},
    ],
}  # fmt: skip


@contextmanager
def system(_: Any) -> Iterator[tuple[TawkTo, dict[str, Any], dict[str, str]]]:
    papers = TawkTo()
    papers.keeps = "are deleted after six months"
    with serving(papers):
        yield papers, {"papers": papers.origin}, {}


TURNS = [
    Turn(
        kind="region", code="OBS303", name="the vendor says that it keeps data somewhere else", key="acme/desk",
        do=lambda papers: setattr(papers, "place", "India"),
        undo=lambda papers: setattr(papers, "place", "the United States"),
    ),
    Turn(
        kind="deletion_rules", code="OBS302", name="the vendor says that nothing deletes chats", key="R1:acme/desk:off",
        do=lambda papers: setattr(papers, "keeps", "stay on our servers indefinitely until deletion"),
        undo=lambda papers: setattr(papers, "keeps", "are deleted after six months"),
    ),
    Turn(
        kind="field_inventory", code="OBS304", name="webhooks bring a field that is not declared", key="acme/desk",
        then="open",
        do=lambda papers: papers.keys.append("visitor.phone"), undo=lambda papers: setattr(papers, "keys", [*KEYS]),
    ),
]  # fmt: skip
