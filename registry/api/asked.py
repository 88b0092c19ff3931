"""The request that this thread is working on, for what is asked of it on every request: no more than a few attributes.

Set before a view runs, however it was entered (registry.api.direct, Flask), and emptied after it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.routing import Rule

if TYPE_CHECKING:
    from registry.api.door import Holder

NOTHING: Mapping[str, Any] = {}


class Asked(threading.local):
    """`environ` as WSGI has it, the `rule` that its path fits with its arguments, and who asks (None: nobody said)."""

    environ: Mapping[str, Any] = NOTHING
    rule: Rule | None = None
    arguments: Mapping[str, Any] = NOTHING
    holder: Holder | None = None

    def begin(self, environ: Mapping[str, Any], rule: Rule, arguments: Mapping[str, Any]) -> None:
        """A request has come to a view; nobody has been let in yet."""
        self.environ, self.rule, self.arguments, self.holder = environ, rule, arguments, None

    def end(self) -> None:
        """It is over."""
        self.environ, self.rule, self.arguments, self.holder = NOTHING, None, NOTHING, None


here = Asked()
