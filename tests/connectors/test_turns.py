"""A change on a system shows up as the right finding, for the right reason, and putting it back resolves it."""

from __future__ import annotations

from typing import Any

import pytest

from registry import outbound
from registry.connectors.book import book
from registry.connectors.observations.stored import one, value
from registry.settings import Settings
from tests import engines
from tests.connectors import turns
from tests.connectors.watching import Watch

CASES = [
    pytest.param(module, turn, id=f"{kind}: {turn.name}")
    for kind, module in turns.modules().items()
    for turn in module.TURNS
]


@pytest.mark.parametrize(("module", "turn"), CASES)
def test_a_change_is_found_and_putting_it_back_resolves_it(
    module: Any, turn: turns.Turn, opened: str, databases: engines.Engines
) -> None:
    outbound.permit(Settings(outbound_networks="127.0.0.0/8"))
    try:
        with module.system(databases) as (system, settings, secrets):
            kind = module.__name__.rpartition(".")[2]
            watch = Watch(kind, settings, secrets, {**module.RECORD, **turn.record})
            watch.look()
            before = watch.found(turn.code)
            assert before.get(turn.key) != turn.found
            assert turn.then in before.values(), before
            turn.do(system)
            watch.look()
            assert watch.found(turn.code).get(turn.key) == turn.found, watch.found(turn.code)
            number = watch.because(turn.code, turn.key)
            assert number is not None
            assert value(one(number)).kind == turn.kind
            turn.undo(system)
            watch.look()
            assert watch.found(turn.code) == before
    finally:
        outbound.permit(Settings())


def test_whatever_a_source_sees_has_a_turn() -> None:
    sees = {(kind, one) for kind in book() for one in book()[kind].source.sees}
    tried = {(kind, turn.kind) for kind, module in turns.modules().items() for turn in module.TURNS}
    assert sees == tried, f"write a turn in tests/connectors/turns: {sorted(sees ^ tried)}"


@pytest.mark.parametrize("kind", book())
def test_every_source_has_turns_and_they_are_of_what_it_sees(kind: str) -> None:
    assert kind in turns.modules(), f"write tests/connectors/turns/{kind}.py"
    assert {turn.kind for turn in turns.modules()[kind].TURNS} <= set(book()[kind].source.sees)
