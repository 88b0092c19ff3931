"""Answers of the wrong shape: recordings with something in them dropped, of another type, absurd, or leading elsewhere.

Whatever a system answers, a run ends with one observation of each kind; no source has a defect; nobody is asked who is
not the system; and nothing is complete that shows less than there is. `WRONG_SHAPES` in the environment sets how many
wrongs are tried with each source.
"""

from __future__ import annotations

import copy
import json
import math
import os
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
import yaml

from registry import clock, outbound
from registry.connectors.book import source
from registry.connectors.looking.pulling import Pulled, pull
from registry.settings import Settings
from tests.connectors import recordings
from tests.connectors.recordings import Recording
from tests.connectors.stand_ins.serving import StandIn, serving

TRIED = int(os.environ.get("WRONG_SHAPES", "40"))
KINDS = [kind for kind in recordings.kinds() if recordings.recorded(kind).suffix == ".yml"]
DROPPED = object()
#: What stands in the place of something; `{canary}` is somebody who must not be asked.
WRONGS: tuple[Any, ...] = (
    DROPPED, None, True, 0, -1, 10**30, 1.5, "", "x", "\ud83d\x00\u202e", [], {}, [[[]]], {"x": {"y": []}}, [None],
    "http://{canary}/api/v2/next.json?page=2", "//{canary}/x", "x" * 5000,
)  # fmt: skip

Step = str | int


def places(value: Any, at: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """Every place in a JSON value, its own among them."""
    yield at
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, one in inside:
        yield from places(one, (*at, step))


def wronged(value: Any, at: tuple[Step, ...], wrong: Any) -> Any:
    """The value with something wrong in one place."""
    if not at:
        return {} if wrong is DROPPED else wrong
    made = copy.deepcopy(value)
    here = made
    for step in at[:-1]:
        here = here[step]
    if wrong is DROPPED:
        del here[at[-1]]
    else:
        here[at[-1]] = wrong
    return made


def wrongs(answers: list[dict[str, Any]]) -> list[tuple[int, tuple[Step, ...], Any]]:
    """All that can be wrong with some recorded answers, in an order that is always the same."""
    found = [
        (number, at, wrong)
        for number, one in enumerate(answers)
        if "json" in one
        for at in places(one["json"])
        for wrong in WRONGS
    ]
    for number, one in enumerate(answers):
        if "text" in one:  # XML and pages for people: cut off, doubled, or of another sort
            found += [
                (number, ("text",), wrong) for wrong in (0, 1, 40, 200, "", "<a", "{}", "<x/>", "<?xml?><a>")
            ]
    return found


def played(told: dict[str, Any], number: int, at: tuple[Step, ...], wrong: Any) -> list[dict[str, Any]]:
    """The answers with one of them wrong."""
    answers = list(told["answers"])
    one = dict(answers[number])
    if "text" in one:
        one["text"] = one["text"][:wrong] if isinstance(wrong, int) else wrong
    else:
        one["json"] = wronged(one["json"], at, wrong)
    answers[number] = one
    return answers


class Canary(StandIn):
    """Somebody who must not be asked."""

    def answer(self, asked: Any) -> Any:
        return 200, {}, {}


@contextmanager
def loopback() -> Iterator[None]:
    outbound.permit(Settings(outbound_networks="127.0.0.0/8"))
    try:
        yield
    finally:
        outbound.permit(Settings())


def pulled(kind: str, told: dict[str, Any], answers: list[dict[str, Any]]) -> Pulled:
    """One run against these answers."""
    with serving(Recording(answers)) as system:
        settings = json.loads(json.dumps(told["settings"]).replace("{origin}", system.origin))
        known = source(kind)
        return pull(known, known.settings(settings), told.get("secrets", {}), sleep=lambda _: None)


def of_another_sort(answer: dict[str, Any], at: tuple[Step, ...], wrong: Any) -> bool:
    """Whether what is in the place of something cannot be meant: a text for a number, say. Nothing at all may be."""
    if "json" not in answer or wrong is DROPPED or wrong is None:
        return False
    was = answer["json"]
    for step in at:
        was = was[step]
    return was is not None and type(was) is not type(wrong)


def looks_better(seen: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Whether a payload says less than it should where that looks well: fewer accounts, members, rules, fields, rights.

    What is told to be unknown does not.
    """
    if "more_than_reading" in right:
        return seen["more_than_reading"] is False and right["more_than_reading"] is not False
    return any(
        _weight(seen.get(name)) < _weight(value) for name, value in right.items() if isinstance(value, list)
    )


def _weight(items: Any) -> float:
    counts = [one.get("members", one.get("count", 1)) if isinstance(one, dict) else 1 for one in items or ()]
    return math.inf if None in counts else sum(counts)


@pytest.mark.parametrize("kind", KINDS)
def test_h12_wrong_shapes_make_no_source_fail_and_nothing_look_whole(
    kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(clock, "now", lambda: recordings.NOW)
    told = yaml.safe_load(recordings.recorded(kind).read_text("utf-8"))
    every = wrongs(told["answers"])
    chosen = random.Random(0).sample(every, min(TRIED, len(every)))
    with loopback(), serving(Canary()) as canary:
        right = {one.about: one.seen for one in pulled(kind, told, told["answers"]).looked}
        for number, at, wrong in chosen:
            there = wrong.replace("{canary}", canary.origin[7:]) if isinstance(wrong, str) else wrong
            ran = pulled(kind, told, played(told, number, at, there))
            where = f"{told['answers'][number]['path']} {at} = {'dropped' if wrong is DROPPED else repr(wrong)[:60]}"
            assert not {"source_defect", "payload_refused", "not_announced"} & ran.faults.keys(), where
            assert {one.about for one in ran.looked} >= set(source(kind).source.sees), where
            for one in ran.looked:
                whole = one.seen.kind != "could_not_look" and one.seen.complete
                if whole and of_another_sort(told["answers"][number], at, wrong):
                    assert not looks_better(one.seen.payload, right[one.about].payload), (
                        f"{one.about} by {where}"
                    )
        assert canary.asked == []
    assert "Traceback" not in caplog.text
