"""The book of checks: every rule with its page, by code, and what all of them say of a record."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import logging
import pkgutil
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import MappingProxyType, ModuleType

from registry import errors
from registry.checks import rules
from registry.checks.rule import Case, Outcome, Rule, Said, dated, settled

log = logging.getLogger(__name__)

#: Codes that no longer have a rule, and the code that took over ("" for none). They are never given again.
RETIRED: Mapping[str, str] = MappingProxyType({})

_CODE = re.compile(r"(?:COM|CON|LAW|OBS)[0-9]{3}")
_PAGE = re.compile(
    r"(?P<wrong>[^\n]+)\n\n(?:(?P<more>.+?)\n\n)?Why it matters\n(?P<why>.+?)\n\nHow to fix\n(?P<fix>.+)",
    re.DOTALL,
)


class CodeTaken(RuntimeError):
    """A code was given to a second rule, or to one after it was retired."""


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """The manual page of a rule, from its docstring: the wrong, more on it, why it matters, how to fix it."""

    wrong: str
    more: str
    why: str
    fix: str


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """A rule with its page and what does it. `name` is that of its file."""

    rule: Rule
    page: Page
    name: str
    check: Callable[[Case], Said]

    @property
    def code(self) -> str:
        """The code of the rule."""
        return self.rule.code

    def say(self, case: Case) -> tuple[Outcome, ...]:
        """What the rule says of a case. Raises ValueError when it breaks its own terms (`rule.settled`)."""
        return settled(self.rule, self.check(case))


def bound(modules: Iterable[ModuleType]) -> Mapping[str, Check]:
    """The rules of `modules` by code, in order of code.

    Raises CodeTaken naming the owner of a code that a second one has, ValueError for a rule without its page, with a
    code of another form, or in a file not named after its code.
    """
    found: dict[str, Check] = {}
    for module in modules:
        name = module.__name__.rpartition(".")[2]
        rule: Rule = module.RULE
        if not _CODE.fullmatch(rule.code) or not name.startswith(rule.code.lower() + "_"):
            raise ValueError(f"{name} has the code {rule.code}")
        if rule.code in found:
            raise CodeTaken(f"{rule.code} of {name} is taken by {found[rule.code].name}")
        if rule.code in RETIRED:
            raise CodeTaken(
                f"{rule.code} of {name} was retired; its successor is {RETIRED[rule.code] or 'none'}"
            )
        found[rule.code] = Check(rule, page(module.__doc__ or "", name), name, module.check)
    return MappingProxyType(dict(sorted(found.items())))


def page(docstring: str, name: str) -> Page:
    """The page that a rule's docstring is. Raises ValueError unless it has its three parts."""
    match = _PAGE.fullmatch(docstring.strip())
    if match is None:
        raise ValueError(f"{name} needs a docstring: the wrong, Why it matters, How to fix")
    return Page(*(" ".join((match[part] or "").split()) for part in ("wrong", "more", "why", "fix")))


@functools.cache
def book() -> Mapping[str, Check]:
    """Every rule there is, by code."""
    names = sorted(one.name for one in pkgutil.iter_modules(rules.__path__) if not one.name.startswith("_"))
    return bound(importlib.import_module(f"{rules.__name__}.{name}") for name in names)


def examine(case: Case, codes: Iterable[str] | None = None) -> Iterator[tuple[Check, Outcome]]:
    """What the rules (default: all) say of a case, in order of code.

    A rule that breaks is logged and said to be open: what could not be looked at is never a pass.
    """
    checks = book() if codes is None else {code: book()[code] for code in sorted(set(codes))}
    for check in checks.values():
        try:
            outcomes = _weighed(check, case, check.say(case))
        except Exception as error:
            log.error("%s broke on %s\n%s", check.code, case.record.key, errors.places(error))
            outcomes = (BROKEN,)
        for outcome in outcomes:
            yield check, outcome


def _weighed(check: Check, case: Case, outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
    """What a rule said, with what looks other than those that it was judged by say against it (ADR 18)."""
    if "open" not in check.rule.kinds or any(one.kind == "na" for one in outcomes):
        return outcomes
    kinds = {need.partition(":")[2] for need in check.rule.needs if need.startswith("observation:")}
    for against in (_lost_sight_of, _seen_before, _contradicted):
        known = {one.key for one in outcomes if one.kind == "fail"}
        if more := tuple(one for one in against(check, case, kinds) if one.key not in known):
            keys = {one.key for one in more}
            left = (one for one in outcomes if one.kind != "pass" and one.key not in keys)
            outcomes = (*left, *more)
    return outcomes


def _lost_sight_of(check: Check, case: Case, kinds: Collection[str]) -> Iterator[Outcome]:
    """What is open because looks have failed for so long that what was seen before them bears nothing out any more."""
    still = case.still_seen(kinds)
    return (one for one in check.say(still) if one.kind == "open") if still is not None else iter(())


def _seen_before(check: Check, case: Case, kinds: Collection[str]) -> Iterator[Outcome]:
    """What was wrong before a look that broke off: that this does not show it makes it no better."""
    shown = list(case.since_whole(kinds))
    wrong = [one for one in check.say(shown[-1]) if one.kind == "fail"] if shown else []
    by: dict[str, int | None] = {}
    for then in shown[:-1] if wrong else ():  # the first that shows it is what it rests on
        by |= {
            one.key: one.observation for one in check.say(then) if one.kind == "fail" and one.key not in by
        }
    days = {one.id: dated(case.day_of(one.taken_at)) for one in case.observations}
    for one in wrong:
        day = days.get(by.get(one.key) or 0)
        yield (
            one
            if day is None
            else dataclasses.replace(
                one,
                observation=by[one.key],
                message={
                    "fi": f"{one.message['fi']} Näin nähtiin ({day}); sen jälkeen on nähty vain osa.",
                    "en": f"{one.message['en']} So it was seen ({day}); since then only part of it has been.",
                },
            )
        )


def _contradicted(check: Check, case: Case, kinds: Collection[str]) -> Iterator[Outcome]:
    """What is open because a newer look of weaker evidence alone would fail."""
    alone = case.weaker(kinds)
    if alone is None:
        return
    known = {one.key for one in check.say(case) if one.kind == "fail"}
    for wrong in check.say(alone):
        if wrong.kind == "fail" and wrong.key not in known:
            yield case.open(
                wrong.field,
                key=f"contradicted:{wrong.key}",
                observation=wrong.observation,
                fi="Uudempi mutta heikompi näyttö on toista mieltä kuin se, jonka mukaan vikaa ei ole. "
                f"{wrong.message['fi']}",
                en="Newer but weaker evidence contradicts that by which nothing is wrong here. "
                f"{wrong.message['en']}",
                closes=("Uusi katsaus järjestelmään itseensä.", "A new look at the system itself."),
            )


BROKEN = Outcome(
    kind="open",
    message={
        "fi": "Tarkistusta ei saatu tehtyä: ohjelmassa on vika, joka on kirjattu lokiin.",
        "en": "The check could not be made: there is a fault in the program, which has been logged.",
    },
    closes={"fi": "Vian korjaaminen.", "en": "Mending the fault."},
)
