"""Publishing a register's notice and taking it back, each in one transaction with the register's retention rules."""

from __future__ import annotations

from typing import Any

import orjson
import rfc8785

from registry import journal
from registry.catalogue import store
from registry.catalogue.model import Written
from registry.catalogue.record import Record, assemble
from registry.db import writes
from registry.errors import Conflict, Gone, NotFound, PreconditionFailed
from registry.notices.published import (
    KIND,
    NoticePublication,
    NoticeText,
    Published,
    content,
    newest,
    texts,
    value,
)
from registry.retention.publications.publication import ended_since, object_name
from registry.retention.publications.served import publish_rules, withdraw_rules
from registry.telling.render import render
from registry.telling.value import Standing
from registry.telling.words import languages


@writes
def publish(controller: str, key: str, version: int | None = None, *, by: str) -> tuple[Published, bool]:
    """Publish a version of a register (default: the one that applies now); gives the publication and whether it is new.

    A version that takes effect later is published from then on: until that day the public reads what it read before.
    Publishing again what stands already changes nothing. Raises NotFound for a register or version that is not there;
    Conflict `ended` for a register that has ended, or a version from before an end, `not_yet_effective` when no
    version applies yet and none was named.
    """
    written = _version(controller, key, version)
    now = journal.stamp()
    record, inputs = _frozen(written, max(written.effective_from, now))
    last = newest(controller, key)
    if last is not None and (last.version, last.inputs) == (written.version, inputs):
        as_then = _documents(record, written, last.published_at)
        if dict(texts(last.id)) == as_then:
            return last, False
    documents = _documents(record, written, now)
    NoticePublication.close(controller, key, max(written.effective_from, now), now)
    said = orjson.loads(documents[record.language if record.language in documents else languages()[0]])
    row = NoticePublication.begin(
        written,
        now,
        title=said["title"]["text"],
        language=said["title"].get("language", record.language),
        organisation=said["organisation"]["text"],
        contact=said.get("contact", {}).get("text"),
        inputs=rfc8785.dumps(inputs),
    )
    rows = [(row, language, document) for language, document in documents.items()]
    NoticeText.insert_many(rows, [NoticeText.publication, NoticeText.language, NoticeText.document]).execute()
    journal.append(
        "notice.published", object_name(KIND, controller, key), by=by, version=row.revision,
        payload={"version": written.version, "effective_from": written.effective_from, "inputs": inputs},
        content=content(row, documents.items()),
    )  # fmt: skip
    publish_rules(record, written, by=by)
    return value(row), True


@writes
def withdraw(controller: str, key: str, *, by: str, expect: int | None = None) -> None:
    """Take the notice of a register back, and what is planned; with it go its retention rules.

    `expect` is the revision that the caller has seen (None: whichever). Raises NotFound where none was ever published,
    Gone where it is withdrawn already, PreconditionFailed when `expect` is stale.
    """
    revision, now = NoticePublication.last(controller, key), journal.stamp()
    if not revision:
        raise NotFound("No notice of this register has been published.")
    if newest(controller, key) is None:
        raise Gone("The notice has been withdrawn already.")
    if expect is not None and expect != revision:
        raise PreconditionFailed("Another notice has been published since you read it; read it again.")
    NoticePublication.close(controller, key, now, now, withdrawn_at=now)
    journal.append("notice.withdrawn", object_name(KIND, controller, key), by=by, version=revision)
    withdraw_rules(controller, key, by=by)


def _version(controller: str, key: str, number: int | None) -> Written:
    newest_ = store.newest("register", controller, key)
    try:
        found = (
            store.numbered("register", controller, key, number)
            if number
            else store.at("register", controller, key)
        )
    except Gone:
        raise Conflict("The register has ended; its notice cannot be published.", code="ended") from None
    except NotFound:
        if number:
            raise
        raise Conflict(
            "No version of the register applies yet; name the one to publish.",
            code="not_yet_effective", effective_from=newest_.effective_from,
        ) from None  # fmt: skip
    if found.ended or ended_since(controller, key, found.version):
        raise Conflict(
            "The register has ended since that version; its notice cannot be published.", code="ended"
        )
    return found


def _frozen(written: Written, as_of: str) -> tuple[Record, dict[str, Any]]:
    """The record of a version with what applies at `as_of` around it, and the number of every version in it."""
    body = written.body
    controller = _at_or_first("controller", written.controller, written.controller, as_of)
    systems = {
        name: _at_or_first("system", written.controller, name, as_of) for name in body.get("systems", ())
    }
    record = assemble(
        f"{written.controller}/{written.key}",
        body,
        controller.body,
        {name: one.body for name, one in systems.items()},
    )
    numbers = {name: one.version for name, one in systems.items()}
    return record, {"register": written.version, "controller": controller.version, "systems": numbers}


def _at_or_first(kind: str, controller: str, key: str, as_of: str) -> Written:
    try:
        return store.at(kind, controller, key, as_of=as_of)
    except Gone:
        return store.newest(kind, controller, key)
    except NotFound:
        return store.numbered(kind, controller, key, 1)


def _documents(record: Record, written: Written, published_at: str) -> dict[str, bytes]:
    standing = Standing(written.version, written.effective_from, published_at)
    return {
        language: rfc8785.dumps(render(record, standing, language).document()) for language in languages()
    }
