"""`registry drift`: what is declared beside what is observed, for a terminal and for machines."""

from __future__ import annotations

from collections import Counter

import click
import orjson

from registry import terminal
from registry.catalogue import store
from registry.catalogue.read import parts
from registry.checks.book import book
from registry.drift import sides
from registry.drift.beside import Beside
from registry.drift.drifting import Drift, drift
from registry.drift.routes import told
from registry.errors import NotFound

MARKS = {"differs": "✗", "unknown": "?", "vendor_says": "~", "agrees": "✓", "not_applicable": "–"}
COLOURS = {
    "differs": "red",
    "unknown": "yellow",
    "vendor_says": None,
    "agrees": "green",
    "not_applicable": None,
}
#: Names of what is printed, by language.
SAYS = {
    "en": {
        "declared": "declared", "observed": "observed", "whole": "", "part": ", not all", "days": "d",
        "changed": "Changed since the look of {day}: {kind}", "never": "Nobody has looked at: {kinds}",
        "late": "{kind} was last looked at {days} days ago", "none": "No register names this system.",
        "dark": "Nobody has looked at this system: have it looked at (`registry connector add`), or hand in what it "
                "is like (`registry observations`).",
        "nothing": "No system is declared: `registry load` declares some.", "seen": "It was last looked at on {day}.",
        "until": ", until {day}", "heads": "system|looked at|✓|?|✗|what differs", "unseen": "never",
        "unnamed": "no register names it", "stale": "{count} kinds of look are overdue",
    },
    "fi": {
        "declared": "ilmoitettu", "observed": "havaittu", "whole": "", "part": ", ei kaikkea", "days": " pv",
        "changed": "Muuttunut {day} katsotusta: {kind}", "never": "Kukaan ei ole katsonut: {kinds}",
        "late": "{kind} katsottiin viimeksi {days} päivää sitten", "none": "Mikään rekisteri ei nimeä järjestelmää.",
        "dark": "Kukaan ei ole katsonut järjestelmää: kytke se katsottavaksi (`registry connector add`) tai kirjaa, "
                "millainen se on (`registry observations`).",
        "nothing": "Yhtään järjestelmää ei ole ilmoitettu: `registry load` ilmoittaa.",
        "seen": "Se katsottiin viimeksi {day}.",
        "until": ", {day} asti", "heads": "järjestelmä|katsottu|✓|?|✗|mikä eroaa", "unseen": "ei koskaan",
        "unnamed": "mikään rekisteri ei nimeä sitä", "stale": "{count} lajia katsottu liian kauan sitten",
    },
}  # fmt: skip
#: Verdicts and aspects, by language.
VERDICTS = {
    "en": {"differs": "differs", "unknown": "unknown", "vendor_says": "by the vendor's word", "agrees": "agrees",
           "not_applicable": "does not apply"},
    "fi": {"differs": "eroaa", "unknown": "epäselvä", "vendor_says": "toimittajan mukaan", "agrees": "täsmää",
           "not_applicable": "ei koske"},
}  # fmt: skip
SEVERITIES = {"en": {}, "fi": {"error": "virhe", "warning": "varoitus", "info": "tiedoksi"}}
ASPECTS = {
    "en": {"sub_processors": "sub-processors"},
    "fi": {"retention": "säilytys", "roles": "roolit", "domains": "verkkotunnukset",
           "account_hygiene": "tunnusten hoito", "region": "sijainti", "fields": "tiedot",
           "sub_processors": "alikäsittelijät", "publication": "julkaisu", "requests": "pyynnöt",
           "trackers": "seuranta"},
}  # fmt: skip
INDENT = "              "


@click.command("drift")
@click.argument("names", nargs=-1, metavar="[CONTROLLER|SYSTEM]…")
@click.option("--all", "whole", is_flag=True, help="Show also what agrees and what does not apply.")
@click.option(
    "--summary",
    is_flag=True,
    help="A line for each system: what differs, how much is unknown, when it was looked at.",
)
@click.option("--fail-on-difference", is_flag=True, help="Exit with 1 where something differs.")
@click.option(
    "--language", type=click.Choice(("fi", "en")), default="en", show_default=True, help="Of the sentences."
)
@click.option("--json", "as_json", is_flag=True, help="For machines: one JSON object a line, a system each.")
@click.pass_context
def command(
    ctx: click.Context,
    names: tuple[str, ...],
    whole: bool,
    summary: bool,
    fail_on_difference: bool,
    language: str,
    as_json: bool,
) -> None:
    """Say how systems differ from what registers say of them.

    With the evidence and its age. Of systems, given as controller/key, or of all systems of controllers; of
    all that there are where none is given.
    """
    settings, differs = terminal.opened(), False
    systems, rows = _systems(names), list[tuple[str, ...]]()
    if not systems and not as_json:
        click.echo(SAYS[language]["nothing"])
    for controller, key in systems:
        found = drift(controller, key, overdue_days=settings.look_days)
        every = [one for register in found.registers for one in register.aspects]
        differs = differs or any(one.verdict == "differs" for one in every)
        if as_json:
            click.echo(orjson.dumps(told(found, settings.look_days)))
        elif summary:
            rows.append(_row(found, language))
        else:
            _print(found, whole, language)
    if rows:
        click.echo(terminal.table(SAYS[language]["heads"].split("|"), rows))
    if fail_on_difference and differs:
        ctx.exit(1)


def _systems(names: tuple[str, ...]) -> list[tuple[str, str]]:
    """The systems that are meant, in order. Raises NotFound for a controller that is not there."""
    found: list[tuple[str, str]] = []
    for name in names:
        if "/" in name:
            controller, key = parts(name, "system")
            if not store.exists("system", controller, key):
                raise NotFound(
                    f"There is no system {name}. `registry drift {controller}` shows those there are."
                )
            found.append((controller, key))
            continue
        if not store.exists("controller", name, name):
            raise NotFound(f"There is no controller {name}; a system is given as controller/key.")
        found += [(one.controller, one.key) for one in store.select("system", controllers={name})]
    return found or ([] if names else [(one.controller, one.key) for one in store.select("system")])


def _print(found: Drift, whole: bool, language: str) -> None:
    for register in found.registers:
        click.secho(f"\n{found.system} ({found.name}) – {register.register}, v{register.version}", bold=True)
        for one in register.aspects:
            if whole or one.verdict in ("differs", "unknown"):
                _block(found, one, language)
        counts: Counter[str] = Counter(one.verdict for one in register.aspects)
        words = VERDICTS[language]
        click.echo(", ".join(f"{MARKS[one]} {counts[one]} {words[one]}" for one in MARKS if counts[one]))
    if not found.registers:
        click.secho(f"\n{found.system} ({found.name})", bold=True)
        click.echo(SAYS[language]["none"])
        if found.looked_at:
            click.echo(SAYS[language]["seen"].format(day=found.looked_at[:10]))
    if not found.looked_at:
        click.secho(terminal.filled(SAYS[language]["dark"]), fg="yellow")
    _after(found, language)


def _row(found: Drift, language: str) -> tuple[str, ...]:
    """A system in one line, of all the registers that name it."""
    says, every = SAYS[language], [one for register in found.registers for one in register.aspects]
    counts: Counter[str] = Counter(one.verdict for one in every)
    told = list(dict.fromkeys(_called(one, language) for one in every if one.verdict == "differs"))
    if not found.registers:
        told.append(says["unnamed"])
    if late := sum(one.days is not None for one in found.overdue):
        told.append(says["stale"].format(count=late))
    looked = found.looked_at[:10] if found.looked_at else says["unseen"]
    numbers = (str(counts[one]) for one in ("agrees", "unknown", "differs"))
    return found.system, looked, *numbers, ", ".join(told)


def _called(one: Beside, language: str) -> str:
    return ASPECTS[language].get(one.aspect.name, one.aspect.name.replace("_", " "))


def _block(found: Drift, one: Beside, language: str) -> None:
    """An aspect: its statements, what was seen with the evidence and its age, and what is wrong or open."""
    says = SAYS[language]
    click.secho(f"{MARKS[one.verdict]} {_called(one, language)} ({one.aspect.code})", fg=COLOURS[one.verdict])
    for statement in one.statements:
        mark = f"{MARKS[statement.verdict]} " if len(one.statements) > 1 else ""
        _line(says["declared"], mark + ("; ".join(said[language] for said in statement.declared) or "–"))
    for look in one.evidence:
        state = says["whole" if look.complete else "part"]
        if look.expires_on:
            state += says["until"].format(day=look.expires_on)
        source = f"[{look.kind} #{look.id}, {look.source_level}, {found.age(look)}{says['days']}{state}]"
        _line(says["observed"], "; ".join(said[language] for said in sides.seen(look)) + f" {source}")
    for statement in one.statements:
        for finding in statement.findings:
            worst = finding.severity or book()[one.aspect.code].rule.severity
            # what is open is of no severity yet
            name = SEVERITIES[language].get(worst, worst) if finding.kind == "fail" else ""
            closes = f" → {finding.closes[language]}" if finding.closes else ""
            _line(
                name, finding.message[language] + closes, terminal.SEVERITY_COLOURS.get(worst if name else "")
            )


def _line(name: str, text: str, colour: str | None = None) -> None:
    first = f"  {name:<{len(INDENT) - 2}}"
    filled = terminal.filled(text, first, INDENT)
    click.echo(click.style(filled[: len(first)], fg=colour) + filled[len(first) :])


def _after(found: Drift, language: str) -> None:
    says = SAYS[language]
    for one in found.changed:
        click.echo(says["changed"].format(day=one.before.taken_at[:10], kind=one.kind))
        for each in one.differences:
            values = f"{_short(each.get('before'))} → {_short(each.get('after'))}"
            _line("", f"{each['field']} {each['change']}: {values}")
        if one.more:
            _line("", f"… {one.more}")
    if dark := [one.kind for one in found.overdue if one.taken_at is None]:
        click.echo(terminal.filled(says["never"].format(kinds=", ".join(dark))))
    for late in found.overdue:
        if late.days is not None:
            click.echo(says["late"].format(kind=late.kind, days=late.days))


def _short(value: object) -> str:
    text = "–" if value is None else orjson.dumps(value).decode()
    return text if len(text) <= 80 else text[:79] + "…"
