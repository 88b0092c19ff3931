"""The three public pages of tawk.to that its source reads, with their sentences as they stood in 2026.

UNCONFIRMED: how the pages are built around those sentences and tables, and that the tables' first column is headed
`Property` in the page as it is in its text; that a page which said after how long chats are
deleted would say it so. Where they are built in another way, the source does not understand them.
"""

from __future__ import annotations

from tests.connectors.stand_ins.serving import Asked, Reply, StandIn

KEYS = [
    "event",
    "chatId",
    "time",
    "message.text",
    "visitor.name",
    "visitor.email",
    "visitor.city",
    "visitor.country",
]


class TawkTo(StandIn):
    """What the vendor publishes."""

    def __init__(self) -> None:
        super().__init__()
        self.place, self.keeps, self.keys = (
            "the United States",
            "stay on our servers indefinitely until deletion",
            [*KEYS],
        )

    def answer(self, asked: Asked) -> Reply:
        body = {
            "/webhooks/": self._webhooks(),
            "/article/why-do-you-need-my-personal-data": f"<h2>Where your data is stored</h2><p>Your data is stored in "
            f"{self.place} on Google Cloud services. We also use a global network.</p>",
            "/how-we-store-your-data/": f"<p>Chats and Tickets are encrypted and {self.keeps}.</p>",
        }.get(asked.path)
        html = {"Content-Type": "text/html; charset=utf-8"}
        return (
            (404, b"", html) if body is None else (200, f"<!doctype html><body>{body}</body>".encode(), html)
        )

    def _webhooks(self) -> str:
        rows = "".join(f"<tr><td><code>{key}</code></td><td>String</td><td>…</td></tr>" for key in self.keys)
        other = "<table><tr><th>Language</th></tr><tr><td>PHP</td></tr></table>"
        return f"{other}<table><thead><tr><th>Property</th><th>Type</th></tr></thead><tbody>{rows}</tbody></table>"
