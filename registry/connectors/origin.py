"""Where a system is asked: a scheme, a host and a port, and nothing else."""

from __future__ import annotations

import re
from typing import Any

from registry.outbound import Allow
from registry.strict.schema import Text

_FORM = re.compile(r"(https?)://(\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\\\[\]%]+)(?::([0-9]{1,5}))?")


class Origin(Text):
    """`https://host` or `https://host:port`. What may be reached at all is for registry.outbound to say."""

    default_error_messages = {"origin": "bad_origin: A scheme and a host, such as https://desk.example.com."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max=300, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs).removesuffix("/")
        match = _FORM.fullmatch(text)
        if match is None or not 0 < int(match[3] or 443) < 65536:
            raise self.make_error("origin")
        return text


def host_and_port(origin: str) -> tuple[str, int]:
    """The host and the port of an origin. Raises ValueError for what is none."""
    match = _FORM.fullmatch(origin)
    if match is None:
        raise ValueError("no origin")
    return match[2], int(match[3] or (443 if match[1] == "https" else 80))


def only(origin: str, *others: str, **said: Any) -> Allow:
    """Leave to reach these origins and no others; `said` as of Allow."""
    found = [host_and_port(one) for one in (origin, *others)]
    return Allow(hosts=tuple(host for host, _ in found), ports=frozenset(port for _, port in found), **said)
