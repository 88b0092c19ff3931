"""The five registers as records, and published in a database; and what a notice says, laid out for asking."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from registry.catalogue import load
from registry.catalogue.record import Record, assemble
from registry.telling.render import render
from registry.telling.value import Standing

FIXTURES = Path(__file__).parents[2] / "fixtures" / "registers"
STANDING = Standing(1, "2018-05-25T00:00:00.000000Z", "2026-11-22T08:00:00.000000Z")


@cache
def fixtures() -> dict[str, Record]:
    """The registers of the fixtures, by `controller/key`."""
    items = load.read(sorted(FIXTURES.glob("*.yaml")))
    details = {one.key: one.body for one in items if one.kind == "controller"}
    systems: dict[str, dict[str, Any]] = {}
    for one in items:
        if one.kind == "system":
            systems.setdefault(one.controller, {})[one.key] = one.body
    return {
        f"{one.controller}/{one.key}": assemble(
            f"{one.controller}/{one.key}", one.body, details[one.controller], systems.get(one.controller, {})
        )
        for one in items
        if one.kind == "register"
    }


def document(record: Record, language: str = "fi") -> dict[str, Any]:
    """The notice of a record as plain data."""
    return render(record, STANDING, language).document()


def texts(node: Any) -> Iterator[dict[str, Any]]:
    """Every run of text in a notice or a part of it."""
    if isinstance(node, dict):
        if "text" in node:
            yield node
        for below in node.values():
            yield from texts(below)
    elif isinstance(node, list):
        for below in node:
            yield from texts(below)


def answers(node: Any) -> Iterator[dict[str, Any]]:
    """Every answer in a notice or a part of it."""
    if isinstance(node, dict):
        if "status" in node:
            yield node
        for below in node.values():
            yield from answers(below)
    elif isinstance(node, list):
        for below in node:
            yield from answers(below)


def section(notice: dict[str, Any], name: str) -> dict[str, Any]:
    """The section of that name."""
    found: dict[str, Any] = next(one for one in notice["sections"] if one["name"] == name)
    return found


@pytest.fixture(params=sorted(fixtures()))
def record(request: pytest.FixtureRequest) -> Record:
    """Each of the five."""
    return fixtures()[request.param]
