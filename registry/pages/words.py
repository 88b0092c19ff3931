"""The words of pages in one language, read from `labels/<language>.yaml` of the rooms that have them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml


@dataclass(frozen=True)
class Words:
    """The labels of `language`. Call it with a path (`words("page.skip")`) for a label, with its blanks filled."""

    language: str
    labels: Mapping[str, Any]

    def __call__(self, path: str, **blanks: str | int) -> str:
        """The label at a path of names. Raises KeyError where there is none: a missing word is a fault of ours."""
        found = self.get(path)
        if found is None:
            raise KeyError(f"{self.language}: {path}")
        return found.format(**blanks) if blanks else found

    def get(self, path: str) -> str | None:
        """The label at a path, or None."""
        here: Any = self.labels
        for step in path.split("."):
            here = here.get(step) if isinstance(here, Mapping) else None
        return here if isinstance(here, str) else None


@functools.cache
def words(rooms: tuple[str, ...]) -> dict[str, Words]:
    """The words of these rooms (packages) together, by language; what stands first counts."""
    found: dict[str, dict[str, Any]] = {}
    for room in reversed(rooms):
        for file in (files(room) / "labels").iterdir():
            name, dot, suffix = file.name.rpartition(".")
            if dot and suffix == "yaml":
                found[name] = {**found.get(name, {}), **yaml.safe_load(file.read_text("utf-8"))}
    return {language: Words(language, labels) for language, labels in found.items()}
