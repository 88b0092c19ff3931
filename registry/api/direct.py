"""The short way in: a view of GET or POST that is marked @direct is entered straight from WSGI.

Flask's own way through a request (contexts, signals, hooks) costs more than what such a view does: checking the token
in the database and handing out bytes that are stored. Everything that guards a view is the same code on both ways: the
wire, the routing table, the lock and its guard, the negotiation, the view itself and the problems that it raises.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from flask import Flask, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RoutingException, Rule

from registry.api import door, problem

View = TypeVar("View", bound=Callable[..., Any])
Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


#: Paths below this length are remembered with where they lead.
_SHORT = 200


class Hooked(RuntimeError):
    """A hook for every request that the short way would pass by: the application does not start."""


def direct(view: View) -> View:
    """Mark a view of GET or POST: it asks Flask for nothing (`request`, `g`, `current_app`) and answers with a Response
    of bytes.

    What it may ask is registry.api's: `holder`, `seek`, `not_modified`, `settings`, its arguments. Goes below the
    route, above the arguments.
    """
    vars(view)["direct"] = True
    return view


class Direct:
    """WSGI in front of Flask's: takes what a direct view answers, passes on the rest.

    `admit` is what lets a request in to a rule, as for Flask's views, `noted` what has to happen before an answer
    leaves, and `release` what follows every request.
    """

    def __init__(
        self,
        app: Flask,
        admit: Callable[[Mapping[str, Any], Rule, Mapping[str, Any]], None],
        release: Callable[[BaseException | None], None],
        noted: Callable[[Response], None] = lambda _: None,
    ) -> None:
        self.flask: Wsgi = app.wsgi_app
        self.admit, self.release, self.noted = admit, release, noted
        self.views = {
            (rule.endpoint, method): view
            for rule, method, view in door.views(app)
            if method in ("GET", "HEAD", "POST") and getattr(view, "direct", False)
        }
        self._routes = app.url_map.bind("registry")
        self._known = functools.lru_cache(maxsize=4096)(self._match)

    def _match(self, path: str, method: str) -> tuple[Rule, Mapping[str, Any]]:
        return self._routes.match(path, method, return_rule=True)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if method not in ("GET", "HEAD", "POST"):
            return self.flask(environ, start_response)
        try:
            path = environ["PATH_INFO"]
            find = self._known if len(path) < _SHORT else self._match
            rule, arguments = find(path, method)
        except (HTTPException, RoutingException):  # Flask says what
            return self.flask(environ, start_response)
        view = self.views.get((rule.endpoint, method))
        if view is None:
            return self.flask(environ, start_response)
        try:
            answer: Response = self._answer(view, environ, rule, arguments)
        finally:
            self.release(None)
        return answer(environ, start_response)

    def _answer(
        self, view: Callable[..., Any], environ: dict[str, Any], rule: Rule, arguments: Mapping[str, Any]
    ) -> Any:
        try:
            try:
                self.admit(environ, rule, arguments)
                answer: Any = view(**arguments)
            except Exception as error:
                answer = problem.told(error, environ, rule.endpoint)
            self.noted(answer)
            return answer
        except Exception as error:
            return problem.told(error, environ, rule.endpoint)


def unhooked(app: Flask) -> None:
    """Raises Hooked if something wants to see every request, or every answer, as Flask passes it by."""
    kinds = (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs)
    if any(hooks.get(None) for hooks in kinds):
        raise Hooked(
            "A hook on the whole application would not see what is @direct: put it on its blueprint."
        )
