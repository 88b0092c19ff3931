"""A realm of Ninchat, as the reference of its API v2 (github.com/ninchat/ninchat-api) describes events.

UNCONFIRMED, for want of a realm of theirs:
 1. that the call interface answers an error event with status 200, and what status a wrong password has.
 2. that `queue_settings` is left out for who is no operator ("if applicable"); it is when `operator` is false.
 3. that a queue without a delay of its own has no `transcript_delete_delay` at all,
    rather than null or 0.
 4. that all transcripts of a queue come in one event, the oldest first.
"""

from __future__ import annotations

from typing import Any

from tests.connectors.stand_ins.serving import Asked, Reply, StandIn

CALLER, AUTH, REALM = "0ebbjg1g", "canary-ninchat-auth-24d7", "5npnrkp1009m"


class Ninchat(StandIn):
    """One realm. Delays in seconds by queue (None: not set), transcripts by when they were completed."""

    def __init__(self) -> None:
        super().__init__()
        self.operator = True
        self.default: int | None = None
        self.delays: dict[str, Any] = {}
        self.transcripts: dict[str, list[float]] = {}
        self.members: dict[str, bool] = {}

    def queue(self, queue: str, delay: Any = None, *completed: float) -> None:
        self.delays[queue] = delay
        self.transcripts[queue] = list(completed)

    def answer(self, asked: Asked) -> Reply:
        if asked.path != "/v2/call" or asked.method != "POST":
            return 404, None, {}
        given = asked.json
        if (given["caller_id"], given["caller_auth"]) != (CALLER, AUTH):
            return 200, {"event": "error", "error_type": "access_denied"}, {}
        return 200, self._event(given), {}

    def _event(self, given: dict[str, Any]) -> dict[str, Any]:
        action, queue = given["action"], given.get("queue_id", "")
        if action == "describe_realm" and given["realm_id"] == REALM:
            settings = (
                {}
                if self.default is None
                else {"default_queue_settings": {"transcript_delete_delay": self.default}}
            )
            members = {
                name: {
                    "user_attrs": {"name": "canary-person"},
                    "member_attrs": {"operator": True} if operator else {},
                }
                for name, operator in self.members.items()
            }
            told = {"realm_id": REALM, "realm_attrs": {"name": "Acme"}, "realm_settings": settings}
            return {"event": "realm_found", **told, **({"realm_members": members} if self.operator else {})}
        if action == "describe_realm_queues" and given["realm_id"] == REALM:
            queues = {name: {"queue_attrs": {"name": f"Queue {name}", "length": 0}} for name in self.delays}
            return {"event": "realm_queues_found", "realm_id": REALM, "realm_queues": queues}
        if action == "describe_queue" and queue in self.delays:
            delay = self.delays[queue]
            settings = {} if delay is None else {"transcript_delete_delay": delay}
            told = {"queue_id": queue, "queue_attrs": {"name": f"Queue {queue}"}, "realm_id": REALM}
            return {"event": "queue_found", **told, **({"queue_settings": settings} if self.operator else {})}
        if action == "describe_queue_transcripts" and queue in self.delays:
            assert isinstance(given["interval_begin"], (int, float))
            listed = [{"request_time": one - 90.5, "accept_time": one - 80.5, "complete_time": one,
                       "agent_id": "canary-agent", "dialogue_id": ["a", "b"], "rating": -1}
                      for one in sorted(self.transcripts[queue])]  # fmt: skip
            return {"event": "queue_transcripts_found", "queue_id": queue, "queue_transcripts": listed}
        return {"event": "error", "error_type": "queue_not_found" if queue else "realm_not_found"}
