"""What is seen of stored findings by who is limited to some registers, to a period, or to what was published."""

from __future__ import annotations

from typing import Any

import peewee

from registry import clock
from registry.api import holder, within
from registry.api.reach import Reach
from registry.catalogue import reaching
from registry.checks.findings.stored import Checked


def seen(row: Any, known_at: str | None) -> list[Any]:
    """Conditions on rows of a model with `controller` and `register`: that the holder sees what was known at an instant
    (None: now).

    An auditor sees nothing that was found in a draft: of a register whose version at that moment was not published, or
    that was last checked in another, there are no findings.
    """
    asking = holder()
    if asking.controllers is None or not asking.reach:
        return within(row.controller)
    moment = known_at or clock.now()
    told = row.controller.in_(sorted(asking.controllers - asking.reach.keys()))
    for controller, some in asking.reach.items():
        for one in some:
            if one.covers(moment):
                keys = _registers(controller, one, moment, now=known_at is None)
                told |= (row.controller == controller) & (
                    peewee.SQL("1 = 1") if keys is None else row.register.in_(keys)
                )
    return [told]


def _registers(controller: str, reach: Reach, moment: str, *, now: bool) -> list[str] | None:
    """The registers that are reached; None for all."""
    if not reach.published:
        return None if reach.registers is None else sorted(reach.registers)
    versions = reaching.in_force(controller, moment)
    if now:  # what is found now was found in the version that was checked last
        rows = Checked.select(Checked.register, Checked.version).where(Checked.controller == controller)
        checked = dict(rows.tuples())
        versions = {key: version for key, version in versions.items() if checked.get(key, version) == version}
    return sorted(key for key in versions if reach.register(key))
