"""The pages for people: links lead somewhere, every page is in the index, commands and settings named there exist."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import click
import pytest

from registry.cli import main
from registry.settings import Settings

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/adr/*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
CODE = re.compile(r"`([^`\n]+)`")
BLOCK = re.compile(r"^```\n(.*?)^```", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"(?:^|[\s(&|])registry ([a-z][a-z-]+)((?: (?!\\)[^\s|&#]+)*)")
PATH = re.compile(r"(/v1/[a-z-]+(?:/[a-z0-9-]+)*)(?![a-z0-9-]|/?[…{*])")
SETTING = re.compile(r"REGISTRY_([A-Z_]+[A-Z])\b")
#: Of the tests, the bench and the demonstration, not of the service.
OTHERS = {"TEST"}


def named(page: Path) -> list[tuple[str, list[str]]]:
    """The commands that a page shows: name, and the words after it."""
    text = page.read_text("utf-8")
    shown = BLOCK.findall(text) + CODE.findall(BLOCK.sub("", text))
    return [(name, rest.split()) for one in shown for name, rest in COMMAND.findall(one)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_what_is_there(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text("utf-8")) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_index_names_every_page() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link).resolve() for link in LINK.findall(index.read_text("utf-8"))}
    assert [
        str(page) for page in ROOT.glob("docs/*.md") if page != index and page.resolve() not in linked
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_options_named_are_there(page: Path) -> None:
    if page.name == "CHANGELOG.md":  # it names also what was
        return
    wrong = []
    for name, words in named(page):
        command: click.Command | None = main.commands.get(name)
        if isinstance(command, click.Group) and words:
            command = command.commands.get(words[0], command)
        known = {
            option for one in getattr(command, "params", ()) for option in (*one.opts, *one.secondary_opts)
        }
        options = {word.split("=")[0].strip(".,;:)") for word in words if word.startswith("--")}
        if command is None or options - known - {"--help"}:
            wrong.append((name, sorted(options - known)))
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_named_are_there(page: Path) -> None:
    told = json.loads((ROOT / "openapi" / "registry.json").read_text("utf-8"))["paths"]
    known = {tuple("*" if step.startswith("{") else step for step in path.split("/")) for path in told}
    steps = {len(path) for path in known}

    def there(named: str) -> bool:
        given = named.split("/")
        return any(
            all(one in ("*", step) for one, step in zip(path, given, strict=False))
            for path in known
            if len(path) >= len(given) and len(given) <= max(steps)
        )

    assert {name for name in PATH.findall(page.read_text("utf-8")) if not there(name)} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_settings_named_are_there(page: Path) -> None:
    known = {one.name.upper() for one in dataclasses.fields(Settings)}
    found = set(SETTING.findall(page.read_text("utf-8")))
    assert {name for name in found - known if name.split("_")[0] not in OTHERS} == set()
