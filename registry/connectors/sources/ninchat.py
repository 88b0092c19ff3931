"""Ninchat, by its API v2: how long the transcripts of each queue are kept, how old the oldest is, who serves.

A delay counts from the end of a conversation, and only for those that end after it was set: that what is older has gone
shows in the oldest transcript alone, of which no more is read than its time. Members are counted; the domains of their
addresses are not shown to other members, so whose they are cannot be told.

Settings are shown to operators of the realm only, so our own user has to be one: that is told, and that it is needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from registry import clock
from registry.connectors.observed.plain import Word
from registry.connectors.origin import Origin, only
from registry.connectors.reading import rights
from registry.connectors.source import (
    Allow,
    NotSeen,
    Reason,
    Seen,
    Source,
    Way,
    listed,
    mapped,
    mapped_if,
    text,
    truth,
    word,
)
from registry.strict.schema import Schema, Text

DAY = 86_400
_ONLY = "conversations that end after it was set"
#: What an error event says, as a reason of ours.
_ERRORS: dict[str, tuple[Reason, str]] = {
    "access_denied": ("unauthorised", "credential_refused"),
    "session_not_found": ("unauthorised", "credential_refused"),
    "user_not_found": ("unauthorised", "credential_refused"),
    "permission_denied": ("forbidden", "forbidden"),
    "permission_expired": ("forbidden", "forbidden"),
    "action_not_supported": ("no_such_endpoint", "no_such_endpoint"),
    "realm_not_found": ("no_such_endpoint", "no_such_endpoint"),
    "internal": ("unavailable", "source_unavailable"),
    "request_rate_limit_exceeded": ("unavailable", "rate_limited"),
}


class NinchatSettings(Schema):
    """Which realm."""

    realm_id = Text(max=100, required=True, metadata={"description": "The id of the realm."})
    category = Word(
        most=40, metadata={"description": "The data category of the record that transcripts are."}
    )
    address = Origin(
        load_default="https://api.ninchat.com",
        metadata={"description": "Where it is asked, if not at the vendor's: a stand-in."},
    )


SOURCE = Source(
    title={"fi": "Ninchat", "sv": "Ninchat", "en": "Ninchat"},
    settings=NinchatSettings,
    secrets={
        "caller_id": "The id of a user made for this alone. Settings are shown to operators of the realm only.",
        "caller_auth": "Its password.",
    },
    sees=("deletion_rules", "oldest_item", "roles", "credential"),
)


def reach(settings: Mapping[str, Any]) -> Allow:
    """The vendor's API."""
    return only(settings["address"])


def observe(way: Way, settings: Mapping[str, Any]) -> Iterator[Seen]:
    """Deletion of transcripts, the oldest of them, who serves, and what our own user may."""
    realm = _Realm(way, settings)
    yield way.look("deletion_rules", realm.rules)
    yield way.look("oldest_item", realm.oldest)
    yield way.look("roles", realm.roles)
    yield way.look("credential", realm.credential)


class _Realm:
    """One realm as the API tells of it."""

    def __init__(self, way: Way, settings: Mapping[str, Any]) -> None:
        self._way, self._id, self._url = way, settings["realm_id"], f"{settings['address']}/v2/call"
        self._caller = {"caller_id": way.secret("caller_id"), "caller_auth": way.secret("caller_auth")}
        self._about = {"category": settings["category"]} if "category" in settings else {}

    def rules(self) -> Mapping[str, Any]:
        """One rule for each queue: its own delay, else that of the realm; inactive where there is neither."""
        found = self._call("describe_realm", "realm_found", realm_id=self._id)
        default = mapped_if(mapped(found["realm_settings"]).get("default_queue_settings"))
        rules = []
        for queue in self._queues():
            told = self._call("describe_queue", "queue_found", queue_id=queue)
            with self._way.item():
                if "queue_settings" not in told:  # shown to operators only
                    raise ValueError("no settings")
                own = mapped(told["queue_settings"])
                delay = own.get("transcript_delete_delay", default.get("transcript_delete_delay"))
                name = mapped(told["queue_attrs"]).get("name")
                rules.append(self._rule(queue, name, delay))
        return {"rules": rules}

    def _rule(self, queue: str, name: Any, delay: Any) -> dict[str, Any]:
        if delay is not None and (not isinstance(delay, int) or isinstance(delay, bool) or delay < 0):
            raise ValueError("a delay that is none")
        # A day that has begun counts whole: no shorter time is told than is set.
        after = None if not delay else f"P{-(-delay // DAY)}D"
        return {
            "id": word(queue), "object": "transcript", "active": bool(delay), "after": after,
            "counted_from": "closed", "action": "erase", "only": _ONLY, **self._about,
            **({"title": word(name)} if name else {}),
        }  # fmt: skip

    def oldest(self) -> Mapping[str, Any]:
        """The oldest transcript of any queue: they come sorted by when they were completed."""
        times: list[str] = []
        for queue in self._queues():
            told = self._call(
                "describe_queue_transcripts", "queue_transcripts_found", queue_id=queue, interval_begin=0
            )
            transcripts = listed(told["queue_transcripts"])
            self._way.took(len(transcripts))
            with self._way.item():
                times += [_moment(one.get("complete_time", one["request_time"])) for one in transcripts[:1]]
        item = {"object": "transcript", **self._about}
        return {"items": [{**item, "oldest": min(times)} if times else {**item, "count": 0}]}

    def roles(self) -> Mapping[str, Any]:
        """Operators of the realm, who may do everything in it, and its other members."""
        found = self._call("describe_realm", "realm_found", realm_id=self._id)
        if "realm_members" not in found:  # shown to members only
            raise NotSeen("forbidden")
        counted: Counter[bool] = Counter()
        for member in mapped(found["realm_members"]).values():
            self._way.took()
            with self._way.item():
                counted[_operates(member)] += 1
        return {
            "roles": [
                {"role": "operator", "permission": "admin", "members": counted[True]},
                {"role": "member", "permission": "agent", "members": counted[False]},
            ]
        }

    def credential(self) -> Mapping[str, Any]:
        """An operator may do everything in the realm; of another, what it may beyond reading is not shown."""
        found = self._call("describe_realm", "realm_found", realm_id=self._id)
        ours = mapped_if(found.get("realm_members")).get(self._caller["caller_id"])
        if _operates(mapped_if(ours)):
            return rights.told([f"operator of the realm {word(self._id)}"], "needed")
        return rights.told((), "not_shown")

    def _queues(self) -> list[str]:
        found = self._call("describe_realm_queues", "realm_queues_found", realm_id=self._id)
        return sorted(mapped(found["realm_queues"]))

    def _call(self, action: str, event: str, **given: Any) -> Mapping[str, Any]:
        answer = mapped(self._way.post(self._url, json={**self._caller, "action": action, **given}))
        if text(answer, "event") == "error":
            raise NotSeen(*_ERRORS.get(text(answer, "error_type"), ("other", "unexpected_event")))
        if answer["event"] != event:
            raise NotSeen("not_understood", "unexpected_event")
        return answer


def _operates(member: Any) -> bool:
    attributes = mapped_if(mapped(member).get("member_attrs"))
    return "operator" in attributes and truth(attributes, "operator")


def _moment(seconds: Any) -> str:
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not 0 < seconds < 4e9:
        raise ValueError("not a time")
    return clock.written(datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds))
