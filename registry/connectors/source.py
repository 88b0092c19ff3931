"""What a source is: one file in registry/connectors/sources, named after its kind, that looks at one sort of system.

    SOURCE = Source(
        title={"fi": "Esimerkki", "sv": "Exempel", "en": "Example"},
        settings=ExampleSettings,                     # a strict schema: what the operator is asked for, no secrets
        secrets={"token": "An access token that may only read."},
        sees=("accounts", "region"),                  # each run gives one of each, or says that it could not look
    )

    def reach(settings: Mapping[str, Any]) -> Allow:  # which hosts it may reach, and no others
        return Allow(hosts=(f"{settings['subdomain']}.example.com",))

    def observe(way: Way, settings: Mapping[str, Any]) -> Iterator[Seen]:
        base = f"https://{settings['subdomain']}.example.com"
        way.sign_in(base, {"Authorization": f"Bearer {way.secret('token')}"})
        yield way.look("accounts", lambda: _accounts(way, base))
        yield way.look("region", lambda: {"region": way.get(f"{base}/api/me")["region"]})

    def _accounts(way: Way, base: str) -> Mapping[str, Any]:
        found = Accounts()                  # of registry.connectors.reading.tally: what is alike is counted together
        for user in way.pages(f"{base}/api/users", items="users", following=lambda page: page["next"]):
            with way.item():                # one that is not understood is counted, and the look is not whole
                found.add(
                    role=text(user, "role"), domain=domain_of(text(user, "email")), active=truth(user, "active")
                )
        return found.payload()

What each kind of observation consists of is in registry/connectors/observed/kinds; what is read alike of many systems
(roles with their members, lengths, pages, tokens by OAuth, what a credential may do) in registry/connectors/reading. A
source over HTTP has a setting for where it is asked (`Origin` and `only` of registry.connectors.origin), be it the
vendor's host unless said otherwise: its recording is played on this machine.

A source gathers and never judges: keys, counts and dates, no contents, no addresses. It holds nothing of which there
may be many: it counts as it reads. `way.look` sees to the rest: a failure before anything was read is *could not look*
with its reason, one after that leaves the look incomplete, and an answer of another shape than documented is not
understood; none of them is ever "there is nothing". What this source cannot see at all it leaves out of `sees`, and
what it can never see all of it names in `in_part`: its looks are never complete, and a run is no worse for that.

Protocols other than HTTP ask `way.addresses(host, port)` where to connect, keep within `way.left()` seconds, count
what they read with `way.took()`, show its raw bytes to `way.evidence`, and raise `NotSeen` or call `way.broken`.
What the credential may do beyond reading is told by a look of the kind `credential`, by every source that has secrets;
also that it cannot be told, and why (registry.connectors.reading.rights).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from registry.connectors.seen import NotSeen, Reason, Seen, could_not_look
from registry.connectors.values import (
    day_at,
    day_of,
    domain_of,
    instant_of,
    listed,
    listed_if,
    mapped,
    mapped_if,
    text,
    truth,
    whole,
    word,
)  # fmt: skip
from registry.connectors.way import Way
from registry.outbound import Allow
from registry.strict.schema import Schema

__all__ = [
    "Allow", "NotSeen", "Reason", "Seen", "Source", "Way", "could_not_look", "day_at", "day_of", "domain_of",
    "instant_of", "listed", "listed_if", "mapped", "mapped_if", "text", "truth", "whole", "word",
]  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a source asks for and what it can see.

    `title` in fi, sv and en; `settings` is a schema that refuses what it does not know; `secrets` are names with what
    each is (one that only says who signs in ends in `_id`, `_dn` or `user`: it may well be among what is seen); `sees`
    the kinds of observation that every run gives or says it could not; of these `only_with` names the setting without
    which a kind is not looked for, and `in_part` are those of which there is always more than it sees; `addressed` are
    the settings that beside the hosts say whom secrets are sent to: another tenant of a host is somebody else. A run
    takes `seconds` and `most` items at most.
    """

    title: Mapping[str, str]
    settings: type[Schema]
    secrets: Mapping[str, str]
    sees: tuple[str, ...]
    only_with: Mapping[str, str] = dataclasses.field(default_factory=dict)
    in_part: tuple[str, ...] = ()
    addressed: tuple[str, ...] = ()
    seconds: float = 600
    most: int = 500_000
