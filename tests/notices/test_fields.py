"""Every field of the definition is published or stays inside, and which of the two is written down."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from registry.catalogue.record import ControllerSchema, RecordSchema, SystemSchema, assemble
from registry.catalogue.record.value import Many, One, Part
from registry.telling.internal import INTERNAL, internal
from registry.telling.words import languages
from tests.notices.bodies import Full
from tests.notices.conftest import document, texts

#: Published by what is said because of them: "at intervals of", "speaks only of disclosure", "does not say whether".
SPOKEN_OF = {"/transfers/wording", "/retention/0/mode", "/retention/1/mode", "/access/need_to_know"}


def patterns(schema: type[Part], at: str) -> Iterator[str]:
    """Every field of a part and of the parts in it, positions as `*`."""
    for name, field in schema._declared_fields.items():
        here = f"{at}/{field.data_key or name}"
        yield here
        part = field.part if isinstance(field, (One, Many)) else None
        if part is not None:
            yield from patterns(part, f"{here}/*" if isinstance(field, Many) else here)


def every() -> list[str]:
    return [
        *patterns(RecordSchema, ""),
        *patterns(ControllerSchema, "/controller"),
        *patterns(SystemSchema, "/systems/*"),
    ]


def test_what_stays_inside_are_fields_of_the_definition() -> None:
    assert sorted(set(INTERNAL) - set(every())) == []


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("without", [(), ("dpo", "representative")], ids=["its own", "the controller's"])
def test_everything_else_is_published_and_none_of_it_is(language: str, without: tuple[str, ...]) -> None:
    """A record with all there is, each text different; officer and representative its own or the controller's."""
    full = Full()
    notice = document(full.record(without=without), language)
    written = json.dumps(notice, ensure_ascii=False)
    codes = {text.get("code") for text in texts(notice)}
    hidden = ("/controller/dpo", "/controller/representative") if not without else ()
    told, kept = [], []
    for pointer, kind, value in full.leaves:
        found = value in codes if kind in ("word", "country") else value in written
        if internal(pointer):
            # A word of a vocabulary may stand elsewhere by right.
            kept += [pointer] if found and kind not in ("word", "country") else []
        elif not found and pointer not in SPOKEN_OF and not pointer.startswith(hidden or "\0"):
            told.append(pointer)
    assert told == [], "said in the record and not in the notice"
    assert kept == [], "internal and in the notice"
    assert len(full.leaves) > 300


# The fields that the plan of the record marks as never to be published.
NEVER = [
    "/document/earliest_possible_date", "/document/cited_laws", "/document/claims_conformity_with",
    "/document/placeholders", "/document/sections", "/legal_bases/*/text", "/legal_bases/*/legacy_article",
    "/consent_statements", "/data_categories/*/example_only", "/data_categories/*/open_ended",
    "/data_categories/*/listed_in_content_section", "/identification_claim", "/processors/*/involvement_text",
    "/retention/*/effective_max", "/breaches",
]  # fmt: skip


@pytest.mark.parametrize("pattern", NEVER)
def test_what_must_never_be_published_stays_inside(pattern: str) -> None:
    assert internal(pattern.replace("*", "0"))


def test_what_is_below_something_internal_is_internal() -> None:
    assert internal("/document/cited_laws/0/act")
    assert internal("/controller/provenance")
    assert not internal("/document/title")
    assert not internal("/retention/0/duration")


def test_the_quotes_notes_and_sources_of_the_provenance_stay_inside() -> None:
    entry = {"quote": "zq-quote", "note": {"en": "zq-note"}, "source": "zq-source", "line": 987654}
    body = {
        "register": "Asiakkaat",
        "provenance": {"/register/name": entry, "/register": {**entry, "inferred": True}},
    }
    details = {"name": "Acme Oy", "provenance": {"/name": entry}}
    written = json.dumps(document(assemble("acme/customers", body, details)))
    assert "Acme Oy" in written
    assert [value for value in ("zq-", "987654") if value in written] == []
