"""What a rule is, what it gets to see, and what it may say."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Literal, get_args

from registry import clock
from registry.checks.phrases import says
from registry.connectors.observations.attesting import lapsed
from registry.connectors.observed.partly import over

if TYPE_CHECKING:
    from registry.catalogue.record import Record
    from registry.connectors.observed.observation import Observation
    from registry.law import Law

Kind = Literal["fail", "open", "pass", "na"]
Severity = Literal["error", "warning", "info"]
Certainty = Literal["exact", "lexical", "catalogue", "evidence", "judgement"]

#: From what needs doing to what does not.
KINDS: tuple[Kind, ...] = get_args(Kind)
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
CERTAINTIES: tuple[Certainty, ...] = get_args(Certainty)
LANGUAGES = ("fi", "sv", "en")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One check: its code for ever, how bad it is, the articles, how sure its answer is, and what it has to see.

    `title` is the wrong, in fi, sv and en. `needs` are JSON Pointers into the assembled record, `*` standing for any
    position, and ``observation:<kind>``. `kinds` are the outcomes that it can give.
    """

    code: str
    severity: Severity
    title: Mapping[str, str]
    law: tuple[str, ...]
    certainty: Certainty
    needs: tuple[str, ...]
    kinds: tuple[Kind, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One thing that a rule says of one record.

    `field` is a JSON Pointer into the assembled record; `quote` and `line` are of the document that the record was
    taken from. `message` says in fi and en what was seen and what to do; `closes`, of an open one, what would decide
    it. `severity` is the rule's unless given. `key` tells the outcomes of one rule in one record apart, and stays the
    same as long as they are about the same thing. `observation` is the number of the one that decided; `remembered`
    are the keys of entries of the law tables that decided and are known from memory only.
    """

    kind: Kind
    message: Mapping[str, str]
    field: str = ""
    quote: str | None = None
    line: int | None = None
    severity: Severity | None = None
    key: str = ""
    closes: Mapping[str, str] | None = None
    observation: int | None = None
    remembered: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where in the source document something is said."""

    quote: str | None = None
    line: int | None = None


@dataclasses.dataclass(frozen=True)
class Case:
    """What a rule sees: a record with its controller and systems, the law, a day, and what the systems showed.

    `observations` are the newest of each system and kind, with older ones that still count for something
    (docs/adr/0018); days are days of `zone`, the controller's. A look is fresh for `look_days`.
    """

    record: Record
    law: Law
    as_of: date
    observations: tuple[Observation, ...] = ()
    zone: str = clock.HELSINKI
    look_days: int = 30

    # --- what was seen

    def observed(self, kind: str, system: str | None = None) -> list[Observation]:
        """Observations of a kind that count, of one system or of all that the record names.

        Of one system those of the strongest evidence that there is (docs/adr/0018).
        """
        found = [seen for seen in self._newest(kind, system) if not self._over(seen)]
        best = {
            seen.system: min(one.strength for one in found if one.system == seen.system) for seen in found
        }
        return [seen for seen in found if seen.strength == best[seen.system]]

    def weaker(self, kinds: Collection[str]) -> Case | None:
        """The case as newer looks of weaker evidence alone show it, of these kinds; None where there are none."""
        counting = {seen.id for kind in kinds for seen in self.observed(kind)}
        newer = {
            one.id: (one.system, one.kind)
            for one in self.observations
            if one.kind in kinds
            and one.id not in counting
            and not self._over(one)
            and any(
                one.taken_at > seen.taken_at
                for seen in self.observations
                if seen.id in counting and (seen.system, seen.kind) == (one.system, one.kind)
            )
        }
        hidden = set(newer.values())
        return self._with(
            one for one in self.observations if one.id in newer or (one.system, one.kind) not in hidden
        )

    def since_whole(self, kinds: Collection[str]) -> Iterator[Case]:
        """Where what counts of these kinds saw only part, and all of it was seen before: the case as the last whole
        look shows it, then with each later one laid over that. Otherwise nothing.

        What a look that broke off does not show may be there all the same; what it shows counts.
        """
        parts = [seen for kind in kinds for seen in self.observed(kind) if not seen.complete]
        stacks = {part.id: stack for part in parts if (stack := self._to(part))}
        put = {one.id for stack in stacks.values() for one in stack} - stacks.keys()
        laid: dict[int, Observation] = {}
        for next_ones in zip_longest(*stacks.values()):
            for part, one in zip(stacks, next_ones, strict=True):
                if one is not None:
                    laid[part] = over(one, laid[part]) if part in laid else one
            shown = tuple(laid.get(one.id, one) for one in self.observations if one.id not in put)
            yield dataclasses.replace(self, observations=shown)

    def _to(self, part: Observation) -> list[Observation]:
        """The last whole look of the strongest evidence before one that broke off, with those since; or nothing."""
        older = [
            one
            for one in self.observations
            if (one.system, one.kind) == (part.system, part.kind)
            and (one.taken_at, one.id) <= (part.taken_at, part.id)
            and not self._over(one)
        ]
        whole = max(
            (one for one in older if one.complete),
            key=lambda one: (-one.strength, one.taken_at, one.id),
            default=None,
        )
        if whole is None:
            return []
        later = (
            one for one in older if not one.complete and (one.taken_at, one.id) > (whole.taken_at, whole.id)
        )
        return [whole, *sorted(later, key=lambda one: (one.taken_at, one.id))]

    def still_seen(self, kinds: Collection[str]) -> Case | None:
        """The case without what was last seen more than `look_days` before the newest look at it, which failed; None
        where there is no such thing.

        What somebody vouched for counts until its own day. Where the system cannot show a kind at all, whoever else
        told of it is not outlived by that.
        """
        failed = {
            (one.system, one.about): one
            for one in self.observations
            if one.kind == "could_not_look" and one.payload["reason"] != "not_supported"
        }
        return self._with(
            one
            for one in self.observations
            if one.kind not in kinds
            or one.source_level == "attestation"
            or (late := failed.get((one.system, one.kind))) is None
            or not self._outlived(one, late)
        )

    def _with(self, observations: Iterable[Observation]) -> Case | None:
        """The same case with other observations; None where they are those that it has."""
        left = tuple(observations)
        return dataclasses.replace(self, observations=left) if left != self.observations else None

    def _outlived(self, seen: Observation, failed: Observation) -> bool:
        return seen.taken_at < clock.later(failed.taken_at, -86_400.0 * self.look_days)

    def _newest(self, kind: str, system: str | None) -> list[Observation]:
        """What was seen of a kind, but for what another of the same evidence or stronger has taken the place of."""
        found = [seen for seen in self.observations if seen.kind == kind and system in (None, seen.system)]
        if len(found) < 2:
            return found
        return [
            seen
            for seen in found
            if not any(
                one.system == seen.system
                and (one.taken_at, one.id) > (seen.taken_at, seen.id)
                and one.strength <= seen.strength
                for one in found
            )
        ]

    def lapsed(self, kind: str, system: str | None = None) -> Observation | None:
        """An observation of a kind that counted until a day that has come, where nothing else was seen."""
        found = self._newest(kind, system)
        return found[0] if found and all(self._over(seen) for seen in found) else None

    def blind(self, kind: str, system: str) -> Observation | None:
        """The failed look at what a system has of a kind, if nothing was seen since; what has lapsed was not seen."""
        tried = [seen for seen in self.observations if seen.about == kind and seen.system == system]
        newest = max(tried, key=lambda seen: seen.taken_at, default=None)
        if newest is None or newest.kind == "could_not_look" or not self._over(newest):
            return newest if newest is not None and newest.kind == "could_not_look" else None
        reason = {"asked": kind, "reason": f"expired {newest.expires_on}"}
        return dataclasses.replace(newest, kind="could_not_look", payload=reason, complete=False)

    def _over(self, seen: Observation) -> bool:
        # The day is asked for only where it matters: whoever looked at it is asked again tomorrow.
        return seen.expires_on is not None and lapsed(seen.expires_on, self.as_of)

    def systems(self) -> Iterator[tuple[str, Any]]:
        """The record's systems that can be looked at, as (controller/key, system): those on paper cannot."""
        controller = self.record.key.partition("/")[0]
        for key, system in zip(self.record.system_keys, self.record.systems, strict=True):
            if system.kind != "paper":
                yield f"{controller}/{key}", system

    def day_of(self, instant: str) -> date:
        """The day of an instant, in the controller's zone."""
        return clock.day_of(instant, self.zone)

    # --- where it is said

    def place(self, *pointers: str) -> Place:
        """Quote and line of the first of these fields that has them, or of the part around it."""
        for pointer in pointers:
            said = self.record.said(pointer)
            if said.quote is not None or said.line is not None:
                return Place(said.quote, said.line)
        return Place()

    def heading(self, about: str) -> Place:
        """The first heading of the source document that is about `about`, a group of phrases; else nowhere."""
        for section in self.record.document.sections:
            if section.heading and says(about, section.heading):
                return Place(section.heading, section.line)
        return Place()

    # --- what is said of it

    def fail(self, field: str, **said: Any) -> Outcome:
        """The wrong is there. Quote and line are those of `field` unless `at` (a Place) is given."""
        return self._outcome("fail", field, **said)

    def passes(self, field: str, **said: Any) -> Outcome:
        """The wrong was looked for and is not there."""
        return self._outcome("pass", field, **said)

    def na(self, field: str = "", **said: Any) -> Outcome:
        """The question does not arise."""
        return self._outcome("na", field, **said)

    def open(self, field: str, *, closes: tuple[str, str], **said: Any) -> Outcome:
        """It cannot be decided from what there is; `closes` says in Finnish and English what would decide it."""
        return self._outcome("open", field, closes={"fi": closes[0], "en": closes[1]}, **said)

    def _outcome(
        self, kind: Kind, field: str, *, fi: str, en: str, at: Place | None = None, **said: Any
    ) -> Outcome:
        where = self.place(field) if at is None else at
        message = {"fi": fi, "en": en}
        return Outcome(kind=kind, field=field, message=message, quote=where.quote, line=where.line, **said)


def dated(day: date | None) -> str:
    """A day as readers in Finland write it: 16.7.2020 (empty for none)."""
    return "" if day is None else f"{day.day}.{day.month}.{day.year}"


#: What a rule's `check` may give: one outcome, or each wrong and each open question by itself.
Said = Outcome | Iterable[Outcome]


def settled(rule: Rule, said: Said) -> tuple[Outcome, ...]:
    """What a rule said, in one form. Outcomes of one key (a record may name the same party twice) are numbered.

    Raises ValueError when that is nothing, a kind that the rule does not give, or a pass beside anything else: a pass
    is of the whole record.
    """
    outcomes = (said,) if isinstance(said, Outcome) else tuple(said)
    kinds = [outcome.kind for outcome in outcomes]
    if not outcomes or set(kinds) - set(rule.kinds):
        raise ValueError(f"{rule.code} said {kinds or 'nothing'}")
    if len(outcomes) > 1 and set(kinds) & {"pass", "na"}:
        raise ValueError(f"{rule.code} said {kinds} at once")
    return outcomes if len({one.key for one in outcomes}) == len(outcomes) else tuple(_numbered(outcomes))


def _numbered(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    seen: Counter[str] = Counter()
    for outcome in outcomes:
        seen[outcome.key] += 1
        again = seen[outcome.key]
        yield outcome if again == 1 else dataclasses.replace(outcome, key=f"{outcome.key}#{again}")
