"""What a publication says of every data category of its record, as documents that can be stored."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import rfc8785

from registry.catalogue.record import Record
from registry.retention.rules.lengths import Kept
from registry.retention.rules.rule import Rule


class Saying:
    """The rules of a record, and its silences. `stamped` is what every document bears besides (revision, time)."""

    def __init__(self, record: Record, rules: Sequence[Rule], stamped: Mapping[str, Any]) -> None:
        self.record, self.rules, self.stamped = record, rules, dict(stamped)
        self._by_category = {rule.category: rule for rule in rules}

    def all(self) -> list[Kept]:
        """One for each category, in the order of the record; a register not in use yet says nothing of any."""
        if self.record.register.status == "planned":
            return []
        return [
            self._said(self._by_category[data.id], data.pd)
            if data.id in self._by_category
            else self.silence(data.id, data.pd)
            for data in self.record.data_categories
        ]

    def silence(self, category: str, data_category: str | None) -> Kept:
        """What stands for a category without a rule."""
        document = {
            "category": category,
            "data_category": data_category,
            "period": None,
            "conflict": True,
            "silent": True,
            "register": self.record.key,
            "systems": self._systems(),
            **self.stamped,
        }
        return Kept(category, data_category, True, True, None, "", None, None, rfc8785.dumps(document))

    def unclear(self, one: Kept, data_category: str | None) -> Kept:
        """A rule of the record as it is told while nobody can say whether it would delete sooner: without a period."""
        if one.silent:
            return self.silence(one.category, data_category)
        rule = self._by_category[one.category]
        nothing: dict[str, Any] = dict.fromkeys(
            ("period", "start_event", "criterion", "caller_supplies", "action", "mode", "interval", "longest_life",
             "longest_life_stated")
        )  # fmt: skip
        return self._said(
            dataclasses.replace(
                rule, **nothing, data_category=data_category, conflict_because="change_pending"
            ),
            data_category,
        )

    def _said(self, rule: Rule, data_category: str | None) -> Kept:
        return Kept(
            rule.category,
            data_category,
            False,
            rule.conflict,
            rule.period,
            rule.ends,
            None if rule.data_subjects is None else frozenset(rule.data_subjects),
            rule.time_zone,
            rfc8785.dumps(rule.document(**self.stamped)),
        )

    def _systems(self) -> list[str]:
        controller = self.record.key.partition("/")[0]
        return [f"{controller}/{key}" for key in self.record.system_keys]
