"""A record becomes a notice: what GDPR 13 and 14 want people to be told, and plainly what the record does not tell."""

from __future__ import annotations

from registry import clock
from registry.catalogue.record import Localised, Record
from registry.catalogue.record.value import Frozen
from registry.telling.sections import SECTIONS
from registry.telling.summary import summary
from registry.telling.teller import Teller
from registry.telling.value import Notice, Said, Section, Standing
from registry.telling.words import words


def render(record: Record, standing: Standing, language: str) -> Notice:
    """The notice of `record` with labels in `language`; a function of its arguments and of the law table alone.

    Raises KeyError for a language without a label file.
    """
    teller = Teller(record, words(language), standing)
    controller, _, key = record.key.partition("/")
    return Notice(
        controller=controller,
        key=key,
        language=language,
        record_language=record.language,
        languages=tuple(sorted(spoken(record))),
        title=_first(teller.line(record.register.name)),
        organisation=_first(teller.name(record.controller.name)),
        contact=_contact(teller),
        standing=standing,
        published=teller.words.date(clock.day_of(standing.published_at, record.controller.time_zone)),
        summary=summary(teller),
        sections=tuple(
            Section(name, teller.words(f"sections.{name}"), tuple(section(teller)))
            for name, section in SECTIONS.items()
        ),
    )


def spoken(record: Record) -> set[str]:
    """The languages that the texts of a record are in."""
    parts = (record.statements, record.controller)
    return {record.language if tag is None else tag for part in parts for tag in _tags(part)} or {
        record.language
    }


def _tags(value: object) -> set[str | None]:
    if isinstance(value, Localised):
        return set(value.texts)
    if isinstance(value, tuple):
        return {tag for item in value for tag in _tags(item)}
    if isinstance(value, Frozen):
        return {tag for name, item in value.items() if name != "provenance" for tag in _tags(item)}
    return set()


def _contact(t: Teller) -> Said | None:
    """How to reach the controller: its mailbox, else its number, else its page."""
    party = t.record.controller
    for value, how in ((party.email, t.mailbox), (party.phone, t.phone), (party.website, t.url)):
        for said in how(value) if value else ():
            return said
    return None


def _first(said: tuple[Said, ...]) -> Said:
    return said[0] if said else Said("…")
