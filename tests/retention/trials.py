"""How long what happens at random is tried, and the clock that is put back after it."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from registry import clock, journal

#: The time as the machine has it, whatever a trial has made of the clock meanwhile.
real = clock.now


def tried(machine: type[RuleBasedStateMachine], unless_said: str) -> None:
    """Try a machine, in as many runs of as many steps as PROMISE says ("500x50"); then the journal has to verify."""
    runs, steps = map(int, os.environ.get("PROMISE", unless_said).split("x"))
    chosen = settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(machine, settings=chosen)
    finally:
        clock.now = real
    assert journal.verify().ok
