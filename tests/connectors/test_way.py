"""H9 to H12: a system that is slow, broken, changing, refusing or lying. It is never read as "there is nothing"."""

from __future__ import annotations

import dataclasses
import email.utils
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.connectors import way as ways
from registry.connectors.book import Bound
from registry.connectors.looking.pulling import Pulled, pull
from registry.connectors.observed.kinds import KINDS
from registry.connectors.seen import NotSeen, Seen
from registry.connectors.source import Allow, Way
from tests.connectors import desk as source
from tests.connectors.fake import APPS, Desk, Said, page, serving, user

pytestmark = pytest.mark.usefixtures("loopback")

SECRET = "canary-4b1e97d0"
KNOWN = Bound("desk", source.SOURCE, source.reach, source.observe)


def looked(
    tell: Callable[[str, int], Said | None] | None = None, **more: Any
) -> tuple[Pulled, dict[str, Seen], Desk, list[float]]:
    """A pull of a desk: what came of it, what was seen by kind, the desk, and how long it was waited for."""
    slept: list[float] = []
    with serving(Desk(tell)) as desk:
        given = {"host": "127.0.0.1", "port": desk.port}
        pulled = pull(KNOWN, given, {"token": SECRET}, sleep=slept.append, **more)
    assert [one.about for one in pulled.looked] == list(source.SOURCE.sees)
    assert SECRET not in repr(pulled)
    return pulled, {one.about: one.seen for one in pulled.looked}, desk, slept


def on(path: str, *said: Said | None) -> Callable[[str, int], Said | None]:
    """At this path these answers in order, the last one for ever."""
    return lambda asked, times: said[min(times, len(said) - 1)] if asked == path else None


def reason(seen: Seen) -> str | None:
    return seen.payload["reason"] if seen.kind == "could_not_look" else None


def test_all_is_well() -> None:
    pulled, seen, desk, slept = looked()
    assert (pulled.state, pulled.faults, slept) == ("complete", {}, [])
    assert seen["accounts"].payload == {
        "accounts": [{"role": "agent", "domain": "acme.example", "active": True, "count": 2}]
    }
    assert all(one.complete and one.raw_sha256 for one in seen.values())
    assert set(desk.tokens) == {f"Bearer {SECRET}"} and pulled.asked == 3 and pulled.items == 2


# --- H9


DATE = email.utils.formatdate(time.time() + 5, usegmt=True)
WAITS: dict[str, tuple[dict[str, str], tuple[float, float]]] = {
    "seconds": ({"Retry-After": "7"}, (7, 8)),
    "a date": ({"Retry-After": DATE}, (0, 6)),
    "a date that is past": ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, (0, 0)),
    "rubbish": ({"Retry-After": "soon; \"x\""}, (0.5, 1.5)),
    "negative": ({"Retry-After": "-5"}, (0.5, 1.5)),
    "not ASCII": ({"Retry-After": "\u00b2"}, (0.5, 1.5)),
    "a fraction": ({"Retry-After": "1.5"}, (0.5, 1.5)),
    "nothing": ({}, (0.5, 1.5)),
}  # fmt: skip


@pytest.mark.parametrize("case", WAITS)
@pytest.mark.parametrize("status", [429, 503])
def test_h9_who_asks_us_to_wait_is_waited_for(case: str, status: int) -> None:
    headers, (least, most) = WAITS[case]
    pulled, _, _, slept = looked(on("/api/me", (status, headers, {}), (200, {}, {"region": "x"})))
    assert pulled.state == "complete" and len(slept) == 1
    assert least <= slept[0] <= most


@pytest.mark.parametrize("value", ["86400", "61", "99999999999999999999", "Fri, 31 Dec 2199 23:59:59 GMT"])
def test_h9_who_asks_for_too_long_a_wait_is_left_alone(value: str) -> None:
    pulled, seen, desk, slept = looked(on("/api/me", (429, {"Retry-After": value}, {})))
    if len(value) > 10 and value.isdigit():  # longer than any time: read as nothing said
        assert len(slept) == ways.TRIES - 1
    else:
        assert slept == [] and desk.asked.count("/api/me") == 1
    assert reason(seen["region"]) == "unavailable" and pulled.faults["rate_limited"] == 1
    assert pulled.unavailable and reason(seen["apps"]) is None


def test_h9_a_failing_system_is_asked_four_times_at_growing_intervals_and_then_once_each() -> None:
    pulled, seen, desk, slept = looked(lambda path, _: (500, {}, {}) if path != "/api/apps" else None)
    assert [desk.asked.count(path) for path in ("/api/users", "/api/me", "/api/apps")] == [4, 1, 1]
    assert len(slept) == 3 and all(0.5 * 2**n <= wait <= 1.5 * 2**n for n, wait in enumerate(slept))
    assert {reason(seen[kind]) for kind in ("accounts", "region")} == {"unavailable"}
    assert pulled.faults == {"source_unavailable": 2} and pulled.state == "incomplete"


BODIES: dict[str, tuple[Any, str, str]] = {
    "a page for people": (b"  <!doctype html><title>Maintenance</title>", "unavailable", "not_json"),
    "nothing": (b"", "not_understood", "not_json"),
    "half of it": (b'{"region": "e', "not_understood", "not_json"),
    "not UTF-8": (b'{"region": "\xff"}', "not_understood", "not_json"),
    "an infinite number": (b'{"region": Infinity}', "not_understood", "not_json"),
    "deep": (b"[" * 100_000, "not_understood", "not_json"),
    "a list": ([], "not_understood", "not_understood"),
    "null": (None, "not_understood", "not_understood"),
    "a number": ({"region": 7}, "not_understood", "not_understood"),
    "another word": ({"Region": "eu"}, "not_understood", "not_understood"),
    "an error with 200": ({"error": "x"}, "not_understood", "not_understood"),
    "an address": ({"region": "ann@acme.example"}, "not_understood", "payload_refused"),
    "a long text": ({"region": "x" * 900_000}, "not_understood", "payload_refused"),
    "two megabytes": ({"region": "x" * 2_000_000}, "unavailable", "too_large"),
}


@pytest.mark.parametrize("case", BODIES)
def test_h9_h12_an_answer_of_another_form_is_not_understood_and_never_nothing(case: str) -> None:
    body, said, code = BODIES[case]
    pulled, seen, _, _ = looked(on("/api/me", (200, {}, body)))
    assert (reason(seen["region"]), pulled.faults) == (said, {code: 1})
    assert not seen["region"].complete and seen["accounts"].complete


def test_h12_an_answer_of_endless_small_values_is_left_before_they_are_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Twenty megabytes of `{},{},…` are six hundred in memory, of each system that is looked at side by side."""
    monkeypatch.setattr(ways, "MOST_VALUES", 1000)
    for value in (b"{}", b"[]", b"1", b'""'):
        body = b'{"region": "eu-west-1", "more": [' + value + (b"," + value) * 1000 + b"]}"
        pulled, seen, _, _ = looked(on("/api/me", (200, {}, body)))
        assert (reason(seen["region"]), pulled.faults) == ("unavailable", {"too_large": 1})
        assert seen["accounts"].complete


STATUSES = {
    401: "unauthorised", 403: "forbidden", 404: "no_such_endpoint", 405: "no_such_endpoint", 410: "no_such_endpoint",
    501: "no_such_endpoint", 400: "other", 418: "other", 408: "unavailable", 500: "unavailable", 503: "unavailable",
    302: "unavailable",
}  # fmt: skip


@pytest.mark.parametrize("status", STATUSES)
def test_could_not_look_says_why(status: int) -> None:
    pulled, seen, _, _ = looked(on("/api/apps", (status, {"Location": "/"}, {})))
    assert reason(seen["apps"]) == STATUSES[status]
    assert pulled.credential_refused is (status == 401)
    assert seen["accounts"].complete and pulled.state == "incomplete"


# --- H10


def pages(*said: Said) -> Callable[[str, int], Said | None]:
    """Page n of the users is at /api/users?page=n, the first at /api/users."""

    def tell(path: str, _: int) -> Said | None:
        if not path.startswith("/api/users"):
            return None
        number = int(path.partition("page=")[2] or 1)
        return said[number - 1]

    return tell


def seven(third: Said | None = None, **more: Any) -> list[Said]:
    made = [page([user(n)], f"/api/users?page={n + 1}" if n < 7 else None, **more) for n in range(1, 8)]
    return made if third is None else [*made[:2], third, *made[3:]]


def test_h10_seven_pages_are_whole() -> None:
    pulled, seen, _, _ = looked(pages(*seven(count=7)))
    assert seen["accounts"].complete and seen["accounts"].payload["accounts"][0]["count"] == 7
    assert pulled.state == "complete"


THIRD: dict[str, tuple[Said, str]] = {
    "fails": ((500, {}, {}), "source_unavailable"),
    "is refused": ((403, {}, {}), "forbidden"),
    "is gone": ((404, {}, {}), "no_such_endpoint"),
    "is for people": ((200, {}, b"<html>"), "not_json"),
    "has another shape": ((200, {}, {"people": []}), "wrong_shape"),
    "is a list": ((200, {}, []), "wrong_shape"),
    "has users that are none": ((200, {}, {"users": {"a": 1}}), "wrong_shape"),
    "leads to another host": (page([user(3)], "http://other.example/api/users"), "next_page_elsewhere"),
    "leads to the same host by TLS": (page([user(3)], "https://127.0.0.1/"), "next_page_elsewhere"),
    "leads to itself": (page([user(3)], "/api/users?page=3"), "page_repeats"),
    "leads back": (page([user(3)], "/api/users"), "page_repeats"),
    "leads to no URL": (page([user(3)], "//["), "not_understood"),
    "leads to a number": (page([user(3)], 7), "not_understood"),  # type: ignore[arg-type] # on purpose
    "redirects": ((302, {"Location": "/api/users?page=4"}, {}), "redirect_refused"),
}


@pytest.mark.parametrize("case", THIRD)
def test_h10_when_page_three_of_seven_fails_the_look_is_not_whole(case: str) -> None:
    third, code = THIRD[case]
    pulled, seen, _, _ = looked(pages(*seven(third)))
    assert not seen["accounts"].complete and pulled.state == "incomplete"
    assert pulled.faults == {code: 1}
    if seen["accounts"].kind == "accounts":
        assert 2 <= seen["accounts"].payload["accounts"][0]["count"] <= 3
    assert seen["region"].complete and seen["apps"].complete


def test_h10_a_first_page_that_fails_is_could_not_look() -> None:
    _, seen, _, _ = looked(on("/api/users", (500, {}, {})))
    assert reason(seen["accounts"]) == "unavailable"


def test_h10_a_total_that_changes_or_differs_is_told() -> None:
    changing = [
        page([user(n)], f"/api/users?page={n + 1}" if n < 7 else None, count=6 + (n > 4)) for n in range(1, 8)
    ]
    for said, code in ((changing, "total_changed"), (seven(count=9), "total_differs")):
        pulled, seen, _, _ = looked(pages(*said))
        assert not seen["accounts"].complete and pulled.faults == {code: 1}


# --- H11


def test_h11_a_credential_refused_in_mid_pull_stops_all_asking() -> None:
    pulled, seen, desk, slept = looked(pages(*seven((401, {}, {}))))
    assert not seen["accounts"].complete and seen["accounts"].payload["accounts"][0]["count"] == 2
    assert reason(seen["region"]) == reason(seen["apps"]) == "unauthorised"
    assert desk.asked == ["/api/users", "/api/users?page=2", "/api/users?page=3"] and slept == []
    assert pulled.credential_refused and not pulled.unavailable


def test_h11_without_a_secret_nothing_is_asked() -> None:
    with serving(Desk()) as desk:
        pulled = pull(KNOWN, {"host": "127.0.0.1", "port": desk.port}, {})
    assert desk.asked == [] and pulled.state == "failed" and pulled.faults == {"no_secret": 1}
    assert {reason(one.seen) for one in pulled.looked} == {"unauthorised"}


def test_a_secret_that_no_header_can_hold_is_not_sent_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with serving(Desk()) as desk:
        pulled = pull(KNOWN, {"host": "127.0.0.1", "port": desk.port}, {"token": f"{SECRET}\n"})
    assert desk.asked == [] and pulled.faults == {"header_refused": 3}
    assert SECRET not in repr(pulled) + caplog.text


# --- H12


ITEMS: list[Any] = [None, 7, "ann", [], {}, {"role": 7, "email": "a@b.example", "active": True},
                    {"role": "agent", "email": "nobody", "active": True}, {"role": "agent", "email": "a@b.example"},
                    {"role": "agent", "email": "a@b.example", "active": "yes"},
                    {"role": ["agent"], "email": {"x": "y"}, "active": None}]  # fmt: skip


def test_h12_items_of_wrong_forms_are_counted_and_left_out() -> None:
    pulled, seen, _, _ = looked(pages(page([user(1), *ITEMS, user(2)])))
    assert pulled.faults == {"item_not_understood": len(ITEMS)} and not seen["accounts"].complete
    assert seen["accounts"].payload["accounts"] == [
        {"role": "agent", "domain": "acme.example", "active": True, "count": 2}
    ]


def test_h12_there_is_a_most_of_items_and_of_groups() -> None:
    many = [user(n) for n in range(600)]
    known = Bound(
        "desk",
        dataclasses.replace(source.SOURCE, most=1000),
        source.reach,
        source.observe,
    )
    with serving(Desk(pages(page(many, "/api/users?page=2"), page(many)))) as desk:
        pulled = pull(known, {"host": "127.0.0.1", "port": desk.port}, {"token": SECRET})
    seen = {one.about: one.seen for one in pulled.looked}
    assert seen["accounts"].payload["accounts"][0]["count"] == 1000 and not seen["accounts"].complete
    assert pulled.faults == {"too_many_items": 1} and seen["apps"].complete
    roles = [user(n, role=f"role {n}") for n in range(6000)]
    pulled, seen, _, _ = looked(
        pages(page(roles, "/api/users?page=2"), page([user(1, role=f"{n}") for n in range(6000)]))
    )
    assert reason(seen["accounts"]) == "not_supported" and pulled.faults == {"too_many_groups": 1}


def test_out_of_time_the_rest_could_not_be_looked_at() -> None:
    with serving(Desk(on("/api/users", (503, {"Retry-After": "50"}, {})))) as desk:
        pulled = pull(KNOWN, {"host": "127.0.0.1", "port": desk.port}, {"token": SECRET}, seconds=40)
    assert len(desk.asked) == 3  # nobody waits for longer than he has
    assert reason(pulled.looked[0].seen) == "unavailable"
    slow = Way(allow=Allow(hosts=("127.0.0.1",)), secrets={}, seconds=-1)
    with pytest.raises(NotSeen, match="out_of_time"):
        slow.get("http://127.0.0.1/")


# --- what can never be seen whole


@pytest.mark.parametrize(
    ("tell", "state", "whole", "in_part"),
    [
        (None, "complete", False, True),
        (pages(page([user(1), None])), "incomplete", False, False),
        (on("/api/users", (403, {}, {})), "incomplete", False, False),
    ],
)
def test_a_kind_that_is_never_seen_whole_makes_no_run_worse_unless_something_failed(
    tell: Any, state: str, whole: bool, in_part: bool
) -> None:
    partly = dataclasses.replace(source.SOURCE, in_part=("accounts",))
    known = Bound("desk", partly, source.reach, source.observe)
    with serving(Desk(tell)) as desk:
        pulled = pull(known, {"host": "127.0.0.1", "port": desk.port}, {"token": SECRET})
    seen = {one.about: one.seen for one in pulled.looked}
    assert (pulled.state, seen["accounts"].complete, seen["accounts"].in_part) == (state, whole, in_part)
    assert seen["apps"].complete and not seen["apps"].in_part


# --- clocks


CLOCKS: dict[str, tuple[str | int, bool]] = {
    "an hour behind": (-3600, True),
    "an hour ahead": (3600, True),
    "years behind": ("Wed, 21 Oct 2015 07:28:00 GMT", True),
    "a minute ahead": (60, False),
    "no time": ("tomorrow", False),
    "nothing": ("", False),
    "no day of the calendar": ("Wed, 99 Foo 99999 99:99:99", False),
}


@pytest.mark.parametrize("case", CLOCKS)
def test_a_clock_that_differs_is_told(case: str) -> None:
    said, told = CLOCKS[case]
    date = email.utils.formatdate(time.time() + said, usegmt=True) if isinstance(said, int) else said
    pulled, _, _, _ = looked(lambda path, _: (200, {"Date": date}, APPS[2]) if path == "/api/apps" else None)
    assert pulled.faults == ({"clock_differs": 1} if told else {}) and pulled.state == "complete"


# --- any source


MEMBERS = ["users", "next", "count", "region", "apps", "id", "name", "active", "role", "email", "x"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=5),
    max_leaves=12,
)


@given(said=st.fixed_dictionaries({"/api/users": JSON, "/api/me": JSON, "/api/apps": JSON}))
def test_whatever_json_comes_each_kind_has_one_observation_in_its_form(said: dict[str, Any]) -> None:
    class Canned(Way):
        def get(self, url: str, params: Any = None) -> Any:
            return said.get("/" + url.split("/", 3)[3])

    way = Canned(allow=Allow(hosts=("127.0.0.1",)), secrets={"token": "x"})
    found = list(source.observe(way, {"host": "127.0.0.1", "port": 1}))
    assert len(found) == 3
    for one in found:
        assert KINDS[one.kind].load(dict(one.payload)) is not None
        assert one.complete is False or one.kind != "could_not_look"


DEFECTS: dict[str, Callable[[Way, Any], Any]] = {
    "raises": lambda way, _: (_ for _ in ()).throw(RuntimeError(way.secret("token"))),
    "gives nothing": lambda *_: iter(()),
    "gives no iterator": lambda *_: 7,
    "sees what it did not announce": lambda *_: iter([Seen("roles", {"roles": []}), Seen("accounts", {"accounts": []}),
                                                      Seen("accounts", {"accounts": []})]),
    "gives another form": lambda *_: iter([Seen("region", {"planet": "Mars"})]),
    "gives an unknown kind": lambda *_: iter([Seen("weather", {"rain": True})]),
    "refuses": lambda way, _: (_ for _ in ()).throw(NotSeen("forbidden", "no_right")),
}  # fmt: skip


@pytest.mark.parametrize("case", DEFECTS)
def test_a_source_with_a_defect_sees_nothing_and_tells_no_secret(
    case: str, caplog: pytest.LogCaptureFixture
) -> None:
    known = Bound("desk", source.SOURCE, source.reach, DEFECTS[case])
    pulled = pull(known, {"host": "127.0.0.1", "port": 1}, {"token": SECRET})
    assert [one.about for one in pulled.looked] == list(source.SOURCE.sees)
    assert pulled.state == ("incomplete" if "announce" in case else "failed")
    assert SECRET not in caplog.text + repr(pulled)


@pytest.mark.parametrize(
    ("name", "told"), [("token", True), ("client_id", False), ("bind_dn", False), ("user", False)]
)
def test_a_secret_among_what_is_seen_is_not_told_but_a_name_is_no_secret(name: str, told: bool) -> None:
    def observe(*_: Any) -> Any:
        return iter([Seen("region", {"region": f"at {SECRET}"})])

    only = dataclasses.replace(source.SOURCE, sees=("region",))
    pulled = pull(
        Bound("desk", only, source.reach, observe), {"host": "127.0.0.1", "port": 1}, {name: SECRET}
    )
    assert (SECRET in repr(pulled)) is not told
    assert pulled.faults == ({"secret_in_answer": 1} if told else {})
