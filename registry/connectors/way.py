"""A run's way to one system: what it may ask, what waits and is asked again, and what of it failed."""

from __future__ import annotations

import dataclasses
import email.utils
import hashlib
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import orjson

from registry import clock, errors, outbound
from registry.connectors.observed import kinds
from registry.connectors.observed.observation import Level
from registry.connectors.seen import NotSeen, Seen, could_not_look
from registry.connectors.values import MISSHAPEN, listed, mapped
from registry.outbound import Allow, Answer, Refused
from registry.strict.normal import piled

log = logging.getLogger(__name__)

TRIES = 4
LONGEST_WAIT = 60.0  # seconds; who asks for a longer one is left alone until the next run
LONGEST_URL = 8_000
MOST_VALUES = 1_000_000  # of one answer; a thousand people of a directory have ten thousand
SKEW = 300.0  # seconds that another's clock may differ before it is told

_PORTS = {"http": 80, "https": 443}


class Way:
    """A run's way to one system: asks what `allow` lets it, waits and tries again, counts, and remembers what failed.

    `secrets` by name. `seconds` and `most` bound the whole run. How far it has come may be read meanwhile, also by
    another thread: `looks` that were begun, the last of them at the kind `looking`, and `items` that were read.
    """

    def __init__(
        self,
        *,
        allow: Allow,
        secrets: Mapping[str, str],
        seconds: float = 600,
        most: int = 500_000,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.allow, self._secrets, self._most = allow, secrets, most
        self._ends = time.monotonic() + seconds
        self._sleep = sleep
        self._signed: dict[str, dict[str, str]] = {}
        self._refused: NotSeen | None = None
        self._away: set[str] = set()
        self._hash: Any = None
        self._whole = True
        #: How many times each thing went wrong in this run, by stable code.
        self.faults: Counter[str] = Counter()
        self.asked = 0
        self.items = 0
        self.looks = 0
        self.looking: str | None = None

    # --- looking

    def look(
        self,
        kind: str,
        read: Callable[[], Mapping[str, Any]],
        *,
        level: Level = "api",
        reference: str | None = None,
    ) -> Seen:
        """The observation of a kind that `read` makes, in the one form of its kind; or that it could not be made."""
        self.looking, self.looks = kind, self.looks + 1
        self._hash, self._whole = None, True
        try:
            payload = kinds.load(kind, dict(read()))
        except NotSeen as failed:
            self.faults[failed.code] += 1
            if failed.code == "credential_refused":
                self._refused = self._refused or failed
            return could_not_look(kind, failed.reason)
        except Refused as refused:
            self.faults[refused.code] += 1
            return could_not_look(kind, "unavailable")
        except errors.Problem as problem:
            log.warning("no payload of %s: %s", kind, "; ".join(map(_place, problem.errors[:10])))
            self.faults["payload_refused"] += 1
            return could_not_look(kind, "not_understood")
        except MISSHAPEN:
            self.faults["not_understood"] += 1
            return could_not_look(kind, "not_understood")
        raw = self._hash.hexdigest() if self._hash is not None else None
        return Seen(kind, payload, self._whole, raw, level, reference)

    def broken(self, code: str) -> None:
        """Say that the present look does not see everything, and why: a stable code."""
        self.faults[code] += 1
        self._whole = False

    @property
    def whole(self) -> bool:
        """Whether the present look has seen everything so far."""
        return self._whole

    @contextmanager
    def item(self) -> Iterator[None]:
        """Around the reading of one item: one of the wrong form is counted and left out, and the look is not whole."""
        try:
            yield
        except MISSHAPEN:
            self.broken("item_not_understood")

    def evidence(self, raw: bytes) -> None:
        """Add to the digest of what the present look was read from."""
        self._hash = self._hash or hashlib.sha256()
        self._hash.update(raw)

    def took(self, count: int = 1) -> None:
        """Count what was read. Raises NotSeen beyond the most that a run takes."""
        self.items += count
        if self.items > self._most:
            raise NotSeen("unavailable", "too_many_items")

    def left(self) -> float:
        """Seconds that the run still has. Raises NotSeen when there are none."""
        seconds = self._ends - time.monotonic()
        if seconds <= 0:
            raise NotSeen("unavailable", "out_of_time")
        return seconds

    def secret(self, name: str) -> str:
        """A secret. Raises NotSeen where it was not given."""
        if not self._secrets.get(name):
            raise NotSeen("unauthorised", "no_secret")
        return self._secrets[name]

    def addresses(self, host: str, port: int) -> list[str]:
        """The addresses that may be connected to, checked; connect to one of these and to nothing else.

        Raises NotSeen.
        """
        self.left()
        try:
            return outbound.addresses(host, port, self.allow)
        except Refused as refused:
            raise NotSeen("unavailable", refused.code) from None

    # --- HTTP

    def sign_in(self, url: str, headers: Mapping[str, str]) -> None:
        """Send these headers with whatever is asked of the origin of `url`, and with nothing else."""
        self._signed[_origin(url)] = dict(headers)

    def get(self, url: str, params: Mapping[str, Any] | None = None) -> Any:
        """The JSON that a URL answers with. Raises NotSeen."""
        return self._json(self.ask("GET", url, params=params))

    def post(self, url: str, *, form: Mapping[str, str] | None = None, json: Any = None) -> Any:
        """The JSON that a form, or JSON, is answered with. Raises NotSeen."""
        if form is not None:
            body, kind = urlencode(form).encode(), "application/x-www-form-urlencoded"
        else:
            body, kind = orjson.dumps(json), "application/json"
        return self._json(self.ask("POST", url, body=body, headers={"Content-Type": kind}))

    def pages(
        self,
        url: str,
        params: Mapping[str, Any] | None = None,
        *,
        items: str | Callable[[Any], Any],
        following: Callable[[Any], str | Mapping[str, Any] | None],
        total: Callable[[Any], int | None] | None = None,
    ) -> Iterator[Any]:
        """The items of all pages, one by one and a page in memory at a time.

        `items` is the member that holds them (or reads them from a page), `following` gives the URL or the params of
        the next page, None after the last; `total` reads how many there are said to be. Raises NotSeen for the first
        page; where a later one fails, is not understood, comes again, or the total changes, the look is incomplete.
        """
        came: set[bytes] = set()
        totals: set[int] = set()
        where, asks, got = url, params, 0
        while True:
            try:
                batch, then = self._page(where, asks, items, following, total, totals)
                came.add(_mark(where, asks))
                for one in batch:
                    self.took()
                    got += 1
                    yield one
                if then is None:
                    break
                where, asks = (_whole(where, then), None) if isinstance(then, str) else (url, then)
                if _origin(where) != _origin(url):
                    raise NotSeen("not_understood", "next_page_elsewhere")
                if _mark(where, asks) in came:
                    raise NotSeen("not_understood", "page_repeats")
            except NotSeen as failed:
                if not came:
                    raise
                self.broken(failed.code)
                return
        if len(totals) > 1:
            self.broken("total_changed")
        elif totals and totals != {got}:
            self.broken("total_differs")

    def _page(
        self, url: str, params: Any, items: Any, following: Any, total: Any, totals: set[int]
    ) -> tuple[list[Any], str | Mapping[str, Any] | None]:
        page = self.get(url, params)
        try:
            batch = listed(mapped(page)[items] if isinstance(items, str) else items(page))
            if total is not None and (said := total(page)) is not None:
                totals.add(said)
            return batch, following(page)
        except MISSHAPEN:
            raise NotSeen("not_understood", "wrong_shape") from None

    def ask(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        also: Container[int] = (),
    ) -> Answer:
        """An answer of the 200s, or of `also`; what passes is tried again, at growing intervals and at random within.

        Raises NotSeen for any other. Once a credential was refused nothing more is asked of anybody in this run.
        """
        if self._refused is not None:
            raise self._refused
        failed, origin = NotSeen("unavailable", "source_unavailable"), _origin(url)
        tries = (
            1 if origin in self._away else TRIES
        )  # who did not answer four times is not waited for at each look
        for attempt in range(1, tries + 1):
            allow = dataclasses.replace(self.allow, seconds=min(self.allow.seconds, self.left()))
            self.asked += 1
            wait: float | None = None
            try:
                answer = outbound.ask(
                    method,
                    url,
                    allow=allow,
                    params=params,
                    headers={
                        "Accept": "application/json",
                        **self._signed.get(origin, {}),
                        **(headers or {}),
                    },
                    body=body,
                )
            except Refused as refused:
                if refused.code not in ("timeout", "connection_failed"):
                    raise NotSeen("unavailable", refused.code) from None
                failed = NotSeen("unavailable", refused.code)
            else:
                self._skewed(answer)
                if 200 <= answer.status < 300 or answer.status in also:
                    self._away.discard(origin)
                    return answer
                failed = _failure(answer.status)
                if failed.reason == "unauthorised":
                    self._refused = failed
                if failed.reason != "unavailable":
                    raise failed
                wait = _retry_after(answer)
            if attempt == tries:
                break
            if wait is None:
                wait = 2.0 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311 -- apart from others, not secret
            if wait > LONGEST_WAIT or wait >= self.left():
                break
            self._sleep(wait)
        self._away.add(origin)
        raise failed

    @property
    def credential_refused(self) -> bool:
        """Whether the system refused the credential (401) in this run."""
        return self._refused is not None

    def _json(self, answer: Answer) -> Any:
        self.evidence(answer.body)
        return read_json(answer.body)

    def _skewed(self, answer: Answer) -> None:
        try:
            theirs = email.utils.parsedate_to_datetime(answer.headers["date"]).timestamp()
        except (KeyError, ValueError, TypeError, OverflowError):
            return
        if abs(theirs - datetime.fromisoformat(clock.now()).timestamp()) > SKEW:
            self.faults["clock_differs"] = 1


def _place(fault: Mapping[str, str]) -> str:
    """Where a payload is not of its kind, and why, in words of ours alone: what a system says is in no log."""
    where = fault["field"]
    return f"{where.rpartition('/')[0] if fault['code'] == 'unknown_field' else where} {fault['code']}"


def read_json(body: bytes) -> Any:
    """The value of an answer in JSON. Raises NotSeen, also for more values than an answer has."""
    bounded(body, b",", b"[", b"{")
    try:
        return orjson.loads(body)
    except ValueError:
        # A page for people where data was to be: the system is not itself, as when it is being mended.
        if body.lstrip()[:1] == b"<":
            raise NotSeen("unavailable", "not_json") from None
        raise NotSeen("not_understood", "not_json") from None


def bounded(body: bytes, *marks: bytes) -> None:
    """Raises NotSeen for an answer with more of these marks, which begin a value each, than are made values of.

    What is small as it comes may be large in memory: 20 megabytes of `{},{},…` take 600.
    """
    if sum(body.count(mark) for mark in marks) > MOST_VALUES:
        raise NotSeen("unavailable", "too_large")


def _failure(status: int) -> NotSeen:
    if status == 401:
        return NotSeen("unauthorised", "credential_refused")
    if status == 403:
        return NotSeen("forbidden")
    if status in (404, 405, 410, 501):
        return NotSeen("no_such_endpoint")
    if status == 429:
        return NotSeen("unavailable", "rate_limited")
    if 500 <= status < 600 or status == 408:
        return NotSeen("unavailable", "source_unavailable")
    return NotSeen("other", "unexpected_status")


def _retry_after(answer: Answer) -> float | None:
    """Seconds that the answer asks us to wait, with something at random on top; None where it says nothing readable."""
    given = answer.headers.get("retry-after", "").strip()
    if given.isascii() and given.isdigit() and len(given) < 10:
        return int(given) + random.uniform(0, 1)  # noqa: S311 -- apart from others, not secret
    try:
        then = email.utils.parsedate_to_datetime(given).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, then - datetime.fromisoformat(clock.now()).timestamp())


def _whole(url: str, following: str) -> str:
    """The URL of the next page. Raises NotSeen for what is none: who says it is asked for nothing that is longer."""
    try:
        if len(following) > LONGEST_URL or piled(following):
            raise ValueError("no URL")
        return urljoin(url, following)
    except ValueError:
        raise NotSeen("not_understood") from None


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{(parts.hostname or '').lower()}:{parts.port or _PORTS.get(parts.scheme)}"
    except ValueError:
        return ""


def _mark(url: str, params: Mapping[str, Any] | None) -> bytes:
    asked = url + ("?" + urlencode(sorted(params.items())) if params else "")
    return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).digest()
