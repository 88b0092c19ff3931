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
from registry.db import Instant, Stored, Text, writes

View = Callable[..., Any]

HEADER = "Idempotency-Key"
LIFE = timedelta(hours=24)

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
    Another request under the same key is 422 `idempotency_key_reused`; a failure is not kept, and may be tried again.
    Not for answers that hold a secret: they are kept as sent.
    """

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
        return _settled(hashlib.sha256(said.encode()).hexdigest(), lambda: view(*args, **kwargs))

    vars(once)["idempotent"] = True
    return once


@writes(journalled=False, why="the key only repeats an answer; the verb inside has its own entry")
def _settled(key: str, run: Callable[[], Any]) -> Response:
    # A person's keys are their own, whichever client they are sent through.
    client, asked, now = holder().id.removeprefix("client/"), _request_hash(), clock.now()
    oldest = clock.written(datetime.fromisoformat(now) - LIFE)
    IdempotentAnswer.delete().where(IdempotentAnswer.recorded_at < oldest).execute()
    kept = IdempotentAnswer.get_or_none(client_id=client, key_hash=key)
    if kept is not None:
        if kept.request_hash != asked:
            raise errors.Invalid(
                f"This {HEADER} was sent with another request.", code="idempotency_key_reused"
            )
        headers = {**orjson.loads(kept.headers), "Idempotency-Replayed": "true"}
        return Response(bytes(kept.body), kept.status, headers)
    answer = current_app.make_response(run())
    if answer.status_code < 400:
        IdempotentAnswer.create(
            client_id=client,
            key_hash=key,
            request_hash=asked,
            status=answer.status_code,
            headers=orjson.dumps({k: v for k, v in answer.headers if k in _KEPT}).decode(),
            body=answer.get_data(),
            recorded_at=now,
        )
    return answer


def _request_hash() -> str:
    parts = (request.method, request.path, request.query_string.decode("latin-1"))
    return hashlib.sha256("\0".join(parts).encode() + b"\0" + request.get_data(cache=True)).hexdigest()
