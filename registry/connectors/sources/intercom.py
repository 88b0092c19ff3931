"""Intercom, by its REST API: who is a teammate of the workspace, and in which region it is kept.

Everybody on the list of teammates can sign in; those without an inbox seat do not answer people. What they may do, when
they were last there and whether they have a second factor is not in the API, and neither is how long anything is kept:
that is for the vendor's papers or for somebody to attest. What our own token was granted no answer says. Asking for
things that it has no need of shows whether it was granted more than it was asked for; whether it may write is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from registry.connectors.origin import Origin, only
from registry.connectors.reading import rights
from registry.connectors.reading.tally import Accounts
from registry.connectors.source import Allow, Seen, Source, Way, domain_of, listed, mapped, text, word
from registry.strict.schema import OneOf, Schema

#: Where each region is asked, and the country that its data is in, as the vendor says.
HOSTS = {
    "us": "https://api.intercom.io",
    "eu": "https://api.eu.intercom.io",
    "au": "https://api.au.intercom.io",
}
COUNTRIES = {"US": "US", "EU": "EU", "AU": "AU"}
VERSION = "2.14"
#: Permissions of an app that nothing here needs, each with a list that it opens and that tells of no person.
UNASKED = {"Read tags": "tags", "Read and list users and companies": "segments"}


class IntercomSettings(Schema):
    """Which workspace: by its region, the token says the rest."""

    region = OneOf(
        *HOSTS, load_default="eu", metadata={"description": "Where the workspace is hosted; eu, if left out."}
    )
    address = Origin(metadata={"description": "Where it is asked, if not at the vendor's: a stand-in."})


SOURCE = Source(
    title={"fi": "Intercom", "sv": "Intercom", "en": "Intercom"},
    settings=IntercomSettings,
    secrets={
        "token": "An access token of an app of one's own workspace with `Read admins`, and nothing else."
    },
    sees=("credential", "accounts", "region"),
)


def reach(settings: Mapping[str, Any]) -> Allow:
    """The region's API."""
    return only(_base(settings))


def observe(way: Way, settings: Mapping[str, Any]) -> Iterator[Seen]:
    """What the token was granted beyond what was asked for; teammates, then the region."""
    base = _base(settings)
    way.sign_in(base, {"Authorization": f"Bearer {way.secret('token')}", "Intercom-Version": VERSION})
    yield way.look("credential", lambda: _credential(way, base))
    yield way.look("accounts", lambda: _accounts(way, base))
    yield way.look("region", lambda: _region(way, base))


def _credential(way: Way, base: str) -> Mapping[str, Any]:
    """Whether the token opens what it was not asked for; of what is there nothing is kept."""
    mapped(mapped(way.get(f"{base}/me"))["app"])
    # A token without the permission is answered with 401 and `token_unauthorized`; it was taken just now.
    wider = [
        permission
        for permission, path in UNASKED.items()
        if 200 <= way.ask("GET", f"{base}/{path}", also=(401, 403, 404)).status < 300
    ]
    return (
        {"more_than_reading": None, "may": wider, "because": "wider"}
        if wider
        else rights.told((), "not_shown")
    )


def _accounts(way: Way, base: str) -> Mapping[str, Any]:
    accounts = Accounts()
    answer = mapped(way.get(f"{base}/admins"))
    for admin in listed(answer["admins"]):
        way.took()
        with way.item():
            if text(admin, "type") == "team":  # older versions list teams too
                continue
            seat = admin["has_inbox_seat"]
            if not isinstance(seat, bool):
                raise ValueError("neither with a seat nor without")
            accounts.add(
                role="teammate with an inbox" if seat else "teammate",
                domain=domain_of(text(admin, "email")),
                active=True,
            )
    if answer.get("pages") and mapped(answer["pages"]).get("next"):
        way.broken("more_pages")  # the list is documented to come whole
    return accounts.payload()


def _region(way: Way, base: str) -> Mapping[str, Any]:
    region = word(text(mapped(way.get(f"{base}/me"))["app"], "region"))
    return {"region": region, "country": COUNTRIES.get(region), "provider": "Intercom"}


def _base(settings: Mapping[str, Any]) -> str:
    return str(settings.get("address") or HOSTS[settings["region"]])
