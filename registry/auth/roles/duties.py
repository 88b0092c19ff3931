"""The roles that one may have in a controller, and the most that each gives there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from registry.auth.scopes import SCOPES
from registry.errors import Invalid
from registry.strict.schema import KEY

#: In the place of a controller's key: every controller, also those to come.
EVERY = "*"

#: So many registers or systems a role is limited to at most.
MOST = 200

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


def given(
    role: str,
    controller: str,
    *,
    registers: Collection[str] | None = None,
    systems: Collection[str] | None = None,
) -> Given:
    """A role in a controller, limited to some registers, or to some systems where it is the role of one.

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
        raise _bad("Name the controller by its key, or * for all.", "controller")
    named = {
        kind: names for kind, names in (("registers", registers), ("systems", systems)) if names is not None
    }
    for kind, names in named.items():
        if kind != duty.names:
            raise _bad("That role cannot be limited to these.", kind)
        if controller == EVERY or not 0 < len(names) <= MOST or not all(map(KEY.fullmatch, names)):
            raise _bad(f"Name 1 to {MOST} of them by their keys, of one controller.", kind)
    if duty.needs_names and not named:
        raise _bad("The systems have to be named: system@acme:chat.", str(duty.names))
    return Given(role, controller, **{kind: tuple(sorted(set(names))) for kind, names in named.items()})


def _bad(sentence: str, field: str) -> Invalid:
    return Invalid(sentence, code="bad_role", field=f"/{field}")


def parse(text: str) -> Given:
    """A role as commands take it: ``dpo@acme``, ``editor@acme:news,staff``, ``system@acme:chat``, ``owner@*``.

    Raises errors.Invalid (`unknown_role`, `bad_role`).
    """
    role, at, rest = text.partition("@")
    controller, colon, names = rest.partition(":")
    if not at:
        raise Invalid("A role is written role@controller, as in dpo@acme.", code="bad_role", field="/role")
    duty = DUTIES.get(role)
    kind = duty.names if duty and duty.names else "registers"
    return given(role, controller, **{kind: names.split(",") if colon else None})


def least(scopes: Collection[str]) -> str:
    """The role without limits that gives all of these scopes and as few others as can be."""
    among = (duty for duty in DUTIES.values() if not duty.needs_names and duty.name != "auditor")
    return next(duty.name for duty in among if set(scopes) <= duty.scopes)
