"""The roles that one may have in a controller, and the most that each gives there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from registry.auth.scopes import SCOPES
from registry.errors import Invalid
from registry.strict.schema import KEY

#: In the place of a controller's key: every controller, also those to come.
EVERY = "*"

_DECLARED = ("controllers:read", "systems:read", "registers:read")
_SEEN = ("observations:read", "findings:read", "retention:read", "holds:read", "notices:read", "changes:read")
#: What an engagement may give besides what was declared and published.
CHOSEN = ("findings:read", "journal:read", "observations:read")


@dataclass(frozen=True, slots=True)
class Duty:
    """A role: its titles, and the scopes that it gives at most. `names`: what it has to be limited to, or may be."""

    name: str
    fi: str
    sv: str
    en: str
    scopes: frozenset[str]
    names: str | None = None
    needs_names: bool = False

    @property
    def title(self) -> dict[str, str]:
        """The title by language code."""
        return {"fi": self.fi, "sv": self.sv, "en": self.en}


# From the one that may do least to the one that may do all. A scope that is new in the book is the DPO's and the
# owner's until somebody puts it here.
DUTIES: Mapping[str, Duty] = {
    duty.name: duty
    for duty in (
        Duty("system", "Järjestelmä", "System", "System", frozenset({"retention:read"}), "systems", True),
        Duty(
            "auditor", "Tarkastaja", "Revisor", "Auditor",
            frozenset({*_DECLARED, "retention:read", "notices:read", *CHOSEN}), "registers",
        ),
        Duty("reader", "Lukija", "Läsare", "Reader", frozenset({*_DECLARED, *_SEEN, "journal:read"}), "registers"),
        Duty(
            "editor", "Muokkaaja", "Redaktör", "Editor",
            frozenset({*_DECLARED, *_SEEN, "registers:write", "findings:write"}), "registers",
        ),
        Duty(
            "dpo", "Tietosuojavastaava", "Dataskyddsombud", "Data protection officer",
            frozenset(SCOPES) - {"clients:write"},
        ),
        Duty("owner", "Omistaja", "Ägare", "Owner", frozenset(SCOPES)),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Given:
    """A role in a controller (or EVERY), limited to some registers or systems (keys; None: not limited)."""

    role: str
    controller: str
    registers: tuple[str, ...] | None = None
    systems: tuple[str, ...] | None = None

    def __str__(self) -> str:
        names = self.registers or self.systems
        return f"{self.role}@{self.controller}" + (f":{','.join(names)}" if names else "")


def given(role: str, controller: str, names: Collection[str] | None = None) -> Given:
    """A role in a controller, limited to these names (of registers, or of systems where the role is one of a system).

    Raises errors.Invalid (`unknown_role`, `bad_role`) for what cannot be.
    """
    duty = DUTIES.get(role)
    if duty is None or role == "auditor":
        told = ", ".join(name for name in DUTIES if name != "auditor")
        raise Invalid(
            f"The roles that are given are {told}; an auditor has an engagement.",
            code="unknown_role",
            field="/role",
        )
    if controller != EVERY and not KEY.fullmatch(controller):
        raise Invalid("Name the controller by its key, or * for all.", code="bad_role", field="/controller")
    field = f"/{duty.names or 'registers'}"
    if names is not None and duty.names is None:
        raise Invalid("That role is not limited to anything.", code="bad_role", field=field)
    if duty.needs_names and not names:
        raise Invalid("A system has to be named: system@acme:chat.", code="bad_role", field=field)
    if names is None:
        return Given(role, controller)
    if controller == EVERY or not names or not all(map(KEY.fullmatch, names)):
        raise Invalid("Name them by their keys, of one controller.", code="bad_role", field=field)
    limited = tuple(sorted(set(names)))
    return Given(role, controller, **{str(duty.names): limited})


def parse(text: str) -> Given:
    """A role as commands take it: ``dpo@acme``, ``editor@acme:news,staff``, ``system@acme:chat``, ``owner@*``.

    Raises errors.Invalid (`unknown_role`, `bad_role`).
    """
    role, at, rest = text.partition("@")
    controller, colon, names = rest.partition(":")
    if not at:
        raise Invalid("A role is written role@controller, as in dpo@acme.", code="bad_role", field="/role")
    return given(role, controller, names.split(",") if colon else None)


def least(scopes: Collection[str]) -> str:
    """The role without limits that gives all of these scopes and as few others as can be."""
    among = (duty for duty in DUTIES.values() if not duty.needs_names and duty.name != "auditor")
    return next(duty.name for duty in among if set(scopes) <= duty.scopes)
