"""A receiver: whether it may be sent to, and one message posted to it, signed as Standard Webhooks has it."""

from __future__ import annotations

import email.utils
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from registry import clock, outbound
from registry.errors import Invalid
from registry.outbound import Allow, Refused
from registry.settings import Settings

SECONDS = 15.0
#: Of an answer so much is read, and nothing of it is kept.
MOST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one try went: the status that was answered, or the code of why nothing was. `wait`: seconds asked for."""

    status: int | None = None
    code: str | None = None
    wait: float | None = None

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """The receiver wants nothing more, for good."""
        return self.status == 410


def allowed(url: str, settings: Settings) -> Allow:
    """What may be reached by a receiver's URL: its own host, and the ports that this deployment allows.

    Raises Refused for text that is no URL.
    """
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    if not host:
        raise Refused("url_refused")
    return Allow(hosts=(host,), ports=settings.receivers_at, seconds=SECONDS, most=MOST)


def check(url: str, settings: Settings) -> None:
    """Raises Invalid (`/url`, with the code of what is wrong) for a URL that nothing may be sent to."""
    try:
        outbound.check(url, allow=allowed(url, settings))
    except Refused as refused:
        raise Invalid(
            "Nothing may be sent to that URL: it has to be https, to a host on the internet and a port that is"
            " allowed, without a user name.",
            code=refused.code,
            field="/url",
        ) from None


def post(url: str, message: str, body: bytes, secrets: Iterable[str], settings: Settings) -> Outcome:
    """Post a message, signed with each of the secrets, and say how it went."""
    now = datetime.fromisoformat(clock.now())
    text = body.decode()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(message, now, text) for secret in secrets),
    }
    try:
        answer = outbound.ask("POST", url, allow=allowed(url, settings), headers=headers, body=body)
    except Refused as refused:
        return Outcome(code=refused.code)
    return Outcome(answer.status, None, _asked(answer.headers.get("retry-after", ""), now))


def _asked(said: str, now: datetime) -> float | None:
    said = said.strip()
    if said.isascii() and said.isdigit() and len(said) < 10:
        return float(said)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(said).timestamp() - now.timestamp())
    except (ValueError, TypeError, OverflowError):
        return None
