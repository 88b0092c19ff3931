"""Adding, changing and removing connectors: which system is looked at, by which source, how often, with which secrets.

Its secrets lie beside a connector, sealed and bound to it and to the hosts that it may reach: they are never given
out, and what sends it elsewhere drops them.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from registry import journal, outbound
from registry.catalogue import store
from registry.catalogue.read import parts
from registry.connectors.book import Bound, source
from registry.connectors.configured.connected import (
    CONNECTORS,
    Connector,
    ConnectorRun,
    ConnectorSecret,
    State,
    bound_to,
    live,
    reached,
)
from registry.db import writes
from registry.errors import Conflict, Gone, Invalid, NotFound
from registry.journal import Told
from registry.keys import held
from registry.keys.sealing import Sealer
from registry.outbound import Refused

LONGEST_SECRET = 20_000  # a private key in PEM is well below
LONGEST_SETTINGS = 50_000
CHECK_SECONDS = (
    4.0  # for the resolver to say where the hosts of new settings are; later each run asks it anew
)


def add_connector(
    system: str,
    kind: str,
    settings: Mapping[str, Any],
    *,
    every_hours: int | None,
    state: State = "enabled",
    secrets: Mapping[str, str] | None = None,
    by: str,
    sealer: Sealer,
) -> int:
    """Add a connector to a declared system; gives its number. It is due at once unless paused or without interval.

    Raises NotFound for a system that is not declared, Conflict (`already_looked_at`) where another connector of the
    system sees some of the same kinds, Invalid: `unknown_source`, `address_refused`, `unknown_secret`,
    `no_secret_key`, and each fault of the settings.
    """
    known = source(kind)
    checked = known.settings(settings)
    hosts = _reached(known, checked)  # asks the resolver, which no other writer is to wait for
    sees = known.sees(checked)
    return _add(system, known, _plain(settings), sees, hosts, every_hours, state, secrets or {}, by, sealer)


@writes
def _add(
    system: str,
    known: Bound,
    settings: Mapping[str, Any],
    sees: tuple[str, ...],
    hosts: list[str],
    every_hours: int | None,
    state: State,
    secrets: Mapping[str, str],
    by: str,
    sealer: Sealer,
) -> int:
    controller, key = parts(system, "/system")
    if not store.exists("system", controller, key):
        raise NotFound("No such system; declare it first.")
    _alone(controller, key, sees)
    number, now = CONNECTORS.following(), journal.stamp()
    given = _seal(number, known, hosts, secrets, sealer)
    told = {
        "id": number,
        "version": 1,
        "system": system,
        "kind": known.kind,
        "state": state,
        "settings": settings,
        "every_hours": every_hours,
        "hosts": hosts,
        "sees": list(sees),
        "secrets": [_secret(name, now if name in given else None) for name in known.source.secrets],
        "added_at": now,
        "changed_at": now,
    }
    CONNECTORS.append(told, now, by=by, action="added")
    ConnectorRun.insert(connector=number, failed=0, due_at=_first_due(told, now)).execute()
    return number


def change_connector(
    number: int,
    *,
    settings: Mapping[str, Any],
    every_hours: int | None,
    state: State,
    by: str,
    expect: int,
) -> None:
    """Give a connector other settings, another interval or state.

    Where the hosts that it may reach change, or whom of them it speaks to (`addressed`), its secrets are dropped, and
    the connector says so. What it sees may change with the settings. Raises as `add_connector`, Gone for one that was
    removed, and PreconditionFailed for another version than `expect`.
    """
    row = CONNECTORS.one(number)
    standing(row.state)
    known = source(row.kind)
    checked = known.settings(settings)
    hosts = _reached(known, checked)
    _change(number, _plain(settings), known.sees(checked), hosts, every_hours, state, by, expect)


@writes
def _change(
    number: int,
    settings: Mapping[str, Any],
    sees: tuple[str, ...],
    hosts: list[str],
    every_hours: int | None,
    state: State,
    by: str,
    expect: int,
) -> None:
    told = _newest(number, expect)
    _alone(*parts(told["system"]), tuple(kind for kind in sees if kind not in told["sees"]), but=number)
    now = journal.stamp()
    known = source(told["kind"])
    if hosts != told["hosts"] or _addressed(known, settings) != _addressed(known, told["settings"]):
        ConnectorSecret.delete().where(ConnectorSecret.connector == number).execute()
        told["secrets"] = [
            {**one, "given_at": None, "dropped_at": now if one["given_at"] else one["dropped_at"]}
            for one in told["secrets"]
        ]
    told |= {"settings": dict(settings), "every_hours": every_hours, "state": state}
    told |= {"hosts": hosts, "sees": list(sees)}
    CONNECTORS.append({**told, "changed_at": now}, now, by=by, action="changed")
    ConnectorRun.update(due_at=_first_due(told, now), failed=0).where(
        ConnectorRun.connector == number
    ).execute()


@writes
def give_secrets(
    number: int, secrets: Mapping[str, str | None], *, by: str, expect: int, sealer: Sealer
) -> None:
    """Set secrets of a connector, or take them away (None). Those not named stay. Raises as `change_connector`."""
    told = _newest(number, expect)
    known = source(told["kind"])
    given = {name: value for name, value in secrets.items() if value is not None}
    sealed = _seal(number, known, told["hosts"], given, sealer)
    taken = _named(known, [name for name in secrets if name not in given])
    ConnectorSecret.delete().where(
        (ConnectorSecret.connector == number) & ConnectorSecret.name.in_(taken)
    ).execute()
    now = journal.stamp()
    told["secrets"] = [
        _secret(one["name"], now)
        if one["name"] in sealed
        else _secret(one["name"], None)
        if one["name"] in taken
        else one
        for one in told["secrets"]
    ]
    CONNECTORS.append({**told, "changed_at": now}, now, by=by, action="secrets-given")
    ConnectorRun.update(due_at=_first_due(told, now), failed=0).where(
        ConnectorRun.connector == number
    ).execute()


@writes
def remove_connector(number: int, *, by: str, expect: int) -> None:
    """Look no more: the secrets are gone, what was seen stays. Raises as `change_connector`."""
    told, now = _newest(number, expect), journal.stamp()
    ConnectorSecret.delete().where(ConnectorSecret.connector == number).execute()
    told["secrets"] = [_secret(one["name"], None) for one in told["secrets"]]
    CONNECTORS.append({**told, "state": "removed", "changed_at": now}, now, by=by, action="removed")
    ConnectorRun.update(due_at=None, lease=None).where(ConnectorRun.connector == number).execute()


@writes
def ask_now(number: int, *, by: str) -> None:
    """Have a connector run as soon as somebody comes by. Raises NotFound, Gone, Conflict (`paused`)."""
    row = CONNECTORS.one(number)
    standing(row.state)
    if row.state == "paused":
        raise Conflict("The connector is paused.", code="paused")
    ConnectorRun.update(due_at=journal.stamp()).where(ConnectorRun.connector == number).execute()
    journal.append("connector.asked", f"connector/{row.controller}/{number}", by=by)


def standing(state: str) -> None:
    """Raises Gone for a connector that was removed."""
    if state == "removed":
        raise Gone("The connector was removed.")


def _reached(known: Bound, settings: Mapping[str, Any]) -> list[str]:
    """The hosts (host:port) that a connector may reach. Raises Invalid for one that nobody may be sent to."""
    allow = known.reach(settings)
    if not allow.hosts:
        raise ValueError(f"{known.kind} may reach anything: a source names its hosts")
    ends = time.monotonic() + CHECK_SECONDS
    for host in allow.hosts:
        for port in sorted(allow.ports) if not host.startswith(".") else ():
            left = ends - time.monotonic()
            try:
                outbound.addresses(host, port, dataclasses.replace(allow, seconds=max(left, 0)))
            except Refused as refused:
                if refused.code.startswith(("dns_", "connection_", "timeout")):
                    continue  # away just now, which a run will tell; what it resolves to is checked then
                raise Invalid(
                    "The settings lead to a host in a network that may not be reached. The operator of this "
                    "registry can name it in REGISTRY_OUTBOUND_NETWORKS.",
                    code=refused.code,
                    field="/settings",
                ) from None
    return reached(allow)


def _addressed(known: Bound, settings: Mapping[str, Any]) -> list[Any] | None:
    """Whom at their hosts settings speak to; None for settings that no longer fit."""
    try:
        loaded = known.settings(settings)
    except Invalid:
        return None
    return [loaded.get(one) for one in known.source.addressed]


def _alone(controller: str, key: str, sees: tuple[str, ...], *, but: int | None = None) -> None:
    for other in live().where((Connector.controller == controller) & (Connector.system == key)):
        if other.id != but and (both := sorted({*other.told["sees"]} & {*sees})):
            raise Conflict(
                f"Connector {other.id} looks at this already: {', '.join(both)}. Change or remove that one; "
                "what lies in two places is declared as two systems.",
                code="already_looked_at",
            )


def _named(known: Bound, names: Iterable[str]) -> list[str]:
    for name in names:
        if name not in known.source.secrets:
            told = f"The secrets of this source are {', '.join(known.source.secrets) or 'none'}."
            raise Invalid(told, code="unknown_secret", field="/secrets")
    return list(names)


def _seal(
    number: int, known: Bound, hosts: list[str], secrets: Mapping[str, str], sealer: Sealer
) -> list[str]:
    for name in _named(known, list(secrets)):
        sealed = held.seal(secrets[name], sealer, bound=bound_to(number, name, hosts), field="/secrets")
        ConnectorSecret.insert(connector=number, name=name, sealed=sealed).on_conflict(
            conflict_target=[ConnectorSecret.connector, ConnectorSecret.name], update={"sealed": sealed}
        ).execute()
    return list(secrets)


def _secret(name: str, given_at: str | None) -> dict[str, Any]:
    return {"name": name, "given_at": given_at, "dropped_at": None}


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    written = orjson.dumps(dict(settings))
    if len(written) > LONGEST_SETTINGS:
        raise Invalid("The settings are too long.", code="too_long", field="/settings")
    return dict(orjson.loads(written))


def _first_due(told: Mapping[str, Any], now: str) -> str | None:
    return now if told["state"] == "enabled" and told["every_hours"] else None


def _newest(number: int, expect: int) -> Told:
    told = CONNECTORS.next(number, expect)
    standing(told["state"])
    return told
