"""The same question before and after anything that one person does: never is data to be deleted sooner than it was.

The oracle knows no rules of the registry. It compares the moment from which data may be deleted (never, where
it is kept) with the one before. Sooner it may be only where a change has begun that a second person approved, and where
nothing had ever been said of that data. PROMISE=500x50 searches through so many runs of so many steps.
"""

from __future__ import annotations

import itertools
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from registry import clock, journal
from registry.catalogue import store
from registry.errors import Conflict, Gone, NotFound, SecondApproverRequired
from registry.retention.decisions import answers
from registry.retention.holds import holding, keyed
from registry.retention.rules.arithmetic import due
from registry.retention.shortenings import changing
from tests.retention.conftest import BY, Keeper, record
from tests.retention.trials import real, tried

DELAY = timedelta(days=7)
NEVER = clock.ENDLESS
ANCHOR = "2020-01-31"
#: From the shortest; each is longer than the one before it for every anchor.
PERIODS = ["P1D", "P1M", "P6M", "P1Y"]
IDS, KINDS, NAMES = ("D1", "D2", "D3"), ("pd:Communication", "pd:EmailAddress", None), ("a", "b")
PERSON, KEY = "customer 4711", keyed.Key("k", b"0123456789abcdef0123456789abcdef")
_numbers = itertools.count()

statements = st.fixed_dictionaries(
    {
        "duration": st.sampled_from([*PERIODS, None]),
        "action": st.sampled_from(["erase"] * 8 + ["archive"]),
        "starts_from": st.sampled_from([None] * 8 + ["closed"]),
        "data_subjects": st.sampled_from([None] * 8 + [["customer"]]),
    }
)
categories = st.dictionaries(
    st.sampled_from(IDS), st.tuples(st.sampled_from(KINDS), statements), min_size=1, max_size=3
)
places = st.sampled_from(["s", "s", "st", "t", ""]).map(set)
since = st.sampled_from([None] * 4 + [-400, 3, 40])
status = st.sampled_from(["active"] * 6 + ["planned", "suspended", "ended"])
ended_on = st.sampled_from([None] * 6 + [-5, 5])


class Said:
    """What somebody declares of a register; altered bit by bit."""

    def __init__(self) -> None:
        self.categories: dict[str, tuple[str | None, dict[str, Any]]] = {}
        self.systems: set[str] = set()
        self.status = "active"
        self.ended_on: int | None = None

    def body(self, number: int, today: date) -> dict[str, Any]:
        data = [
            {"id": id_, "text": "x", **({"pd": kind} if kind else {})}
            for id_, (kind, _) in self.categories.items()
        ]
        retention = [
            {"applies_to": [id_], **{name: value for name, value in said.items() if value is not None}}
            for id_, (_, said) in self.categories.items()
        ]
        register: dict[str, Any] = {"name": "x", "status": self.status}
        if self.ended_on is not None:
            register["ended_on"] = (today + timedelta(days=self.ended_on)).isoformat()
        return {
            **record(data_categories=data, systems=[f"{one}{number}" for one in sorted(self.systems)]),
            "register": register,
            "retention": retention,
            "data_subjects": [{"category": "customer"}],
        }


class Places:
    """The systems for which a register is published, and those for which it will be."""

    def __init__(self) -> None:
        self.now: set[str] = set()
        self.planned: list[tuple[str, set[str]]] = []

    def put(self, at: str, systems: set[str]) -> None:
        """From then on these and no others; what was to begin later falls."""
        self.planned = [one for one in self.planned if one[0] < at]
        self.planned.append((at, set(systems)))

    def by(self, now: str) -> set[str]:
        """Those of now, which does not run backwards."""
        for at, systems in self.planned:
            if at <= now:
                self.now = systems
        self.planned = [one for one in self.planned if one[0] > now]
        return self.now


class NeverSooner(RuleBasedStateMachine):
    """Two registers and two systems, and one person who may do everything that needs no second one."""

    @initialize()
    def begin(self) -> None:
        self.number = next(_numbers)
        last = journal.checkpoint()["recorded_at"]
        self.moment = datetime.fromisoformat(max(real(), str(last))) + timedelta(days=401)
        self.latest = self.moment
        self.tick()
        self.controller = f"c{self.number}"
        store.declare("controller", self.controller, self.controller, {"name": "x"}, by=BY, expect=store.NEW)
        for one in "st":
            self.declare_system(one)
        self.said = {name: Said() for name in NAMES}
        self.keepers = {name: Keeper(self.controller, name) for name in NAMES}
        #: (system, register, category, kind) of all that was ever published.
        self.ever: set[tuple[str, str, str, str | None]] = set()
        #: Of that what was in force as soon as it was published.
        self.heard: set[tuple[str, str, str, str | None]] = set()
        #: (system, register) of all that was ever declared.
        self.named: set[tuple[str, str]] = set()
        #: From when approved changes begin, and of which registers; how soon data may be deleted of which nothing had
        #: been said.
        self.begins: dict[str, set[str]] = {}
        self.opened: dict[tuple[Any, ...], str] = {}
        #: Where each is published, and was; which were published anew; and how soon data could be deleted before some
        #: registers went away that may come back as they were.
        self.places = {name: Places() for name in NAMES}
        self.was: dict[str, set[str]] = {name: set() for name in NAMES}
        self.spoke: set[str] = set()
        self.back: dict[tuple[Any, ...], tuple[str, set[str]]] = {}
        self.holds: list[tuple[int, str, Any]] = []
        self.before = self.moments()
        for name, spans in (("a", ("P6M", None, "P1Y")), ("b", ("P1D", "P1M", "P1D"))):
            self.said[name].systems = {"s"}
            self.said[name].categories = {
                id_: (kind, {"duration": span, "action": "erase"})
                for id_, kind, span in zip(IDS, (KINDS[0], KINDS[1], KINDS[0]), spans, strict=True)
            }
            self.publish_again(name, None)

    def declare_system(self, one: str) -> None:
        store.declare(
            "system", self.controller, f"{one}{self.number}", {"name": "x"}, by=BY, expect=store.NEW
        )

    def tick(self) -> None:
        self.moment += timedelta(seconds=1)
        now = clock.written(self.moment)
        clock.now = lambda: now

    def teardown(self) -> None:
        clock.now = real

    which = st.sampled_from(NAMES)

    # --- what one person does

    @rule(which=which, said=categories, systems=places, since=since)
    def publish(self, which: str, said: dict[str, Any], systems: set[str], since: int | None) -> None:
        one = self.said[which]
        one.categories, one.systems, one.status, one.ended_on = dict(said), set(systems), "active", None
        self.publish_again(which, since)

    @rule(which=which, id_=st.sampled_from(IDS), kind=st.sampled_from(KINDS), said=statements, since=since)
    def alter(self, which: str, id_: str, kind: str | None, said: dict[str, Any], since: int | None) -> None:
        self.said[which].categories[id_] = (kind, said)
        self.publish_again(which, since)

    @rule(which=which, id_=st.sampled_from(IDS), kind=st.sampled_from(KINDS))
    def relabel(self, which: str, id_: str, kind: str | None) -> None:
        if id_ in self.said[which].categories:
            self.said[which].categories[id_] = (kind, self.said[which].categories[id_][1])
            self.publish_again(which, None)

    @rule(which=which, id_=st.sampled_from(IDS))
    def silence(self, which: str, id_: str) -> None:
        if id_ in self.said[which].categories:
            self.said[which].categories[id_] = (self.said[which].categories[id_][0], {"duration": None})
            self.publish_again(which, None)

    @rule(which=which, id_=st.sampled_from(IDS), new=st.sampled_from(IDS))
    def rename(self, which: str, id_: str, new: str) -> None:
        if id_ in self.said[which].categories:
            self.said[which].categories[new] = self.said[which].categories.pop(id_)
            self.publish_again(which, None)

    @rule(which=which, id_=st.sampled_from(IDS))
    def leave_out(self, which: str, id_: str) -> None:
        if self.said[which].categories.pop(id_, None):
            self.publish_again(which, None)

    @rule(which=which, systems=places)
    def move(self, which: str, systems: set[str]) -> None:
        self.said[which].systems = set(systems)
        self.publish_again(which, None)

    @rule(which=which, status=status, ended_on=ended_on, since=since)
    def restate(self, which: str, status: str, ended_on: int | None, since: int | None) -> None:
        self.said[which].status, self.said[which].ended_on = status, ended_on
        self.publish_again(which, since)

    @rule(which=which, since=since)
    def publish_again(self, which: str, since: int | None) -> None:
        self.tick()
        body = self.said[which].body(self.number, self.moment.date())
        effective = None if since is None else clock.written(self.moment + timedelta(days=since))
        written = self.keepers[which].declare(body, since=effective)
        self.named |= {(system, which) for system in self.said[which].systems}
        with suppress(Conflict):
            self.keepers[which].publish(written)
            self.note(which, effective)

    @rule(which=which, back=st.integers(1, 4))
    def publish_an_older_version(self, which: str, back: int) -> None:
        self.tick()
        with suppress(NotFound, Conflict):
            newest = store.newest("register", self.controller, which).version
            older = store.numbered("register", self.controller, which, newest - back)
            self.keepers[which].publish(older)
            body = older.body
            one = self.said[which]
            one.systems = {system[0] for system in body["systems"]}
            said = {item["applies_to"][0]: item for item in body["retention"]}
            one.categories = {
                data["id"]: (data.get("pd"), {k: v for k, v in said[data["id"]].items() if k != "applies_to"})
                for data in body["data_categories"]
            }
            one.status = body["register"]["status"]
            self.note(which, older.effective_from)

    @rule(which=which)
    def withdraw(self, which: str) -> None:
        self.tick()
        if self.keepers[which].withdraw():
            self.places[which].put("", set())

    @rule(which=which, later=st.booleans())
    def end(self, which: str, later: bool) -> None:
        self.tick()
        with suppress(Gone, NotFound):
            at = clock.written(self.moment + timedelta(days=5)) if later else None
            self.keepers[which].end(at)
            self.places[which].put(at or "", set())

    @rule(second=st.booleans())
    def approve(self, second: bool) -> None:
        self.tick()
        for row in self.open_changes():
            with suppress(Conflict, SecondApproverRequired):
                told = changing.approve(
                    row.id, by="client/second" if second else BY, expect=row.version, delay=DELAY
                )
                assert second
                self.begins.setdefault(told["begins"], set()).add(row.register)

    @rule(which=which, id_=st.sampled_from(IDS), systems=places)
    def shorten_with_consent(self, which: str, id_: str, systems: set[str]) -> None:
        """Of a register in some systems, and in all of them what was agreed is over when it has begun."""
        if id_ in self.said[which].categories:
            kind, said = self.said[which].categories[id_]
            self.said[which].categories[id_] = (kind, {**said, "duration": "P1D"})
            self.move(which, systems)
            self.approve(True)
            self.clock_steps(8)

    @rule()
    def refuse(self) -> None:
        self.tick()
        for row in self.open_changes():
            with suppress(Conflict):
                changing.refuse(row.id, by=BY, expect=row.version)

    @rule(days=st.sampled_from([-30, -1, 1, 5, 6, 8, 40]))
    def clock_steps(self, days: int) -> None:
        self.moment += timedelta(days=days)
        self.tick()

    @rule(of=st.sampled_from(["register", "system", "category", "kind", "person"]), data=st.data())
    def hold(self, of: str, data: st.DataObject) -> None:
        self.tick()
        what: dict[str, Any]
        held: Any = None
        if of == "register":
            held = data.draw(self.which)
            what = {"registers": [held]}
        elif of == "system":
            held = data.draw(st.sampled_from("st"))
            what = {"systems": [f"{held}{self.number}"]}
        elif of == "category":
            there = sorted({(register, id_) for _, register, id_, _ in self.ever})
            if not there:
                return
            held = data.draw(st.sampled_from(there))
            what = {"categories": [held]}
        elif of == "kind":
            held = data.draw(st.sampled_from([kind for kind in KINDS if kind]))
            what = {"data_categories": [held]}
        else:
            what = {"subjects": [PERSON], "key": KEY}
        with suppress(Exception if of == "register" else ()):  # one that was never declared holds nothing
            number = holding.set_hold(self.controller, **what, reason="x", review_on=date(2999, 1, 1), by=BY)
            self.holds.append((number, of, held))

    @rule()
    def unhold(self) -> None:
        self.tick()
        if self.holds:
            holding.end(self.holds.pop()[0], by=BY, expect=1)

    # --- what is compared

    def note(self, which: str, since: str | None) -> None:
        """What was published; of what nothing had been said the first to speak may say how long."""
        one = self.said[which]
        begins = since if since is not None and since > clock.now() else ""
        self.places[which].put(begins, one.systems if one.status != "planned" else set())
        if one.ended_on is not None:
            self.places[which].put(self.end_of(self.moment.date() + timedelta(days=one.ended_on)), set())
        if not begins:
            self.spoke.add(which)
        for system in one.systems:
            first = all((at, register) != (system, which) for at, register, _, _ in self.ever)
            for id_, (kind, said) in one.categories.items():
                if not first or said.get("duration") is None:
                    continue
                for question in self.questions():
                    mine = _matches(question, (system, which, id_, kind))
                    if mine and not any(_matches(question, other) for other in self.ever):
                        soon = due(ANCHOR, clock.HELSINKI, said["duration"]).after
                        self.opened[question] = min(self.opened.get(question, NEVER), soon)
        if one.status != "planned":
            self.ever |= self.rows(which, one.systems)
            self.heard |= self.rows(which, one.systems) if not begins else set()

    def rows(self, which: str, systems: set[str]) -> set[tuple[str, str, str, str | None]]:
        """What a register says, if it says it of these systems."""
        return {
            (system, which, id_, kind)
            for system in systems
            for id_, (kind, _) in self.said[which].categories.items()
        }

    @staticmethod
    def questions() -> list[tuple[str, str | None, str | None, str | None]]:
        """(system, register, category, kind)."""
        about = [*((id_, None) for id_ in IDS), *((None, kind) for kind in KINDS if kind)]
        return [(system, name, *one) for system in "st" for name in (None, *NAMES) for one in about]

    def asked(self, question: tuple[Any, ...], **more: str) -> dict[str, str]:
        system, register, category, kind = question
        item = {
            "system": f"{self.controller}/{system}{self.number}",
            "register": register and f"{self.controller}/{register}",
            "category": category,
            "data_category": kind,
            "anchor": ANCHOR,
            "event": "closed",
            "data_subject": "customer",
            **more,
        }
        return {name: value for name, value in item.items() if value is not None}

    def moments(self) -> dict[tuple[Any, ...], str]:
        """From when data may be deleted, by question, as if nothing were held."""
        questions = self.questions()
        with pytest.MonkeyPatch.context() as free:
            free.setattr(answers, "_held", lambda *_: [])
            free.setattr(answers, "_clear", lambda *_: None)
            told = self.told([self.asked(one) for one in questions])
        return {one: _moment(answer) for one, answer in zip(questions, told, strict=True)}

    @staticmethod
    def told(items: list[dict[str, str]]) -> list[dict[str, Any]]:
        return answers.answers(items, sees=lambda *_: True, seconds=60, keys=[KEY])[2]

    @invariant()
    def never_sooner(self) -> None:
        if not hasattr(self, "before"):
            return
        found = self.moments()
        behind = self.moment < self.latest
        was, self.latest = clock.written(self.latest), max(self.latest, self.moment)
        begun = {at for at in self.begins if at <= clock.written(self.latest)}
        changed = {name for at in begun for name in self.begins.pop(at)}
        there = {name: set(one.by(clock.written(self.latest))) for name, one in self.places.items()}
        for question, moment in found.items():
            if begun or moment >= self.before[question]:
                continue
            assert self.before[question] == NEVER, (question, moment, self.before[question], was)
            least = [self.opened.get(question, NEVER), self.back.get(question, (NEVER, set()))[0]]
            assert moment >= min(least), (question, moment, least)
        if behind and not begun:
            # What is said while the clock is behind is stricter; compared is what was said before it was put back.
            return
        for name in changed:
            # What it said before of the systems where it is now is over with somebody's consent.
            self.ever = {one for one in self.ever if one[1] != name or one[0] not in there[name]}
            self.ever |= self.rows(name, there[name])
        for question, moment in found.items():
            self.leave(question, moment, there, changed)
        self.before, self.was, self.spoke = found, there, set()

    def leave(
        self, question: tuple[Any, ...], moment: str, there: dict[str, set[str]], changed: set[str]
    ) -> None:
        """Note who went away from what is asked about, and who is there again, with whatever it says now."""
        system, register, *_ = question
        mine = {name for name in NAMES if register in (None, name)}
        gone = {name for name in mine if system in self.was[name] - there[name]}
        if question not in self.back and gone and moment == NEVER != self.before[question]:
            self.back[question] = self.before[question], set()
        absent = {name for name in mine if system not in there[name] and self.was_ever(system, name)}
        ended = {name for name in changed & mine if not there[name]}
        if ended or (absent and changed & mine - absent):
            # What is agreed on for one that has ended, or for another, is seen once all are there again.
            self.back[question] = "", ended | absent | self.back.get(question, ("", set()))[1]
        if question in self.back:
            soon, away = self.back[question]
            away = (away | gone) - {name for name in self.spoke if system in there[name]}
            # What was agreed on for another of them meanwhile may make it sooner; for those who are away it does not.
            soon = "" if changed & mine - away else soon
            self.back[question] = soon, away
            if not away:
                del self.back[question]

    def was_ever(self, system: str, register: str) -> bool:
        return any((at, name) == (system, register) for at, name, _, _ in self.ever)

    @staticmethod
    def end_of(day: date) -> str:
        return clock.start_of(day + timedelta(days=1), clock.HELSINKI)

    @invariant()
    def held_is_held(self) -> None:
        if not getattr(self, "holds", None):
            return
        questions = self.questions()
        plain = self.told([self.asked(one) for one in questions])
        whose = self.told([self.asked(one, subject=PERSON.upper()) for one in questions])
        for question, answer, of_person in zip(questions, plain, whose, strict=True):
            for _, of, held in self.holds:
                if of == "person":
                    assert answer["decision"] in ("unknown", "held"), question
                    assert of_person["decision"] == "held", question
                elif self.holding(of, held, question):
                    assert answer["decision"] == "held", (of, held, question, answer)

    def holding(self, of: str, held: Any, question: tuple[Any, ...]) -> bool:
        system, register, category, kind = question
        if of == "system":
            return bool(system == held)
        if of == "register":
            return register == held if register else (system, held) in self.named
        if of == "category":
            mine = register == held[0] if register else (system, held[0]) in self.named
            return mine and category == held[1]
        if kind is not None:
            return bool(kind == held)
        return any(_matches(question, one) and one[3] == held for one in self.heard)

    def open_changes(self) -> list[Any]:
        row = changing.Change
        found = (row.superseded_at == changing.ENDLESS) & (row.controller == self.controller)
        return list(row.select().where(found & row.state.in_(["proposed", "approved"])))


def _matches(question: tuple[Any, ...], one: tuple[str, str, str, str | None]) -> bool:
    """Whether what was published of (system, register, category, kind) may be what is asked about."""
    system, register, category, kind = question
    if system != one[0] or register not in (None, one[1]):
        return False
    return category == one[2] if category is not None else one[3] in (kind, None)


def _moment(answer: dict[str, Any]) -> str:
    for name in ("delete_after", "anonymise_after"):
        if name in answer:
            return str(answer[name])
    return str(answer.get("until") or NEVER)


@pytest.mark.slow
def test_l8_nothing_that_one_person_does_has_data_deleted_sooner(controllers: str) -> None:
    tried(NeverSooner, "15x25")
