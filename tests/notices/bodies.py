"""Records made from the definition itself: one with everything in it, each leaf recognisable, and random ones."""

from __future__ import annotations

import dataclasses
import itertools
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st
from marshmallow import fields, validate

from registry.catalogue.record import ControllerSchema, Record, RecordSchema, SystemSchema, assemble
from registry.catalogue.record.value import (
    Boolean,
    ByPointer,
    Country,
    Day,
    Integer,
    Many,
    One,
    Part,
    Period,
    Prose,
    Refs,
    Term,
    YesNoUnknown,
)

COUNTRIES = [
    "FI",
    "SE",
    "NO",
    "DK",
    "IS",
    "DE",
    "FR",
    "IT",
    "ES",
    "PT",
    "PL",
    "CZ",
    "AT",
    "BE",
    "NL",
    "US",
    "JP",
    "BR",
]
ARTICLES = {"article": "6(1)(f)", "exception": "9(2)(a)", "instrument": "scc_2021"}
#: What refers to what, by the section and the field that refers.
REFS = {
    ("data_categories", "purposes"): "P",
    ("data_categories", "basis"): "B",
    ("legal_bases", "applies_to"): "D",
    ("special_category_bases", "applies_to"): "D",
    ("criminal_data_basis", "applies_to"): "D",
    ("identification_claim", "applies_to"): "D",
    ("secondary_copies", "what"): "D",
    ("retention", "applies_to"): "D",
}
SECTION_OF = {"P": "purposes", "B": "legal_bases", "D": "data_categories"}
PEOPLE = ("contact_points", "responsible_persons", "dpo")


@dataclasses.dataclass
class Full:
    """A record in which everything is said. `leaves` are (pointer, kind, value); texts are all different."""

    text: Callable[[str], str] = lambda mark: mark
    leaves: list[tuple[str, str, str]] = dataclasses.field(default_factory=list)
    count: Any = dataclasses.field(default_factory=lambda: itertools.count(1))

    def record(self, *, without: tuple[str, ...] = ()) -> Record:
        """The record; `without` are top-level members of the register that are left out."""
        body = self.part(RecordSchema, "", without=("provenance", "systems", *without))
        body["systems"] = ["desk"]
        details = self.part(ControllerSchema, "/controller", without=("provenance",))
        system = self.part(SystemSchema, "/systems/0")
        return assemble("acme/all", body, details, {"desk": system})

    def part(self, schema: type[Part], at: str, *, without: tuple[str, ...] = ()) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, field in schema._declared_fields.items():
            key = field.data_key or name
            # A name makes mailbox and number beside it a person's: that is another test's.
            if key in without or (
                key == "name" and at.split("/")[-1 if not at[-1:].isdigit() else -2] in PEOPLE
            ):
                continue
            if (value := self.value(field, key, f"{at}/{key}")) is not None:
                made[key] = value
        return made

    def value(self, field: fields.Field[Any], key: str, at: str) -> Any:
        if isinstance(field, ByPointer) or key == "id":
            return None
        if isinstance(field, Many):
            inner = field.inner
            if isinstance(inner, One):
                return [self.part(inner.part, f"{at}/{n}") for n in range(2)]
            return [self.value(inner, key, f"{at}/{n}") for n in range(2)]
        if isinstance(field, One):
            return self.part(field.part, at)
        if isinstance(field, Refs):
            prefix = REFS.get((at.split("/")[1], key))
            return (
                [f"{prefix}1", f"{prefix}2"][: 1 if at.split("/")[2:3] == ["0"] else 2]
                if prefix
                else ["customer"]
            )
        return self.leaf(field, key, at)

    def leaf(self, field: fields.Field[Any], key: str, at: str) -> Any:
        number = next(self.count)
        mark = f"zq{number:04d}x"
        if key in ARTICLES:
            return self.keep(at, "word", ARTICLES[key])
        if key == "status" and not at.startswith("/register"):
            return "stated"
        if isinstance(field, (Boolean, YesNoUnknown)):
            return True
        if isinstance(field, Integer):
            return number
        if isinstance(field, Day):
            return self.keep(at, "day", (date(2001, 1, 1) + timedelta(days=number)).isoformat())
        if isinstance(field, Period):
            return self.keep(at, "period", f"P{1000 + number}D")
        if isinstance(field, Country):
            return self.keep(at, "country", COUNTRIES[number % len(COUNTRIES)])
        if isinstance(field, Term):
            return self.keep(at, "term", f"{'pd' if key == 'pd' else 'dpv'}:{mark}")
        if isinstance(field, Prose):
            return self.keep(at, "text", self.written(mark, 20_000))
        if (words := choices(field)) and len(words) > 0:
            if key == "category" and at.startswith("/data_subjects/0"):
                return "customer"
            return self.keep(at, "word", words[number % len(words)])
        if key == "sha256" or key.endswith("_hash"):
            return self.keep(at, "text", f"{number:064x}")
        if key == "time_zone":
            return "Europe/Helsinki"
        if key == "language":
            return "fi"
        if key == "email":
            return self.keep(at, "text", f"{mark}@example.fi")
        if "url" in key:
            return self.keep(at, "text", f"https://example.fi/{mark}")
        return self.keep(at, "text", self.written(mark, longest_of(field) or 20_000))

    def written(self, mark: str, longest: int) -> str:
        text = self.text(mark)
        return text if len(text) <= longest else f"{text[: longest - len(mark) - 1]} {mark}"

    def keep(self, at: str, kind: str, value: str) -> str:
        self.leaves.append((at, kind, value))
        return value


def choices(field: fields.Field[Any]) -> list[str]:
    """The words that a field is one of; none where it is free."""
    found = [rule for rule in field.validators if isinstance(rule, validate.OneOf)]
    return [str(word) for word in found[0].choices] if found else []


def longest_of(field: fields.Field[Any]) -> int | None:
    """How many characters a field takes at most, where it says."""
    return next((rule.max for rule in field.validators if isinstance(rule, validate.Length)), None)


# --- random records


def visible(text: str) -> bool:
    """Whether there is anything to see: blanks and marks of direction alone are no text."""
    return any(unicodedata.category(one) not in {"Zs", "Zl", "Zp", "Cc", "Cf"} for one in text)


PLAIN = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60).filter(visible)
MARKUP = st.sampled_from(
    [
        "<b>x</b>",
        "a & b",
        '"><script>',
        "{{ 7*7 }}",
        "x\u202ey",
        "Äänekoski",
        "a\nb",
        "<rehtori>",
        "a.b@example.fi",
    ]
)
TEXT = PLAIN | MARKUP
TAG = st.sampled_from(["fi", "sv", "en", "se", "de", "ar"])


def _leaf(field: fields.Field[Any], key: str) -> st.SearchStrategy[Any]:
    words = choices(field)
    strategies: list[tuple[type, st.SearchStrategy[Any]]] = [
        (Boolean, st.booleans()),
        (YesNoUnknown, st.sampled_from([True, False, "unknown"])),
        (Integer, st.integers(1, 1000)),
        (Day, st.dates(date(1990, 1, 1), date(2100, 1, 1)).map(date.isoformat)),
        (Period, st.sampled_from(["P6M", "P1Y6M", "P2W", "P30D", "P10Y"])),
        (Country, st.sampled_from(["FI", "US", "EEA", "EU", "XX", "AX"])),
        (
            Term,
            st.sampled_from(
                ["pd:Name", "pd:Unheard"] if key == "pd" else ["dpv:CustomerCare", "dpv:Unheard"]
            ),
        ),
        (Prose, TEXT | st.dictionaries(TAG, TEXT, min_size=1, max_size=3)),
    ]
    for kind, strategy in strategies:
        if isinstance(field, kind):
            return strategy
    if words:
        return st.sampled_from(words)
    special: Mapping[str, st.SearchStrategy[Any]] = {
        "sha256": st.just("0" * 64),
        "sub_processor_list_hash": st.just("0" * 64),
        "language": st.sampled_from(["fi", "sv", "en", "se"]),
        "time_zone": st.just("Europe/Helsinki"),
        "instrument": st.sampled_from(["scc_2021", "none_stated", "privacy_shield_eu_us", "bcr"]),
        "postal_code": st.sampled_from(["00100", "9050", "<x>"]),
        "business_id": st.just("0203131-0"),
    }
    longest = longest_of(field) or 60
    return special.get(key, TEXT.map(lambda text: text[:longest]).filter(visible))


def _part(
    schema: type[Part], *, always: tuple[str, ...] = (), never: tuple[str, ...] = ()
) -> st.SearchStrategy[Any]:
    required, optional = {}, {}
    for name, field in schema._declared_fields.items():
        key = field.data_key or name
        if key in ("id", "provenance", *never) or isinstance(field, (ByPointer, Refs)):
            continue
        strategy = _of(field, key)
        (required if field.required or key in always else optional)[key] = strategy
    return st.fixed_dictionaries(required, optional=optional)


def _of(field: fields.Field[Any], key: str) -> st.SearchStrategy[Any]:
    if isinstance(field, Many):
        if isinstance(field.inner, One):
            return st.lists(st.deferred(lambda: _part(field.inner.part)), max_size=2)
        return st.lists(_leaf(field.inner, key), max_size=2)
    if isinstance(field, One):
        return _part(field.part)
    return _leaf(field, key)


@st.composite
def records(draw: st.DrawFn) -> Record:
    """Any record that the definition lets through, with references among its parts."""
    body = draw(_part(RecordSchema, never=("systems",)))
    for (section, key), prefix in REFS.items():
        known = [f"{prefix}{n}" for n in range(1, len(body.get(SECTION_OF[prefix], ())) + 1)]
        parts = body.get(section, [])
        for part in parts if isinstance(parts, list) else [parts]:
            if known and draw(st.booleans()):
                part[key] = draw(st.lists(st.sampled_from(known), min_size=1, max_size=2, unique=True))
            elif section in ("legal_bases", "retention") and draw(st.booleans()):
                part[key] = draw(st.sampled_from(["all", "not_stated"]))
    for pointer in draw(st.sets(st.sampled_from(["/retention", "/purposes", "/contact_points", "/sources"]))):
        name = pointer[1:]
        if not body.get(name):
            status = draw(st.sampled_from(["not_stated", "stated_none", "referred_elsewhere", "placeholder"]))
            body.setdefault("provenance", {})[pointer] = {"status": status}
    systems = {"desk": draw(_part(SystemSchema))} if draw(st.booleans()) else {}
    return assemble(
        "acme/any", {**body, "systems": list(systems)}, draw(_part(ControllerSchema)), systems
    )  # fmt: skip
