"""How `registry check` tells what was found: a table for people, JSON and SARIF for programs; register by register."""

from __future__ import annotations

import abc
import dataclasses
from datetime import date
from typing import Any

import click
import orjson

from registry import clock, terminal
from registry.catalogue.read import sources
from registry.checks.book import book
from registry.checks.days.past import law_told, shown
from registry.checks.findings import sarif
from registry.checks.findings.stored import Examined
from registry.checks.measures.completeness import Share, completeness
from registry.checks.rule import KINDS, SEVERITIES
from registry.checks.runs.running import Tally
from registry.settings import Settings

MARKS = {"fail": "✗", "open": "?", "pass": "✓", "na": "–"}
NOTES = {
    "invented": {"en": " [invented observation]", "fi": " [keksitty havainto]"},
    "remembered": {"en": " [law from memory]", "fi": " [laki muistin varassa]"},
}
WAIVED = {"en": "waived until", "fi": "hyväksytty poikkeama asti"}


@dataclasses.dataclass(kw_only=True)
class Printer(abc.ABC):
    """Prints what is said of registers, piece by piece, so that any number of them takes little memory.

    `tally` knows what is waived, and at the end what all came to; `whole`: also what passes and does not apply.
    """

    tally: Tally
    as_of: date | None = None
    whole: bool = False
    language: str = "en"

    @abc.abstractmethod
    def say(self, one: Examined) -> None:
        """Print what was said of one register."""

    @abc.abstractmethod
    def end(self) -> None:
        """Print what comes after all registers."""

    def day(self) -> str:
        """The day that is told about."""
        return (self.as_of or clock.day_of(clock.now())).isoformat()

    def documents(self, one: Examined) -> list[bytes]:
        """What was said of one register, as served: with its title, and with what is waived."""
        return [shown(said, self.tally.waiver(one.controller, one.register, said)) for said in one.said]


def complete(one: Examined) -> Share | None:
    """How much of what GDPR 30, 13 and 14 ask the record says; None where the record is not at hand."""
    case = one.case
    return None if case is None else completeness(case.record, case.law, case.as_of).whole


@dataclasses.dataclass(kw_only=True)
class Table(Printer):
    """For people: a table for each register, and the sum."""

    def say(self, one: Examined) -> None:
        """Print the table of one register: what is wrong first, then what is open."""
        told = [orjson.loads(document) for document in self.documents(one)]
        told.sort(
            key=lambda each: (KINDS.index(each["kind"]), SEVERITIES.index(each["severity"]), each["code"])
        )
        rows = [self._row(each) for each in told if self.whole or each["kind"] in ("fail", "open")]
        share = complete(one)
        click.secho(f"\n{one.controller}/{one.register}", bold=True, nl=False)
        click.echo(
            "" if share is None else f"  {share.percent} % complete ({share.answered} of {share.required})"
        )
        if rows:
            click.echo(terminal.table(("", "", "check", "line", "article", "what"), rows))
        else:
            click.echo("Nothing is wrong, and nothing open.")

    def end(self) -> None:
        """Print the sum."""
        tally = self.tally
        kinds = ", ".join(f"{tally.kinds[kind]} {kind}" for kind in KINDS)
        severities = ", ".join(f"{tally.severities[severity]} {severity}" for severity in SEVERITIES)
        waived = f", {sum(tally.waived.values())} waived" if any(tally.waived.values()) else ""
        same = f" {tally.unchanged} of them had not changed." if tally.unchanged else ""
        click.echo(f"\n{tally.registers} checked: {kinds}. Of what fails: {severities}{waived}.{same}")

    def _row(self, told: dict[str, Any]) -> tuple[object, ...]:
        said, waived = told["message"][self.language], told["waived"]
        if told["closes"]:
            said += f" ({told['closes'][self.language]})"
        said += "".join(note[self.language] for name, note in NOTES.items() if told[name])
        if waived:
            said += f" [{WAIVED[self.language]} {waived['until']}: {waived['reason']}]"
        severity = "waived" if waived else told["severity"] if told["kind"] == "fail" else told["kind"]
        article = book()[told["code"]].rule.law[0]
        return (
            MARKS[told["kind"]],
            terminal.severity(severity),
            told["code"],
            told["line"] or "",
            article,
            said,
        )


@dataclasses.dataclass(kw_only=True)
class Json(Printer):
    """One JSON object: all findings, then what they come to, and how complete each register is (per cent)."""

    begun: bool = False
    complete: dict[str, int] = dataclasses.field(default_factory=dict)

    def say(self, one: Examined) -> None:
        """Print the findings of one register."""
        if (share := complete(one)) is not None:
            self.complete[f"{one.controller}/{one.register}"] = share.percent
        for document in self.documents(one):
            click.echo(",\n" if self.begun else '{"findings":[\n', nl=False)
            click.echo(document, nl=False)
            self.begun = True

    def end(self) -> None:
        """Print the sum."""
        told = {
            "as_of": self.day(),
            **self.tally.told(),
            "unchanged": self.tally.unchanged,
            "complete": self.complete,
        }
        opening = "" if self.begun else '{"findings":['
        click.echo(opening + "\n]," + orjson.dumps(told).decode()[1:])


@dataclasses.dataclass(kw_only=True)
class Sarif(Printer):
    """One SARIF 2.1.0 log: what is wrong and what is open, with `whole` also the rest."""

    begun: bool = False

    def say(self, one: Examined) -> None:
        """Print the results of one register."""
        name = f"{one.controller}/{one.register}"
        source = sources([name]).get(name)
        for document in self.documents(one):
            told = orjson.loads(document)
            if self.whole or told["kind"] in ("fail", "open"):
                self._begin(",")
                click.echo(orjson.dumps(sarif.result(told, source, self.language)), nl=False)

    def end(self) -> None:
        """Print what closes the log."""
        self._begin("")
        click.echo(sarif.CLOSING)

    def _begin(self, between: str) -> None:
        if self.begun:
            click.echo(f"{between}\n" if between else "", nl=False)
            return
        self.begun = True
        base = Settings.from_env().base_url
        click.echo(
            sarif.opening(base=base, language=self.language, as_of=self.day(), law=law_told()), nl=False
        )
