"""The request that this thread is working on, for what is asked of it on every request: no more than a few attributes.

Set before a view runs, however it was entered (registry.api.direct, Flask), and emptied after it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from werkzeug.routing import Rule

from registry import errors

if TYPE_CHECKING:
    from registry.api.door import Holder
    from registry.settings import Settings

NOTHING: Mapping[str, Any] = {}


class Asked(threading.local):
    """`environ` as WSGI has it, the `rule` that its path fits with its arguments, who asks (None: nobody said), and the
    settings of the application that was asked.

    `refusal` makes the problem for a holder whose role is not enough for the door that the request has come to,
    `reading` the same holder at the door where what that one changes is read; None where they are not let in there.
    """

    environ: Mapping[str, Any] = NOTHING
    rule: Rule | None = None
    arguments: Mapping[str, Any] = NOTHING
    holder: Holder | None = None
    settings: Settings | None = None
    refusal: Callable[[], errors.Problem] = errors.InsufficientScope
    reading: Callable[[], Holder | None] = staticmethod(lambda: None)

    def begin(
        self, environ: Mapping[str, Any], rule: Rule, arguments: Mapping[str, Any], settings: Settings
    ) -> None:
        """A request has come to a view; nobody has been let in yet."""
        self.environ, self.rule, self.arguments, self.holder = environ, rule, arguments, None
        self.settings = settings

    def end(self) -> None:
        """It is over."""
        self.environ, self.rule, self.arguments, self.holder = NOTHING, None, NOTHING, None


here = Asked()


def settings() -> Settings:
    """The settings of the application that the present request came to."""
    return cast("Settings", here.settings)
