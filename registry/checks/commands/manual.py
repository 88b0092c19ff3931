"""The manual of the checks as Markdown, one page each and a table of contents, made of the rules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from registry.checks.book import RETIRED, Check, book

PLACE = Path("docs/checks")
GROUPS = {
    "COM": "Is everything there",
    "CON": "Does it hold together",
    "LAW": "Does it hold by the law of the day",
    "OBS": "Does it hold for the systems",
}
CERTAINTIES = {
    "exact": "exact: follows from the record alone",
    "lexical": "lexical: words were looked for; read the passage yourself",
    "catalogue": "catalogue: as sure as the entry of the vendor or law table",
    "evidence": "evidence: as sure as what was observed",
    "judgement": "judgement: a person has to decide",
}
KINDS = {
    "fail": "the wrong is there",
    "open": "cannot be decided yet",
    "pass": "it is not there",
    "na": "does not arise",
}


def pages() -> Mapping[str, str]:
    """The text of each file, by its name."""
    checks = book().values()
    made = {f"{check.code}.md": page(check) for check in checks}
    made |= {f"{code}.md": _retired(code, successor) for code, successor in RETIRED.items()}
    lines = [
        "# The checks",
        "",
        f"{len(book())} checks. Each page is made of its rule by `make manual`.",
        "",
    ]
    for group, title in GROUPS.items():
        lines += [f"## {title}", "", "| Check | The wrong | Severity | Articles |", "|---|---|---|---|"]
        lines += [
            f"| [{one.code}]({one.code}.md) | {one.rule.title['en']} | {one.rule.severity} "
            f"| {', '.join(one.rule.law)} |"
            for one in checks
            if one.code.startswith(group)
        ]
        lines.append("")
    return {"README.md": "\n".join(lines), **made}


def page(check: Check) -> str:
    """The page of one check."""
    rule, told = check.rule, check.page
    facts = {
        "Suomeksi": rule.title["fi"],
        "På svenska": rule.title["sv"],
        "Severity": f"{rule.severity} (a finding may say otherwise)",
        "Certainty": CERTAINTIES[rule.certainty],
        "Articles": ", ".join(rule.law),
        "Outcomes": "; ".join(f"`{kind}`: {KINDS[kind]}" for kind in rule.kinds),
        "Looks at": ", ".join(f"`{need}`" for need in rule.needs),
    }
    lines = [f"# {rule.code}: {rule.title['en']}", ""]
    lines += [told.wrong, ""] if told.wrong.rstrip(".") != rule.title["en"] else []
    lines += [told.more, ""] if told.more else []
    lines += ["| | |", "|---|---|", *(f"| {name} | {fact} |" for name, fact in facts.items()), ""]
    lines += ["## Why it matters", "", told.why, "", "## How to fix", "", told.fix, ""]
    lines += [f"The rule: `registry/checks/rules/{check.name}.py`. All checks: [README](README.md).", ""]
    return "\n".join(lines)


def _retired(code: str, successor: str) -> str:
    follows = f"Its successor is [{successor}]({successor}.md)." if successor else "It has no successor."
    return f"# {code}\n\nThis check is retired. {follows}\n"


def stale(place: Path = PLACE) -> list[str]:
    """Names of files that are missing, not current, or of no check."""
    made = pages()
    there = {file.name: file.read_text("utf-8") for file in place.glob("*.md")}
    return sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name))


@click.command("checks-docs")
@click.option("--check", is_flag=True, help="Write nothing; fail when a page is not current.")
@click.option("--directory", "place", type=click.Path(path_type=Path), default=PLACE, show_default=True)
def checks_docs(check: bool, place: Path) -> None:
    """Write the manual of the checks, a page each."""
    wrong = stale(place)
    if check:
        if wrong:
            raise click.ClickException(
                f"{', '.join(wrong)} in {place} not current: run `make manual` and review the difference."
            )
        return
    place.mkdir(parents=True, exist_ok=True)
    made = pages()
    for name in wrong:
        if name in made:
            (place / name).write_text(made[name], "utf-8")
        else:
            (place / name).unlink()
