"""What of a record is a person's own and stays inside: names, mailboxes that look like names, direct numbers.

A notice names roles and role mailboxes (data minimisation, GDPR 5(1)(c)). It errs on the side of silence: a mailbox
that looks like first.last is left out even if it is not one.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from registry.catalogue.record import Record, withheld

#: In place of a name or a personal mailbox inside a text.
MASK = "[…]"

#: What is not seen and would keep a mailbox from being found.
_UNSEEN = "\u00ad\u200b-\u200f\u2060-\u2064\ufeff"
#: The sign in a mailbox, also as it is written against harvesters.
_SIGN = re.compile(
    rf"[\s{_UNSEEN}]{{0,3}}(?:[@\uff20\ufe6b]|&#0?64;|&commat;|[(\[{{<]\s?(?:at|a|ät|@)\s?[)\]}}>])[\s{_UNSEEN}]{{0,3}}"
    r"|\s(?:at|ät)\s",
    re.IGNORECASE,
)
# Bounded, so that a long text without any mailbox costs no more than its length.
_IN_TEXT = re.compile(
    rf"[\w.!#$%&'*+/=?^`{{|}}~{_UNSEEN}-]{{1,64}}(?:{_SIGN.pattern})"
    rf"[\w{_UNSEEN}-]{{1,63}}(?:(?:\.|\s?[(\[](?:dot|piste|punkt)[)\]]\s?)[\w{_UNSEEN}-]{{1,63}}){{0,8}}",
    re.IGNORECASE,
)
#: What tells a mailbox of a task from one of a person. Whole parts of the local part only, or endings and beginnings
#: that are no surname's: Hakulinen and Tukiainen are people, though haku and tuki are tasks.
_TASKS = frozenset({
    "admin", "asiakas", "asiointi", "contact", "customer", "data", "dpo", "gdpr", "haku", "hallinto", "help",
    "helpdesk", "info", "it", "kansli", "kirjaamo", "kontakt", "kund", "legal", "library", "mail", "marketing",
    "office", "opinto", "posti", "press", "privacy", "protection", "rekrytointi", "security", "service", "services",
    "student", "studie", "support", "tieto", "tiedotus", "tuki", "viestinta", "webmaster", "yhteys",
})  # fmt: skip
_BEGIN = (
    "tietosuoja", "tietoturva", "asiakaspalvelu", "opintotoimisto", "opiskelija", "dataskydd", "registr", "rekister",
)  # fmt: skip
_END = (
    "palvelu", "palvelut", "toimisto", "kirjasto", "vastaava", "asiamies", "neuvonta", "johtaja", "sihteeri", "office",
    "ombud", "officer", "tjänst",
)  # fmt: skip
_LEAST = 3


@dataclass(frozen=True)
class Discretion:
    """What is known of the people of one record: `names` in full, `number` of the organisation."""

    names: tuple[str, ...]
    number: str
    _plain: tuple[str, ...] = field(init=False)
    _parts: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        # Worked out once: a record may name a thousand people and have a thousand texts to look for them in.
        folded = tuple(map(_folded, self.names))
        parts = frozenset(part for name in folded for part in name.split() if len(part) >= _LEAST)
        object.__setattr__(self, "_plain", folded)
        object.__setattr__(self, "_parts", parts)

    @classmethod
    def of(cls, record: Record) -> Discretion:
        """From the record's people and its controller."""
        people = (*record.contact_points, *record.responsible_persons, record.dpo)
        names = {one.name.strip() for one in people if one.name and not withheld(one.name)}
        # The longest first, so that a name within another leaves nothing of the longer one.
        full = sorted((name for name in names if len(name.split()) > 1), key=len, reverse=True)
        return cls(tuple(full), _digits(record.controller.phone or ""))

    def masked(self, text: str) -> str:
        """`text` with the names of the record's people, and mailboxes that look personal, struck out."""
        folded = _folded(text) if self.names else ""
        for name, plain in zip(self.names, self._plain, strict=True):
            if plain in folded:
                text = re.sub(re.escape(name), MASK, text, flags=re.IGNORECASE)
        if not _SIGN.search(text):
            return text
        return _IN_TEXT.sub(lambda found: MASK if self.personal(found[0]) else found[0], text)

    def personal(self, mailbox: str) -> bool:
        """Whether a mailbox looks like a person's: first.last@, f.last@, first_last@ …"""
        local = re.sub(f"[{_UNSEEN}]", "", _SIGN.split(mailbox)[0]).strip().lower()
        parts = [part for part in re.split(r"[._+]|(?<=[a-zåäö])-(?=[a-zåäö]+\.)", local) if part]
        if len(parts) < 2 or not all(
            re.fullmatch(r"[^\W\d_]+(?:-[^\W\d_]+)*\d{0,4}", part) for part in parts
        ):
            local = _folded(local)
            return any(part in local for part in self._parts)
        return not any(part in _TASKS or part.startswith(_BEGIN) or part.endswith(_END) for part in parts)

    def of_person(self, mailbox: str, name: str | None) -> bool:
        """Whether a mailbox beside a name is that person's own."""
        return self.personal(mailbox) or (
            bool(name) and not withheld(name) and self._named(mailbox, str(name))
        )

    def number_of_person(self, number: str, name: str | None) -> bool:
        """Whether a number beside a name is that person's own: it is, unless it is the organisation's."""
        if not name:
            return False
        return not (self.number and _digits(number) == self.number)

    def _named(self, mailbox: str, name: str) -> bool:
        local = _folded(mailbox.partition("@")[0])
        return any(len(part) >= _LEAST and part in local for part in _folded(name).split())


def _digits(number: str) -> str:
    """The number as dialled at home: +358 9 1 and 09 1 are the same."""
    digits = re.sub(r"\D", "", number)
    return re.sub(r"^(?:00)?358", "0", digits) if number.strip().startswith(("+", "00")) else digits


def _folded(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
