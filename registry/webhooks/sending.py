"""Sending: to every endpoint that has something waiting, each by itself, so that none waits for another's receiver."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from registry import clock, db, errors
from registry.keys.sealing import Sealer
from registry.settings import Settings
from registry.webhooks import outbox, receiver
from registry.webhooks.endpoints import secrets_of
from registry.webhooks.receiver import Outcome
from registry.webhooks.stored import ENDPOINTS

log = logging.getLogger(__name__)

#: So many endpoints are sent to at the same time: those that answer, and those that did not the last time. While one
#: is waited for its thread sleeps and has no connection; many may fall silent at once before others have to wait.
WELL, AILING = 32, 8


def send_to(
    endpoint: int, settings: Settings, sealer: Sealer, stop: Callable[[], bool] = lambda: False
) -> Counter[str]:
    """Send to an endpoint what is due, until nothing is, it fails, or `stop` says so; counts delivered and failed.

    Does nothing where somebody else is sending to it.
    """
    told: Counter[str] = Counter()
    lease = outbox.claim(endpoint)
    if lease is None:
        return told
    try:
        while not stop():
            row = ENDPOINTS.one(endpoint)
            if row.state != "enabled":
                break
            message = outbox.due(endpoint, clock.now())
            if message is None:
                if outbox.take_up(row, lease):
                    continue
                break
            keys = secrets_of(endpoint, sealer, clock.now())
            db.request_end()  # nobody waits for a connection while we wait for a receiver
            outcome = receiver.post(row.told["url"], message.message, bytes(message.body), keys, settings)
            db.request_begin()
            told["delivered" if outcome.delivered else "failed"] += 1
            if not outcome.delivered:
                log.warning("webhook %s: %s", endpoint, outcome.code or outcome.status)
            if not outbox.settle(message, lease, outcome):
                break
    except errors.Unavailable as problem:
        if problem.code not in ("secret_key_missing", "secret_tampered"):
            raise
        log.error("webhook %s: %s", endpoint, problem.code)
        told["failed"] += 1
        _cannot_sign(endpoint, lease, problem.code)
    finally:
        outbox.release(endpoint, lease)
    return told


def _cannot_sign(endpoint: int, lease: str, code: str) -> None:
    message = outbox.due(endpoint, clock.now())
    if message is not None:
        outbox.settle(message, lease, Outcome(code=code))


class Sender:
    """Sends in threads of its own. `tick` starts what is waiting and does not wait for it; `close` waits."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.sealer = settings, Sealer.of(settings)
        self._over = threading.Event()
        self._at_work: dict[int, Future[Counter[str]]] = {}
        self._seen: dict[int, int] = {}
        self._pools = {
            True: ThreadPoolExecutor(WELL, "webhooks"),
            False: ThreadPoolExecutor(AILING, "webhooks-ailing"),
        }
        self.told: Counter[str] = Counter()

    def tick(self) -> int:
        """Start sending to every endpoint that has something waiting; gives how many are being sent to."""
        for endpoint, future in list(self._at_work.items()):
            if future.done():
                del self._at_work[endpoint]
                self.told.update(future.result())
        for endpoint, well in outbox.waiting(clock.now(), self._seen):
            if endpoint not in self._at_work:
                self._at_work[endpoint] = self._pools[well].submit(self._send, endpoint)
        return len(self._at_work)

    def _send(self, endpoint: int) -> Counter[str]:
        db.request_begin()
        try:
            return send_to(endpoint, self.settings, self.sealer, self._over.is_set)
        except (
            Exception
        ) as error:  # one endpoint's trouble is not the others'; it comes up again at the next tick
            log.error("sending to webhook %s\n%s", endpoint, errors.places(error))
            return Counter(failed=1)
        finally:
            db.request_end()

    def close(self) -> None:
        """Let what is on its way be finished, and begin nothing more."""
        self._over.set()
        for pool in self._pools.values():
            pool.shutdown(wait=True, cancel_futures=True)
