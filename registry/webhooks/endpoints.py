"""The verbs of endpoints: added, changed, given another secret, disabled, removed. Sending is next door."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal

from registry import clock, journal
from registry.catalogue import store
from registry.changes import feed
from registry.db import writes
from registry.errors import Conflict, Gone, NotFound
from registry.journal import Told
from registry.keys import held
from registry.keys.sealing import Sealer
from registry.webhooks.stored import ENDPOINTS, Delivery, Endpoint, EndpointSecret, Standing

#: Who disables an endpoint that cannot be reached, or that said it is gone.
BY = "webhooks"
MOST_OF_ONE = 20  # endpoints of a controller
MOST_SECRETS = 4  # of an endpoint at the same time: each adds a signature to every message

Why = Literal["gone", "unreachable"]


@writes
def add_endpoint(
    controller: str,
    *,
    url: str,
    kinds: Collection[str],
    description: str | None,
    by: str,
    sealer: Sealer,
) -> tuple[int, str]:
    """Add an endpoint that is told of changes from now on; gives its number and its secret, which is not told again.

    `url` was checked (receiver.check); it is checked again at each send. Raises NotFound for a controller that is not
    declared, Conflict (`too_many_webhooks`), Invalid (`no_secret_key`).
    """
    if not store.exists("controller", controller, controller):
        raise NotFound("No such controller; declare it first.")
    live = ENDPOINTS.stands & (Endpoint.controller == controller) & (Endpoint.state != "removed")
    if Endpoint.select().where(live).count() >= MOST_OF_ONE:
        raise Conflict(f"A controller has at most {MOST_OF_ONE} webhooks.", code="too_many_webhooks")
    number, now, made = ENDPOINTS.following(), journal.stamp(), new_secret()
    _seal(number, 1, made, sealer)
    ENDPOINTS.append(
        {
            "id": number,
            "version": 1,
            "controller": controller,
            "url": url,
            "kinds": sorted(kinds),
            "description": description,
            "state": "enabled",
            "disabled_because": None,
            "secrets": [{"number": 1, "given_at": now, "until": None}],
            "added_at": now,
            "changed_at": now,
        },
        now,
        by=by,
        action="added",
    )
    Standing.insert(endpoint=number, position=journal.position(), failures=0).execute()
    return number, made


@writes
def change_endpoint(
    number: int,
    *,
    url: str,
    kinds: Collection[str],
    description: str | None,
    state: Literal["enabled", "paused"],
    by: str,
    expect: int,
) -> None:
    """Give an endpoint another URL, other kinds, or another state. What changed while it was paused or disabled is
    sent when it is enabled again.

    Raises NotFound, PreconditionFailed for another version than `expect`, Gone for one that was removed.
    """
    told, now = _newest(number, expect), journal.stamp()
    if told["state"] == "enabled" and sorted(kinds) != told["kinds"]:
        _pass_over(number, told)
    told |= {"url": url, "kinds": sorted(kinds), "description": description, "state": state}
    ENDPOINTS.append({**told, "disabled_because": None, "changed_at": now}, now, by=by, action="changed")
    Standing.update(failures=0, failing_since=None, resume_at=None).where(
        Standing.endpoint == number
    ).execute()


@writes
def give_secret(number: int, *, overlap_hours: int, by: str, expect: int, sealer: Sealer) -> str:
    """Give an endpoint a new secret, and the old ones `overlap_hours` more: until then each message bears a signature
    with each of them. Gives the new one, which is not told again.

    Raises as `change_endpoint`, Conflict (`too_many_secrets`), Invalid (`no_secret_key`).
    """
    told, now = _newest(number, expect), journal.stamp()
    ends = clock.later(now, overlap_hours * 3600)
    kept = [
        {**one_, "until": min(one_["until"] or ends, ends)}
        for one_ in told["secrets"]
        if one_["until"] is None or one_["until"] > now
    ]
    kept = [one_ for one_ in kept if one_["until"] > now]
    if len(kept) >= MOST_SECRETS:
        raise Conflict("Too many secrets are in use; let one run out first.", code="too_many_secrets")
    EndpointSecret.delete().where(
        (EndpointSecret.endpoint == number) & EndpointSecret.number.not_in([k["number"] for k in kept])
    ).execute()
    for one_ in kept:
        EndpointSecret.update(until=one_["until"]).where(
            (EndpointSecret.endpoint == number) & (EndpointSecret.number == one_["number"])
        ).execute()
    serial, made = max(one_["number"] for one_ in told["secrets"]) + 1, new_secret()
    _seal(number, serial, made, sealer)
    told["secrets"] = [{"number": serial, "given_at": now, "until": None}, *kept]
    ENDPOINTS.append({**told, "changed_at": now}, now, by=by, action="secret-given")
    return made


@writes
def disable(number: int, why: Why) -> None:
    """Send nothing more until somebody enables it again; nothing for one that is not enabled."""
    row = ENDPOINTS.one(number)
    if row.state == "enabled":
        told, now = ENDPOINTS.next(number, row.version), journal.stamp()
        told |= {"state": "disabled", "disabled_because": why}
        ENDPOINTS.append({**told, "changed_at": now}, now, by=BY, action="disabled")


@writes
def remove_endpoint(number: int, *, by: str, expect: int) -> None:
    """Tell it nothing any more: its secrets are gone, and what was on its way. Raises as `change_endpoint`."""
    told, now = _newest(number, expect), journal.stamp()
    for model in (EndpointSecret, Delivery, Standing):
        model.delete().where(model.endpoint == number).execute()
    told |= {"state": "removed", "disabled_because": None, "secrets": []}
    ENDPOINTS.append({**told, "changed_at": now}, now, by=by, action="removed")


def new_secret() -> str:
    """A secret as Standard Webhooks writes it: 32 random bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def secrets_of(number: int, sealer: Sealer, now: str) -> list[str]:
    """The secrets to sign with, the newest first. Raises errors.Unavailable where they cannot be unsealed."""
    live = EndpointSecret.until.is_null() | (EndpointSecret.until > now)
    rows = EndpointSecret.select().where((EndpointSecret.endpoint == number) & live)
    return [
        held.unseal(row.sealed, sealer, bound=_bound(number, row.number))
        for row in rows.order_by(EndpointSecret.number.desc())
    ]


@held.keeps("webhooks")
def _sealed() -> Iterator[held.Kept]:
    for row in EndpointSecret.select():
        yield held.Kept(row, _bound(row.endpoint, row.number))


def _pass_over(number: int, told: Mapping[str, Any]) -> None:
    """Move the position to before the first change that is to be sent: other kinds do not reach back further."""
    at, more = Standing.get(Standing.endpoint == number).position, True
    while more:
        part = feed.read(at, limit=1, controllers={told["controller"]}, kinds=told["kinds"])
        if part.changes:
            at = part.changes[0].seq - 1
            break
        at, more = part.until, part.more
    Standing.update(position=at).where(Standing.endpoint == number).execute()


def _seal(number: int, serial: int, secret: str, sealer: Sealer) -> None:
    sealed = held.seal(secret, sealer, bound=_bound(number, serial))
    EndpointSecret.insert(endpoint=number, number=serial, sealed=sealed, until=None).execute()


def _bound(number: int, serial: int) -> str:
    return f"webhook/{number}/{serial}"


def _newest(number: int, expect: int) -> Told:
    told = ENDPOINTS.next(number, expect)
    if told["state"] == "removed":
        raise Gone("The webhook was removed.")
    return told
