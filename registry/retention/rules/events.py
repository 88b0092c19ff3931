"""The events that periods run from, as words for machines, where a text says exactly one of them."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping

#: Of each event the phrases that mean it and nothing else. A phrase that is not here stays text: a wrong guess would
#: count from the wrong day. `created`, `closed` and `last_update` are also what deletion rules of systems count from.
PHRASES: Mapping[str, tuple[str, ...]] = {
    "created": (
        "tallenteen syntyminen", "chat-tallenteen syntyminen", "tiedon syntyminen", "tallentaminen", "tallennushetki",
        "uppgiftens tillkomst", "inspelningens tillkomst", "creation", "creation of the item",
    ),
    "closed": (
        "keskustelun päättyminen", "asian käsittelyn päättyminen", "palvelupyynnön sulkeminen",
        "samtalets slut", "ärendets slut", "end of the conversation", "closing of the ticket",
    ),
    "last_update": ("viimeisin muutos", "viimeisin päivitys", "senaste ändring", "senaste uppdatering", "last update"),
    "end_of_customer_relationship": (
        "asiakassuhteen päättyminen", "asiakkuuden päättyminen", "kundförhållandets slut", "kundrelationens slut",
        "end of the customer relationship", "end of customer relationship",
    ),
    "end_of_membership": ("jäsenyyden päättyminen", "medlemskapets slut", "end of membership"),
    "end_of_employment": ("työsuhteen päättyminen", "anställningens slut", "end of employment"),
    "end_of_studies": ("opintojen päättyminen", "studiernas slut", "end of studies"),
    "end_of_contract": ("sopimuksen päättyminen", "avtalets slut", "end of the contract"),
    "end_of_financial_year": (
        "tilikauden päättyminen", "räkenskapsperiodens utgång", "end of the financial year",
    ),
}  # fmt: skip

_TOKENS = {phrase: token for token, phrases in PHRASES.items() for phrase in (token, *phrases)}

#: What says that data is kept for as long as it is needed, or as some law asks: no event that anybody could observe.
_NEED = re.compile(
    r"\b(?:tarpee|tarpeen|tarve|tarvet|tarvit|tarvitse|toistaisek|kohtuulli|lainsäädän|lain edellyt|lain vaati"
    r"|behov|behöv|nödvänd|tills vidare|skälig|lagstiftning|enligt lag"
    r"|need|necessar|until further|reasonabl|legislation|by law|the law|applicable law)"
)


def token(texts: Mapping[str, str]) -> str | None:
    """The event that the texts (by language) name: a key of `PHRASES`; None unless all of them name the same one."""
    found = {_TOKENS.get(plain(text)) for text in texts.values()}
    return found.pop() if len(found) == 1 else None


@functools.lru_cache(maxsize=1024)  # the few of rules, and what callers go on asking with
def plain(text: str) -> str:
    """A text as it is compared: NFC, casefolded, one space between words, no stop at the end."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split()).rstrip(" .;")


def only_need(texts: Mapping[str, str]) -> bool:
    """Whether a criterion says no more than "as long as needed" in any of its languages."""
    return any(_NEED.search(plain(text)) for text in texts.values())
