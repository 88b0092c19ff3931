"""How what a record holds becomes what the public may read: in which language, and what is not anybody's business."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from registry.catalogue.record import Localised, Record, withheld
from registry.telling.people import Discretion
from registry.telling.value import Block, Column, Fact, Facts, Remark, Said, Standing, Table, Told
from registry.telling.words import Words

How = Callable[[Any], "tuple[Said, ...]"]

#: A mailbox as mail programs take it.
MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_UNSAFE = re.compile('[\x00-\x20\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"<>\\\\^`{|}]')


class Teller:
    """Tells what `record` says, in `words`. Methods of the kind `How` give () for what must not be published."""

    def __init__(self, record: Record, words: Words, standing: Standing) -> None:
        self.record, self.words, self.standing = record, words, standing
        self.discretion = Discretion.of(record)

    # --- texts

    def prose(self, value: Localised) -> tuple[Said, ...]:
        """A text for people: in the page's language if there is one, else in the record's, else as written."""
        default, texts = self.record.language, value.texts
        spoken = {default if language is None else language: text for language, text in texts.items()}
        for language in (self.words.language, default, *spoken):
            if language in spoken:
                return self._public(spoken[language], language)
        return ()

    def line(self, value: str) -> tuple[Said, ...]:
        """A short text that the record gives in its own language only."""
        return self._public(value, self.record.language)

    def name(self, value: str) -> tuple[Said, ...]:
        """A proper name, a number or an address: in no language."""
        return self._public(value, None)

    def _public(self, text: str, language: str | None) -> tuple[Said, ...]:
        if withheld(text):
            return ()
        return (Said(self.discretion.masked(text), language, record=True),)

    def url(self, value: str) -> tuple[Said, ...]:
        """An address on the web; only http and https become links, whatever else it says stays a text."""
        said = self.name(value)
        return tuple(Said(one.text, record=True, link=web_address(one.text)) for one in said)

    def mailbox(self, value: str) -> tuple[Said, ...]:
        """A mailbox of a role or an organisation; () for one that looks like a person's own."""
        if withheld(value) or self.discretion.personal(value):
            return ()
        if not MAILBOX.fullmatch(value):
            return self.name(value)  # words beside a mailbox, or none: a text like any other
        return (Said(value, record=True, link=f"mailto:{value}"),)

    def phone(self, value: str) -> tuple[Said, ...]:
        """A telephone number."""
        said = self.name(value)
        digits = re.sub(r"[^0-9+]", "", value)
        return tuple(
            Said(one.text, record=True, link=f"tel:{digits}" if len(digits) > 4 else None) for one in said
        )

    def address(self, value: Any) -> tuple[Said, ...]:
        """A postal address as printed, and the country's name."""
        parts = (value.street, value.po_box, " ".join(filter(None, (value.postal_code, value.city))))
        said = tuple(one for part in parts if part for one in self.name(part))
        lines = ", ".join(one.text for one in said)
        country = (self.words.country(value.country),) if value.country else ()
        return ((Said(lines, record=True),) if lines else ()) + country

    def person(self, people: Any) -> tuple[How, How]:
        """How the mailbox and the number of somebody are told: their own ones are not."""
        return (
            lambda value: () if self.discretion.of_person(value, people.name) else self.mailbox(value),
            lambda value: () if self.discretion.number_of_person(value, people.name) else self.phone(value),
        )

    # --- words of ours

    def term(self, vocabulary: str) -> How:
        """How a word of one of the law's vocabularies is told."""

        def told(value: str) -> tuple[Said, ...]:
            said = self.words.term(vocabulary, value)
            # As printed and not one of its words: a text like any other.
            return self.line(said.text) if said.code is None else (said,)

        return told

    def yes_no(self, value: bool) -> tuple[Said, ...]:
        """Yes or no."""
        return (self.words.said("yes" if value else "no", code="true" if value else "false"),)

    def date(self, value: datetime.date) -> tuple[Said, ...]:
        """A day in words."""
        return (self.words.date(value),)

    def period(self, value: str) -> tuple[Said, ...]:
        """A period in words."""
        return (self.words.period(value),)

    def country(self, value: str) -> tuple[Said, ...]:
        """A country's name."""
        return (self.words.country(value),)

    # --- answers

    def told(self, name: str, pointer: str, value: Any, how: How, *, required: bool = False) -> Told | None:
        """The answer at `pointer`: the value told `how`, with the status that the record gives it.

        None where nothing is said and nothing has to be. `name` chooses the words of a stated "none".
        """
        entry = self.record.provenance.get(pointer)
        status = getattr(value, "status", None) or (entry.status if entry is not None else None)
        if absent(value):
            if not required and status in (None, "stated"):
                return None
            return self.silent(name, status if status not in (None, "stated") else "not_stated")
        many = value if isinstance(value, tuple) else (value,)
        values = tuple(said for one in many for said in how(one))
        if not values and status in (None, "stated"):
            return self.withheld()
        inferred = bool(entry is not None and entry.inferred)
        if status in (None, "stated"):
            return Told(values, inferred=inferred)
        return Told(values, status, self._note(name, status), inferred)

    def made(self, name: str, texts: tuple[Said, ...], *written: Any) -> Told:
        """An answer made of several fields: the texts, else withheld where one was `written`, else silence."""
        if texts:
            return Told(texts)
        return self.withheld() if any(one is not None for one in written) else self.silent(name)

    def withheld(self) -> Told:
        """The answer where what is stated is a person's own."""
        return Told((), "withheld", self.words("status.withheld"))

    def silent(self, name: str, status: str = "not_stated") -> Told:
        """The answer where there is no value: what the record does not state, or that there is none."""
        return Told((), status, self._note(name, status))

    def _note(self, name: str, status: str) -> str:
        if status == "stated_none":
            return self.words.get(f"none.{name}") or self.words("status.stated_none")
        return self.words.get(f"gaps.{name}.{status}") or self.words(f"status.{status}")

    def recorded(self, pointer: str) -> str:
        """The status written down for what is not there at `pointer`: `not_stated` unless something else is."""
        entry = self.record.provenance.get(pointer)
        status = entry.status if entry is not None else None
        return "not_stated" if status in (None, "stated") else str(status)

    def stated_part(self, name: str, pointer: str, part: Any, text: Localised | None) -> Fact:
        """The answer of a part that is a status and perhaps a `text`."""
        said = self.prose(text) if text is not None else ()
        if text is not None and not said and part.status == "stated":
            told = self.withheld()
        elif part.status == "stated":
            entry = self.record.provenance.get(pointer)
            told = Told(
                said or (self.words.said("stated"),), inferred=bool(entry is not None and entry.inferred)
            )
        else:
            told = Told(said, part.status, self._note(name, part.status))
        return Fact(name, self.words(f"fields.{name}"), told)

    def fact(
        self,
        name: str,
        pointer: str,
        value: Any,
        how: How,
        *,
        required: bool = False,
        label: str | None = None,
    ) -> Fact | None:
        """A labelled answer, or None as `told`."""
        told = self.told(name, pointer, value, how, required=required)
        return None if told is None else Fact(name, self.words(f"fields.{label or name}"), told)

    def together(self, *found: Told | None) -> Told | None:
        """Several answers as one: all their texts, and the first status that is not `stated`. None of nothing."""
        there = [told for told in found if told is not None]
        if not there:
            return None
        other = next((told for told in there if told.status != "stated"), there[0])
        texts = tuple(text for told in there for text in told.texts)
        return Told(texts, other.status, other.note, any(told.inferred for told in there))

    def gap(self, name: str, status: str = "not_stated") -> Remark:
        """A sentence on what the record does not say, or that there is none."""
        return Remark(name, self.silent(name, status))

    def note(self, name: str) -> Remark:
        """An explanation of ours, which is no statement of the record."""
        return Remark(name, Told((), "note", self.words(f"notes.{name}")))

    def statement(self, name: str) -> Remark:
        """A statement of the record that is a yes, in our words."""
        return Remark(name, Told((self.words.said(f"statements.{name}"),)))

    def _unsaid(self, column: str) -> Told:
        return Told((), "unsaid", self.words.get(f"gaps.{column}.unsaid") or self.words("status.unsaid"))

    # --- blocks

    def facts(self, *found: Fact | None, heading: tuple[Said, ...] = ()) -> list[Block]:
        """The facts that there are, as a block; nothing where there are none."""
        there = tuple(fact for fact in found if fact is not None)
        return [Facts(there, heading)] if there else []

    def table(self, name: str, columns: Iterable[str], rows: Iterable[dict[str, Told | None]]) -> list[Block]:
        """The rows as a table without the columns that nothing stands in; nothing where there are no rows."""
        rows = list(rows)
        kept = [column for column in columns if any(row.get(column) is not None for row in rows)]
        if not kept:
            return []
        cells = tuple(tuple(row.get(column) or self._unsaid(column) for column in kept) for row in rows)
        heads = tuple(Column(column, self.words(f"columns.{column}")) for column in kept)
        return [Table(name, self.words(f"captions.{name}"), heads, cells)]


def absent(value: Any) -> bool:
    """Whether nothing is written: None, an empty list, an empty part."""
    if value is None or value == ():
        return True
    return hasattr(value, "items") and not isinstance(value, Localised) and not value


def web_address(text: str) -> str | None:
    """`text` where it is an address of http or https that a link may go to, else None."""
    if _UNSAFE.search(text):
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme in ("http", "https") and parts.hostname else None
