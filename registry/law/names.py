"""Names as people print them: acts, vendors and countries, recognised and written out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from babel import Locale

from registry.law.values import Act, Labels, Vendor
from registry.strict.normal import normal

_COMPANY_FORMS = frozenset(
    [
        *(
            "ab",
            "aps",
            "as",
            "asa",
            "bv",
            "co",
            "company",
            "corp",
            "corporation",
            "gmbh",
            "inc",
            "incorporated",
        ),
        *("limited", "llc", "ltd", "nv", "oy", "oyj", "plc", "pte", "pty", "sa", "sarl", "srl"),
    ]
)
#: Soft hyphens vanish; the hyphens and dashes that word processors put in become plain ones. (NFKC has made the
#: hyphen that does not break, U+2011, one that does.)
_PLAIN = {0x00AD: None, 0x2010: "-", 0x2012: "-", 0x2013: "-"}
#: What the CLDR, which knows the European Union, has no name for.
_AREAS = {
    "EEA": Labels(
        fi="Euroopan talousalue", sv="Europeiska ekonomiska samarbetsområdet", en="European Economic Area"
    ),
    "EPO": Labels(
        fi="Euroopan patenttijärjestö",
        sv="Europeiska patentorganisationen",
        en="European Patent Organisation",
    ),
}


def area(code: str, language: str) -> str:
    """The name of a country (ISO 3166-1 alpha-2), EU, EEA or EPO in fi, sv or en; the code itself if it has none."""
    if code in _AREAS:
        return _AREAS[code].get(language)
    locale = language.partition("-")[0].lower()
    name = (
        Locale(locale if locale in ("fi", "sv") else "en").territories.get(code) if len(code) == 2 else None
    )
    return name or code


class ActNames:
    """Recognises acts in a text by number, abbreviation and name, Finnish endings and Swedish names included."""

    def __init__(self, acts: Iterable[Act]) -> None:
        self._patterns: list[tuple[str, re.Pattern[str], re.Pattern[str]]] = []
        for act in acts:
            number = rf"(?<![\d/]){re.escape(act.number)}(?!\d)"
            folded = [number, *(rf"(?<!\w)(?:{form})(?!\w)" for form in act.printed)]
            exact = [rf"(?<!\w){re.escape(short)}(?!\w)" for short in act.abbreviations]
            self._patterns.append(
                (act.key, re.compile("|".join(folded)), re.compile("|".join(exact) or r"(?!)"))
            )

    def found_in(self, text: str) -> Iterator[str]:
        """Keys of the acts that `text` names, in the order of the table."""
        plain = normal(text, "NFKC").translate(_PLAIN)
        folded = plain.casefold()
        for key, in_folded, in_exact in self._patterns:
            if in_folded.search(folded) or in_exact.search(plain):
                yield key


def company(name: str) -> str:
    """A vendor's name for comparing: small letters, no punctuation, no form of company at its end."""
    words = re.findall(r"\w+", normal(name, "NFKC").casefold())
    while len(words) > 1 and words[-1] in _COMPANY_FORMS:
        words.pop()
    return " ".join(words)


def companies(vendors: Iterable[Vendor]) -> Mapping[str, str]:
    """Every name of every vendor, as `company` writes it, with the vendor's key. ValueError if two share a name."""
    found: dict[str, str] = {}
    for vendor in vendors:
        for name in (vendor.name, vendor.legal_entity, *vendor.aliases):
            if found.setdefault(company(name), vendor.key) != vendor.key:
                raise ValueError(f"{name}: a name of {vendor.key} and of {found[company(name)]}")
    return found
