"""What a record has to say, as data: whether a question arises, where it is answered, and whether it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from importlib import resources
from typing import Any

import yaml

from registry.catalogue.record import Record
from registry.catalogue.record.value import Frozen
from registry.law import Law

#: A statement that answers: something, or expressly nothing. Half an answer, or one told elsewhere, is none.
ANSWERS = ("stated", "stated_none")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One thing that is asked of a record; the members are told in data/required.yml and data/questions.yml."""

    any: tuple[str, ...]
    none: tuple[str, ...] = ()
    each: str = ""
    where: str = ""
    when: str = ""
    but: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()
    what: Mapping[str, str] = dataclasses.field(default_factory=dict)
    observed: str = ""
    outside: bool = False

    def arises(self, seen: Seen) -> bool:
        """Whether it is asked of this record at all."""
        return not self.when or CONDITIONS[self.when](seen)

    def answers(self, seen: Seen) -> Iterator[tuple[str, bool]]:
        """Where it has to be answered, each with whether it is: one place, or one for each item of a list."""
        if not self.each:
            path = "/rights" if self.any[0].startswith("right:") else self.any[0]
            yield path, self._answered(seen.record, "")
            return
        for number, item in enumerate(seen.record.at(self.each) or ()):
            if not self.where or ITEMS[self.where](seen, item):
                inside = f"{self.each}/{number}"
                yield inside + self.any[0], self._answered(seen.record, inside)

    def _answered(self, record: Record, inside: str) -> bool:
        return any(_stated(record, inside + path, self.but) for path in self.any) or any(
            record.status(inside + path) == "stated_none" for path in self.none
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """A record with the law of a day, by which some questions arise or not."""

    record: Record
    law: Law
    day: date


def read(name: str) -> Any:
    """A file of data, parsed."""
    return yaml.safe_load(
        resources.files("registry.checks.measures").joinpath("data", name).read_text("utf-8")
    )


def ask(data: Mapping[str, Any]) -> Ask:
    """An ask from plain data. Raises TypeError or KeyError for members or conditions that there are not."""
    members: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
    }
    made = Ask(**members)
    for name, known in ((made.when, CONDITIONS), (made.where, ITEMS)):
        if name and name not in known:
            raise KeyError(name)
    return made


def _stated(record: Record, path: str, but: tuple[str, ...]) -> bool:
    if path.startswith("right:"):
        return record.right(path.removeprefix("right:")) in ANSWERS
    status = record.status(path)
    if status != "stated":
        return status in ANSWERS
    value = record.at(path)
    if isinstance(value, Frozen):
        return bool(value)  # a part of which nothing is written is there, and empty
    return value not in (None, (), *but)


# --- when a question arises


def _articles(seen: Seen) -> set[str]:
    return {basis.article for basis in seen.record.legal_bases}


def _outside_eea(seen: Seen) -> bool:
    """Whether the controller's address is in a country outside the EU and EEA; not where it names none."""
    country = seen.record.controller.address.country
    return country is not None and seen.law.in_eea(country, seen.day) is False


def received(seen: Seen) -> bool:
    """Whether data comes from somebody else than the data subject (GDPR 14)."""
    record = seen.record
    return any(source.type in ("other_controller", "public_register") for source in record.sources) or any(
        data.collection == "received" for data in record.data_categories
    )


def collected(seen: Seen) -> bool:
    """Whether data comes from the data subject (GDPR 13): it does unless all of it is said to come from others."""
    ways = {data.collection for data in seen.record.data_categories}
    return ways != {"received"}


CONDITIONS: Mapping[str, Callable[[Seen], bool]] = {
    "controller": lambda seen: seen.record.register.role != "processor",
    "processor": lambda seen: seen.record.register.role == "processor",
    "collected": collected,
    "received": received,
    "joint": lambda seen: bool(seen.record.joint_controllers),
    "outside_eea": _outside_eea,
    "outside_uk": lambda seen: seen.record.controller.address.country not in (None, "GB"),
    "dpo": lambda seen: seen.record.dpo.status in ("stated", "partly_stated"),
    "transfers": lambda seen: (
        seen.record.transfers.status in ("stated", "partly_stated") or bool(seen.record.transfers.items_)
    ),
    "processors": lambda seen: bool(seen.record.processors),
    "consent": lambda seen: "6(1)(a)" in _articles(seen),
    "portable": lambda seen: bool({"6(1)(a)", "6(1)(b)"} & _articles(seen)),
    "objectable": lambda seen: bool({"6(1)(e)", "6(1)(f)"} & _articles(seen)),
    "interest": lambda seen: "6(1)(f)" in _articles(seen),
    "special": lambda seen: any(data.special for data in seen.record.data_categories),
    "automated": lambda seen: seen.record.automated_decisions.status in ("stated", "partly_stated"),
    "dpia": lambda seen: seen.record.assessments.dpia_required == "yes",
}
ITEMS: Mapping[str, Callable[[Seen, Any], bool]] = {
    "legitimate_interest": lambda _, basis: basis.article == "6(1)(f)",
    "consent_basis": lambda _, basis: basis.article == "6(1)(a)",
    "safeguards": lambda seen, transfer: (
        transfer.instrument in seen.law.instruments
        and (seen.law.instruments[transfer.instrument].article or "").startswith("46")
    ),
}
