"""Every door says its lock: `require` and `public` marks on views, and the one place where they are enforced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from flask import Flask
from werkzeug.routing import Rule

from registry import errors
from registry.api.asked import here

View = TypeVar("View", bound=Callable[..., Any])

GUARD = "registry.guard"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who asks: what a good token says of its holder.

    `id` is the pseudonym for the journal ("client/library-dpo"); `controllers` are the keys of the controllers that the
    holder may see, None meaning all of them; `expires_at` is an instant (registry.clock).
    """

    id: str
    client_id: str
    scopes: frozenset[str]
    controllers: frozenset[str] | None
    expires_at: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What a view says of its lock: open to all, or every one of `scopes` needed."""

    scopes: frozenset[str]
    public: bool = False


class Unmarked(RuntimeError):
    """A view without a lock: the application does not start."""


def require(*scopes: str) -> Callable[[View], View]:
    """Mark a view: a token with all of these scopes is needed. Goes outermost, above the route.

    >>> @require("registers:read")
    ... @blueprint.route("/v1/registers")
    ... def list_registers(): ...

    On methods of a MethodView it goes outermost on each method.
    """
    if not scopes:
        raise ValueError("require() needs a scope; an open door is @public")
    mark = Mark(frozenset(scopes))
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


def mine(controller: str) -> None:
    """Not yours is not there: raises NotFound unless the holder may see the controller with this key."""
    seen = holder().controllers
    if seen is not None and controller not in seen:
        raise errors.NotFound()


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


def lock(app: Flask) -> Callable[[Rule, str], None]:
    """What lets a request through to the view of a rule and method, or raises; it also sets the holder.

    The hook `app.extensions["registry.guard"](mark)` turns the request's token into a Holder, or raises Unauthorised or
    InsufficientScope. It is asked only where the mark is not public. Raises Unmarked unless every view bears a mark.
    """
    doors: dict[tuple[str, str], Mark] = {}
    bare = []
    for rule, method, view in views(app):
        mark = mark_of(view)
        if mark is None:
            bare.append(f"{method} {rule.rule} ({view.__module__}.{view.__qualname__})")
        else:
            doors[rule.endpoint, method] = mark
    if bare:
        raise Unmarked("Views without @require(…) or @public: " + ", ".join(sorted(set(bare))))
    guard: Callable[[Mark], Holder] | None = app.extensions.get(GUARD)
    if guard is None:
        if not all(mark.public for mark in doors.values()):
            raise Unmarked(
                "Nobody guards the marked views: install registry.auth before the application starts."
            )
        return lambda rule, method: None

    def enter(rule: Rule, method: str) -> None:
        mark = doors[rule.endpoint, method]
        if not mark.public:
            here.holder = guard(mark)

    return enter
