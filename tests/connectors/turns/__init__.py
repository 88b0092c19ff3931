"""What each source makes the checks notice: a change on the system, the finding that it brings, and its going again.

A module for each source, named after its kind, with

    RECORD                 the record of a register that agrees with the system as it is at first
    system(databases)      a context manager that gives (the system, settings, secrets); the system is what TURNS change
    TURNS                  the changes

The table in docs/connectors.md is made of these (`python -m tests.connectors.table`), and test_turns.py tries each.
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any, Literal

from registry import clock

#: The part of a record that says that only our own staff has access, and as agents only.
WITHIN: dict[str, Any] = {
    "access": {
        "roles": [{"role": "Neuvojat", "organisation": "own", "domains": ["acme.example"], "permission": "agent"}],
        "exclusive": True,
    }
}  # fmt: skip


@dataclasses.dataclass(frozen=True, kw_only=True)
class Turn:
    """One change. `kind` of observation shows it, check `code` finds it under `key`; `undo` puts it back.

    `then` is what the check says while all is right: pass, or open where this source alone does not decide it.
    `found` is what it says of the change: open where it takes somebody to tell. `record` is laid over RECORD.
    """

    kind: str
    code: str
    name: str
    key: str
    do: Callable[[Any], object]
    undo: Callable[[Any], object]
    then: Literal["pass", "open", "na"] = "pass"
    found: Literal["fail", "open"] = "fail"
    record: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def modules() -> dict[str, ModuleType]:
    """The modules of turns, by the kind of source."""
    return {
        one.name: importlib.import_module(f"{__name__}.{one.name}") for one in pkgutil.iter_modules(__path__)
    }


def ago(**length: float) -> str:
    """An instant before now, in whole seconds."""
    return (datetime.fromisoformat(clock.now()) - timedelta(**length)).strftime("%Y-%m-%dT%H:%M:%SZ")
