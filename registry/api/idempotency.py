"""Idempotency-Key: the same POST sent twice is done once, and answered alike."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import orjson
import peewee
from flask import Response, current_app, request

from registry import clock, errors
from registry.api.door import holder
from registry.api.reach import Reach
from registry.db import Instant, Stored, Text, writes

View = Callable[..., Any]

HEADER = "Idempotency-Key"
LIFE = timedelta(hours=24)
#: So long a view that runs in parts has its key for itself, should it never come back.
CLAIM = timedelta(minutes=15)
_RUNNING = 102  # the status of a key whose view runs

_KEY = re.compile(r"[!-+\--~]{1,255}")  # visible ASCII but the comma, which is what two headers are joined by
_KEPT = ("Content-Type", "ETag", "Location")


class IdempotentAnswer(Stored):
    """What a POST with a key was answered, for a day. Key and request are kept as SHA-256 only."""

    client_id = Text()
    key_hash = Text()
    request_hash = Text()
    status = peewee.IntegerField()
    headers = Text()
    body = peewee.BlobField()
    recorded_at = Instant(index=True)

    class Meta:
        table_name = "api_idempotency"
        primary_key = peewee.CompositeKey("client_id", "key_hash")


def idempotent(view: View) -> View:
    """Honour Idempotency-Key on a POST view. Goes innermost, next to the view, which must answer by what it is given.

    The first request with a key runs the view and keeps its answer in the same write transaction, so one exists if and
    only if the other does; the same request again within 24 hours gets that answer with `Idempotency-Replayed: true`.
    Another request under the same key is 422 `idempotency_key_reused`; 409 `rights_have_changed` says that the holder
    may see more or less than when the answer was given; a failure is not kept, and may be tried again.
    Not for answers that hold a secret: they are kept as sent.
    """

    return _honouring(view, _settled)


def idempotent_in_parts(view: View) -> View:
    """As `idempotent`, for a view that takes long, writes in transactions of its own, and does no harm when repeated.

    The key is claimed first, so that nobody waits for the view to write something else: the same request meanwhile is
    409 `idempotency_key_in_use`. The answer is kept when it is there. Whoever dies in between leaves the key claimed
    for a quarter of an hour; then the view is run again.
    """
    return _honouring(view, _in_parts)


def _honouring(view: View, settle: Callable[[str, Callable[[], Any]], Response]) -> View:
    @functools.wraps(view)
    def once(*args: Any, **kwargs: Any) -> Any:
        said = request.headers.get(HEADER)
        if said is None:
            return view(*args, **kwargs)
        if not _KEY.fullmatch(said):
            raise errors.BadRequest(
                f"{HEADER} must be 1 to 255 visible ASCII characters without a comma.",
                code="bad_idempotency_key",
            )
        return settle(hashlib.sha256(said.encode()).hexdigest(), lambda: view(*args, **kwargs))

    vars(once)["idempotent"] = True
    return once


_WHY = "the key only repeats an answer; the verb inside has its own entry"


@writes(journalled=False, why=_WHY)
def _settled(key: str, run: Callable[[], Any]) -> Response:
    client, kept = _asker(), _kept(key)
    if kept is not None:
        return _repeated(kept)
    answer = current_app.make_response(run())
    if answer.status_code < 400:
        IdempotentAnswer.create(client_id=client, key_hash=key, request_hash=_asked(), **_answer(answer))
    return answer


def _in_parts(key: str, run: Callable[[], Any]) -> Response:
    client = _asker()
    repeated, claimed = _claim(client, key)
    if repeated is not None:
        return repeated
    try:
        answer = current_app.make_response(run())
    except BaseException:
        _release(client, key, claimed, None)
        raise
    _release(client, key, claimed, answer)
    return answer


@writes(journalled=False, why=_WHY)
def _claim(client: str, key: str) -> tuple[Response | None, str]:
    """The answer that was kept, if there is one; else the key is this request's from the instant given on."""
    now, kept = clock.now(), _kept(key)
    if kept is not None and kept.status != _RUNNING:
        return _repeated(kept), now
    if kept is not None:
        if kept.recorded_at > clock.written(datetime.fromisoformat(now) - CLAIM):
            raise errors.Conflict(
                "The first request with this key is still being answered.", code="idempotency_key_in_use"
            )
        kept.delete_instance()
    IdempotentAnswer.create(
        client_id=client, key_hash=key, request_hash=_asked(), status=_RUNNING, headers="{}", body=b"",
        recorded_at=now,
    )  # fmt: skip
    return None, now


@writes(journalled=False, why=_WHY)
def _release(client: str, key: str, claimed: str, answer: Response | None) -> None:
    """Keep the answer under the key, or let go of it where there is none; unless somebody else has it by now."""
    mine = (IdempotentAnswer.client_id == client) & (IdempotentAnswer.key_hash == key)
    mine &= (IdempotentAnswer.status == _RUNNING) & (IdempotentAnswer.recorded_at == claimed)
    if answer is None or answer.status_code >= 400:
        IdempotentAnswer.delete().where(mine).execute()
    else:
        IdempotentAnswer.update(**_answer(answer)).where(mine).execute()


def _asker() -> str:
    # A person's keys are their own, whichever client they are sent through.
    return holder().id.removeprefix("client/")


def _kept(key: str) -> IdempotentAnswer | None:
    """What is kept under a key of whoever asks; what is older than a day is thrown away. Raises Invalid if it is of
    another request."""
    oldest = clock.written(datetime.fromisoformat(clock.now()) - LIFE)
    IdempotentAnswer.delete().where(IdempotentAnswer.recorded_at < oldest).execute()
    kept: IdempotentAnswer | None = IdempotentAnswer.get_or_none(client_id=_asker(), key_hash=key)
    if kept is not None and kept.request_hash.partition(".")[0] != _request_hash():
        raise errors.Invalid(f"This {HEADER} was sent with another request.", code="idempotency_key_reused")
    if kept is not None and kept.request_hash != _asked():
        raise errors.Conflict(
            "What you may do has changed since this was sent: look whether it was done.",
            code="rights_have_changed",
        )
    return kept


def _repeated(kept: IdempotentAnswer) -> Response:
    headers = {**orjson.loads(kept.headers), "Idempotency-Replayed": "true"}
    return Response(bytes(kept.body), kept.status, headers)


def _answer(answer: Response) -> dict[str, Any]:
    return {
        "status": answer.status_code,
        "headers": orjson.dumps({k: v for k, v in answer.headers if k in _KEPT}).decode(),
        "body": answer.get_data(),
        "recorded_at": clock.now(),
    }


def _asked() -> str:
    return f"{_request_hash()}.{_rights()}"


def _rights() -> str:
    """What the holder may see at this door, as a digest: an answer is told again to nobody who may see less by now."""
    asking = holder()
    seen = None if asking.controllers is None else sorted(asking.controllers)
    reach = [(key, sorted(map(_told, some))) for key, some in sorted(asking.reach.items())]
    return hashlib.sha256(repr((seen, reach)).encode()).hexdigest()[:32]


def _told(one: Reach) -> str:
    names = [None if some is None else sorted(some) for some in (one.registers, one.systems)]
    return repr((*names, one.since, one.until, one.published))


def _request_hash() -> str:
    parts = (request.method, request.path, request.query_string.decode("latin-1"))
    return hashlib.sha256("\0".join(parts).encode() + b"\0" + request.get_data(cache=True)).hexdigest()
