"""Every door says its lock: `require` and `public` marks on views, and the one place where they are enforced."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import peewee
from flask import Flask
from werkzeug.routing import Rule

from registry import errors
from registry.api.asked import here
from registry.api.reach import Reach

View = TypeVar("View", bound=Callable[..., Any])

GUARD = "registry.guard"
#: What is told of each answer to an auditor before it leaves: (holder, status). It raises where that cannot be.
READING = "registry.reading"
#: In the place of a controller's key: every controller, also those to come.
EVERY = "*"
#: A condition that no row fulfils.
NOTHING = peewee.SQL("1 = 0")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who asks, and what they may do at the door that they have come to.

    `id` is the pseudonym for the journal ("client/5d0c1f2e3a4b5c6d", "user/7"), `scopes` those of the token that its
    client still has. `controllers` are the keys of the controllers in which the holder's roles give all scopes of this
    door, None meaning all of them; `reach` says of those among them that are seen in part what is seen (within one
    Reach or another). `lacking` are the other controllers that the holder has a role in (maybe EVERY). `rights` are the
    scopes by controller that are given without a limit, `audits` the engagements by which they are in, as (controller,
    number). `expires_at` is an instant (registry.clock). `asking` is what the guard knows of them at any door.
    """

    id: str
    client_id: str
    scopes: frozenset[str]
    controllers: frozenset[str] | None
    expires_at: str
    reach: Mapping[str, tuple[Reach, ...]] = field(default_factory=dict)
    lacking: frozenset[str] = frozenset()
    rights: Mapping[str, frozenset[str]] = field(default_factory=dict)
    audits: tuple[tuple[str, int], ...] = ()
    asking: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Mark:
    """What a view says of its lock: open to all, or every one of `scopes` needed.

    `within`: how it narrows what it answers (registry.api.reach); who is limited in another way is not let in.
    """

    scopes: frozenset[str]
    public: bool = False
    within: frozenset[str] = frozenset()


class Unmarked(RuntimeError):
    """A view without a lock: the application does not start."""


class OutsideEngagement(errors.Forbidden):
    """The period that an engagement is for does not reach to the moment that is asked about."""

    code = "outside_engagement"

    @classmethod
    def of(cls, some: Iterable[Reach]) -> OutsideEngagement:
        """As it is told to who sees what is within one or another of these."""
        periods = [{"since": one.since, "until": one.until} for one in dict.fromkeys(some)]
        return cls(
            "Your engagement is for another period: ask with as_of for a moment in it.", periods=periods
        )


def require(*scopes: str, within: Iterable[str] = ()) -> Callable[[View], View]:
    """Mark a view: a token with all of these scopes is needed. Goes outermost, above the route.

    `within` is for a view that narrows its answers to the registers, the systems or the period that the holder is
    limited to (registry.api.reach): such holders are let in by it alone.

    >>> @require("registers:read")
    ... @blueprint.route("/v1/registers")
    ... def list_registers(): ...

    On methods of a MethodView it goes outermost on each method.
    """
    if not scopes:
        raise ValueError("require() needs a scope; an open door is @public")
    mark = Mark(frozenset(scopes), within=frozenset(within))
    return lambda view: _marked(view, mark)


def public(view: View) -> View:
    """Mark a view: anyone may ask, a token sent along is not looked at."""
    return _marked(view, Mark(frozenset(), public=True))


def _marked(view: View, mark: Mark) -> View:
    vars(view)["door"] = mark
    return view


def holder() -> Holder:
    """Who asks, in a view marked `require`."""
    return cast(Holder, here.holder)


def mine(controller: str, register: str | None = None) -> None:
    """Not yours is not there: raises NotFound unless the holder may see the controller that they named by this key, and
    of it the register, if they named one. Raises InsufficientScope where they have a role in the controller that is not
    enough, or may read that register and no more: whoever names a thing by its key learns nothing from that."""
    if theirs(controller, register):
        return
    asking = holder()
    if asking.controllers is None or controller in asking.controllers:
        raise errors.NotFound()
    raise here.refusal() if asking.lacking & {controller, EVERY} else errors.NotFound()


def theirs(
    controller: str, register: str | None = None, at: str | None = None, *, published: bool = True
) -> bool:
    """Whether the holder may see, at this door, what is of the controller with this key, of its register, and of this
    instant, as far as one is named; `published`: whether the register ever was.

    Raises InsufficientScope where they may not, but may at the door where it is read: who sees a thing and may not
    change it is told so. To everybody else a thing that they came upon by its number is not there.
    """
    if _sees(holder(), controller, register, at, published):
        return True
    reading = here.reading()
    if reading is not None and _sees(reading, controller, register, at, published):
        raise here.refusal()
    return False


def _sees(asking: Holder, controller: str, register: str | None, at: str | None, published: bool) -> bool:
    if asking.controllers is None:
        return True
    if controller not in asking.controllers:
        return False
    if not asking.reach or controller not in asking.reach:
        return True
    return any(
        (register is None or one.register(register))
        and (at is None or one.covers(at))
        and (published or not one.published)
        for one in asking.reach[controller]
    )


def within(
    controller: Any,
    register: Any = None,
    at: Any = None,
    *,
    published: Callable[[str], Collection[str]] | None = None,
) -> list[Any]:
    """Conditions for a query: that a row is of what the holder may see. To be given to `where`.

    `controller`, `register` and `at` (an instant) are columns; a holder whose reach is limited in a way that no column
    is given for sees none of that controller. `published` gives the registers of a controller that ever were: rows of
    others are not for who sees no drafts.
    """
    asking = holder()
    if asking.controllers is None:
        return []
    told = controller.in_(sorted(asking.controllers - asking.reach.keys()))
    for key, some in asking.reach.items():
        for one in some:
            which = _of(one, controller == key, register, at)
            if one.published and published is not None:
                which &= register.in_(sorted(published(key)))
            told |= which
    return [told]


def _of(one: Reach, told: Any, register: Any, at: Any) -> Any:
    if one.registers is not None:
        told &= register.in_(sorted(one.registers)) if register is not None else NOTHING
    if one.since is not None:
        told &= at >= one.since if at is not None else NOTHING
    if one.until is not None:
        told &= at < one.until if at is not None else NOTHING
    if one.systems is not None:
        told &= NOTHING
    return told


def views(app: Flask) -> Iterator[tuple[Rule, str, Callable[..., Any]]]:
    """Every (rule, method, function) that answers; HEAD is answered by GET's function."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        offered = getattr(view, "view_class", None)
        for method in sorted(rule.methods or ()):
            if offered is None:
                yield rule, method, view
            else:
                name = method.lower()
                yield rule, method, getattr(offered, name, None) or offered.get


def mark_of(view: Callable[..., Any]) -> Mark | None:
    """The mark of a view function, None when it has none."""
    return getattr(view, "door", None)


def read_at(rule: str, method: str, read: Mapping[str, Mark | None]) -> Mark | None:
    """The mark of the door where what another changes is read, of those of GET by their rules: at the same path, or at
    the nearest above it. None for a door where is read, and where there is no such door."""
    if method in ("GET", "HEAD"):
        return None
    while rule and rule not in read:
        rule = rule.rpartition("/")[0]
    found = read.get(rule)
    return None if found is None or found.public else found


def lock(app: Flask) -> Callable[[Rule, str], None]:
    """What lets a request through to the view of a rule and method, or raises; it also sets the holder.

    The hook `app.extensions["registry.guard"](mark)` turns the request's token into a Holder, or raises Unauthorised or
    InsufficientScope. It is asked only where the mark is not public. Its `refusal(mark)` makes the problem for a holder
    whose role is not enough, its `reading(mark)` the present holder at another door. Raises Unmarked unless every view
    bears a mark.
    """
    doors: dict[tuple[str, str], tuple[Mark, Callable[[], errors.Problem], Callable[[], Holder | None]]] = {}
    guard: Callable[[Mark], Holder] | None = app.extensions.get(GUARD)
    refusal: Callable[[Mark], errors.Problem] = getattr(
        guard, "refusal", lambda _: errors.InsufficientScope()
    )
    elsewhere: Callable[[Mark | None], Holder | None] = getattr(guard, "reading", lambda _: None)
    read = {rule.rule: mark_of(view) for rule, method, view in views(app) if method == "GET"}
    bare = []
    for rule, method, view in views(app):
        mark = mark_of(view)
        if mark is None:
            bare.append(f"{method} {rule.rule} ({view.__module__}.{view.__qualname__})")
        else:
            beside = functools.partial(elsewhere, read_at(rule.rule, method, read))
            doors[rule.endpoint, method] = mark, functools.partial(refusal, mark), beside
    if bare:
        raise Unmarked("Views without @require(…) or @public: " + ", ".join(sorted(set(bare))))
    if guard is None:
        if not all(mark.public for mark, *_ in doors.values()):
            raise Unmarked(
                "Nobody guards the marked views: install registry.auth before the application starts."
            )
        return lambda rule, method: None

    def enter(rule: Rule, method: str) -> None:
        mark, here.refusal, here.reading = doors[rule.endpoint, method]
        if not mark.public:
            here.holder = guard(mark)

    return enter
