"""What is mutated, with the tests that have to notice, and the score that is wanted."""

from __future__ import annotations

import dataclasses
import pkgutil

from registry import law
from registry.checks import rules


@dataclasses.dataclass(frozen=True, slots=True)
class Room:
    """Modules, and arguments of pytest for the tests of them. What modules of `fresh` remember is forgotten."""

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]
    fresh: str
    counted_with: str
    wanted: float


def _in(package: object) -> tuple[str, ...]:
    return tuple(f"{package.__name__}.{one.name}" for one in pkgutil.iter_modules(package.__path__))


_RETENTION = (
    *(f"rules.{name}" for name in ("arithmetic", "lengths", "rule", "rules", "saying")),
    *("decisions.decision", "holds.hold", "holds.keyed", "publications.lasting"),
)
#: The cases of fixtures/checks, and what must hold of what a rule declares; no test that was written for the code.
_CASES = ("tests/checks/test_cases.py", "-k", "a_check_says or rule_says_what or rule_needs or rule_looks")
#: What needs no database, but for one question to the journal.
_PURE = (
    *(
        f"tests/retention/test_{name}.py"
        for name in ("arithmetic", "rules", "deciding", "touching", "lengths")
    ),
    *("-k", "not postgresql"),
)

ROOMS = (
    Room("rules", _in(rules), _CASES, "registry.checks.rules", "checks", 0.90),
    Room("law", _in(law), ("tests/law",), "registry.law", "checks", 0.90),
    Room("retention", tuple(f"registry.retention.{name}" for name in _RETENTION), _PURE, "registry.retention",
         "retention", 0.95),
)  # fmt: skip
