"""Inventory or publication drift (system without record, record without system, published text differs, dead link).

An inventory of systems is compared with the systems of the record, by `inventory_id`. The page where the notice is
published, and the pages that it refers to, are compared as they were found: gone, moved, or with another text than the
registry's own notice has. The whole text is laid beside the notice that the registry would publish, and the statements
that differ are named: another period, day or "not"; what the page lacks; what only the page has; and what it says in
other words, for information. What may name people was left out of the text and is not repeated. Each period, contact's
domain and vendor of the record, and the day of its last update, has to be on the page, and no other vendor.

Why it matters
A record of processing is worth something only as long as it follows what is there (GDPR 5(2), 30). People read the
page, not the record: an old text or a link into nowhere tells them nothing, or what is no longer so (12(1)).

How to fix
Add the system to the record, or take out the one that is gone. Publish the notice anew. Put in the address of the
moved page, or better, say in the notice itself what the page was to say.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from registry import errors
from registry.catalogue.record import withheld
from registry.checks.rule import Case, Outcome, Place, Rule
from registry.checks.rules._looking import why_unseen
from registry.checks.rules._wording import differing, laid_beside
from registry.connectors.observed.observation import Observation
from registry.connectors.observed.unread import UNREAD
from registry.law import periods

RULE = Rule(
    code="OBS307",
    severity="warning",
    title={
        "fi": "Seloste, järjestelmäluettelo ja julkaistu teksti ovat eri tahdissa",
        "sv": "Registret, systemförteckningen och den publicerade texten stämmer inte överens",
        "en": "Inventory or publication drift (system without record, record without system, published text differs, "
        "dead link)",
    },
    law=("GDPR 5(2)", "GDPR 12(1)", "GDPR 30"),
    certainty="evidence",
    needs=(
        "/systems/*/inventory_id", "/systems/*/kind", "/document/publication_url", "/document/type",
        "/document/referenced_urls/*/url", "/document/referenced_urls/*/used_for", "/document/updated_on",
        "/retention/*/duration", "/controller/email", "/dpo/contact/email", "/contact_points/*/email",
        "/processors/*/name", "/systems/*/vendor",
        "observation:inventory", "observation:published_text", "observation:could_not_look",
    ),
    kinds=("fail", "pass", "open"),
)  # fmt: skip

#: What a page is referred to for: first what the notice itself would have to say.
_RESTS = ("transfer", "dpo_and_rights", "rights", "data_content", "cookies", "security", "service", "other")
#: Records that nobody has to publish.
_INTERNAL = ("record_30_1", "record_30_2")
_GONE = (404, 410)
_NOTICE = "/document/publication_url"


def check(case: Case) -> Iterator[Outcome]:
    """The pages, the one where the notice stands first, then the systems; a pass takes all of them."""
    outcomes = [*_pages(case), *_systems(case)]
    yield from outcomes
    if not outcomes:
        yield case.passes(
            "/document",
            at=Place(),
            fi="Järjestelmät, julkaistu teksti ja linkit ovat selosteen mukaiset.",
            en="Systems, published text and links are as the record has them.",
        )


# --- pages


def _pages(case: Case) -> Iterator[Outcome]:
    document = case.record.document
    found: dict[str, tuple[Observation, Mapping[str, Any]]] = {}
    for seen in sorted(case.observed("published_text"), key=lambda one: one.taken_at):
        found.update({_plain(page["url"]): (seen, page) for page in seen.payload["pages"]})
    wanted = dict(_wanted(case))
    unread, partly = [], None
    for field, url in wanted.items():
        look = found.get(_plain(url))
        if look is None:
            unread.append(field)
            continue
        wrong, whole = _page(case, field, *look)
        yield from wrong
        if not wrong and not (whole and look[0].complete and look[1]["status"] < 400):
            unread.append(field)
            partly = partly or look[0].id
    yield from _links(case, found, {_plain(url) for url in wanted.values()})
    if unread:
        urls = ", ".join(wanted[field] for field in unread)
        why = why_unseen(case, "published_text")
        cures = [UNREAD[code] for field in unread if (code := _read(found, wanted[field]).get("unread"))]
        yield case.open(
            unread[0],
            key="pages",
            observation=partly or why.observation,
            fi=" ".join(
                [f"Näitä sivuja ei ole katsottu tai verrattu: {urls}.{why.fi}", *(one.fi for one in cures)]
            ),
            en=" ".join(
                [
                    f"These pages have not been looked at or compared: {urls}.{why.en}",
                    *(one.en for one in cures),
                ]
            ),
            closes=(
                "Havainto sivuista ja julkaistusta tekstistä.",
                "An observation of the pages and the published text.",
            ),
        )
    if document.publication_url is None and document.type not in _INTERNAL:
        yield case.open(
            "/document/publication_url",
            key="published",
            fi="Ei ole kirjattu, missä seloste on julkaistu.",
            en="Where the notice is published is not recorded.",
            closes=("Kirjaa julkaisuosoite.", "Record the address."),
        )


def _read(found: Mapping[str, tuple[Observation, Mapping[str, Any]]], url: str) -> Mapping[str, Any]:
    """What was found of a page; nothing where nobody looked."""
    look = found.get(_plain(url))
    return look[1] if look is not None else {}


def _links(
    case: Case, found: Mapping[str, tuple[Observation, Mapping[str, Any]]], wanted: set[str]
) -> Iterator[Outcome]:
    """Links on the page of the notice that lead nowhere."""
    for place, (seen, page) in found.items():
        if page.get("linked") and place not in wanted and page["status"] in _GONE:
            yield case.fail(
                _NOTICE,
                key=f"link:{page['url']}",
                observation=seen.id,
                fi=f"Julkaistun selosteen linkki ei johda minnekään: {page['url']} ({page['status']}). Korjaa se.",
                en=f"A link on the published notice leads nowhere: {page['url']} ({page['status']}). Correct it.",
            )


def _wanted(case: Case) -> Iterator[tuple[str, str]]:
    """The pages to look at: where the notice stands, then those that it refers to, what rests most on them first."""
    document = case.record.document
    if document.publication_url:
        yield "/document/publication_url", document.publication_url
    links = [(index, link) for index, link in enumerate(document.referenced_urls) if link.url]
    for index, link in sorted(links, key=lambda one: _RESTS.index(one[1].used_for or "other")):
        yield f"/document/referenced_urls/{index}", link.url


def _page(
    case: Case, field: str, seen: Observation, page: Mapping[str, Any]
) -> tuple[tuple[Outcome, ...], bool]:
    """What is wrong with a page, and whether it was compared as far as it has to be."""
    url, status = page["url"], page["status"]
    if status is None or status in _GONE:
        return (
            case.fail(
                field,
                key=f"dead:{field}",
                observation=seen.id,
                fi=f"Sivua ei ole: {url} ({status or '-'}). Korjaa osoite, tai kerro asia selosteessa.",
                en=f"There is no such page: {url} ({status or '-'}). Correct the address, or say it in the notice "
                "itself.",
            ),
        ), True
    if "moved_to" in page:
        return (
            case.fail(
                field,
                key=f"moved:{field}",
                observation=seen.id,
                severity="info",
                fi=f"Sivu on siirtynyt: {url} → {page['moved_to']}. Tarkista sisältö ja päivitä osoite.",
                en=f"The page has moved: {url} → {page['moved_to']}. Read what it says now, and update the address.",
            ),
        ), True
    by_digest = field != _NOTICE or {"text_sha256", "expected_sha256"} <= page.keys()
    if by_digest and page.get("text_sha256") != page.get("expected_sha256"):
        return (
            case.fail(
                field,
                key="text",
                observation=seen.id,
                fi=f"Julkaistu teksti poikkeaa selosteesta: {url}. Julkaise seloste uudelleen.",
                en=f"The published text differs from the record: {url}. Publish the notice anew.",
            ),
        ), True
    return ((), True) if by_digest else _notice(case, seen, page)


def _notice(case: Case, seen: Observation, page: Mapping[str, Any]) -> tuple[tuple[Outcome, ...], bool]:
    """The text of the notice. Where all of it is what would be published, so are the facts that it states."""
    beside = laid_beside(case, seen, page)
    if beside is None:
        stated = _stated(case, seen, page) if "statements" in page else None
        return (stated,) if stated else (), "statements" in page
    facts = _stated(case, seen, page) if "statements" in page and (beside or beside.undecided) else None
    text = differing(case, _NOTICE, seen, page, beside) if beside else None
    return tuple(one for one in (text, facts) if one), not beside.undecided


def _stated(case: Case, seen: Observation, page: Mapping[str, Any]) -> Outcome | None:
    """The statements that differ. One that the page lacks may be on a part of it that was not read."""
    missing, other = _differing(case, page["statements"])
    missing = missing if seen.complete else []
    if not missing and not other:
        return None
    fi = [f"sivulta puuttuu {', '.join(missing)}"] * bool(missing) + [
        f"sivulla on {', '.join(other)}"
    ] * bool(other)
    en = [f"the page lacks {', '.join(missing)}"] * bool(missing) + [
        f"the page has {', '.join(other)}"
    ] * bool(other)
    return case.fail(
        _NOTICE,
        key="text",
        observation=seen.id,
        fi=f"Julkaistu teksti poikkeaa selosteesta ({'; '.join(fi)}): {page['url']}. Julkaise seloste uudelleen.",
        en=f"The published text differs from the record ({'; '.join(en)}): {page['url']}. Publish the notice anew.",
    )


def _differing(case: Case, stated: list[Mapping[str, str]]) -> tuple[list[str], list[str]]:
    """What the record states and the page does not, and the vendors that only the page names."""
    record = case.record
    there: dict[str, set[str]] = {"period": set(), "date": set(), "mail_domain": set(), "vendor": set()}
    for one in stated:
        there.setdefault(one["about"], set()).add(one["value"])
    missing = [
        rule.duration
        for rule in record.retention
        if rule.duration and not any(_same(rule.duration, one) for one in there["period"])
    ]
    updated = record.document.updated_on
    missing += [updated.isoformat()] if updated and updated.isoformat() not in there["date"] else []
    boxes = [record.controller.email, record.dpo.contact.email, *(one.email for one in record.contact_points)]
    domains = {box.rpartition("@")[2].casefold() for box in boxes if box and "@" in box and not withheld(box)}
    missing += sorted(domains - there["mail_domain"])
    names = [*(one.name for one in record.processors), *(one.vendor for one in record.systems)]
    vendors = {vendor.key: vendor for name in names if (vendor := case.law.vendor(name)) is not None}
    missing += sorted(vendors.keys() - there["vendor"])
    used = {key for vendor in vendors.values() for key in vendor.sub_processors}
    return list(dict.fromkeys(missing)), sorted(there["vendor"] - vendors.keys() - used)


def _same(declared: str, stated: str) -> bool:
    try:
        return periods.compare(declared, stated) == "equal"
    except errors.Invalid:  # pushed in another form than ours
        return declared == stated


def _plain(url: str) -> str:
    """An address for comparing: without scheme and last slash."""
    return re.sub(r"^https?://", "", url.casefold()).rstrip("/")


# --- systems


def _systems(case: Case) -> Iterator[Outcome]:
    looks = case.observed("inventory")
    if not looks:
        why = why_unseen(case, "inventory")
        fi, en = ("Järjestelmäluetteloa ei ole katsottu.", "Nobody has looked at an inventory of systems.")
        if why.observation is not None:
            en = "An inventory of systems has not been seen."
        yield case.open(
            "/systems/0" if case.record.systems else "/systems",
            key="inventory",
            observation=why.observation,
            fi=f"{fi}{why.fi}",
            en=f"{en}{why.en}",
            closes=("Havainto järjestelmäluettelosta.", "An observation of an inventory of systems."),
        )
        return
    entries = [entry for look in looks for entry in look.payload["entries"]]
    known = {entry["inventory_id"] for entry in entries}
    used = {entry["inventory_id"] for entry in entries if entry["in_use"]}
    seen, complete = looks[0].id, all(look.complete for look in looks)
    numbers, unnumbered = set(), False
    for index, system in enumerate(case.record.systems):
        if system.kind == "paper":
            continue
        field, key = f"/systems/{index}", case.record.system_keys[index]
        number = system.inventory_id
        numbers.add(number)
        if number is None:
            unnumbered = True
            fi, en = (
                f"Järjestelmällä {system.name} ei ole numeroa.",
                f"The system {system.name} has no number.",
            )
            closes = ("Kirjaa järjestelmän numero luettelossa.", "Record its number in the inventory.")
            yield case.open(field, key=f"number:{key}", observation=seen, fi=fi, en=en, closes=closes)
        elif number in used:
            continue
        elif number in known or complete:
            yield case.fail(
                field,
                key=f"gone:{key}",
                observation=seen,
                fi=f"Järjestelmä {system.name} ({number}) ei ole luettelon mukaan käytössä. Poista se selosteesta, "
                "tai korjaa luettelo.",
                en=f"By the inventory the system {system.name} ({number}) is not in use. Take it out of the record, "
                "or correct the inventory.",
            )
    yield from _unrecorded(case, entries, numbers, unnumbered, seen)
    if not complete:
        yield _in_part(case, seen)


def _unrecorded(
    case: Case, entries: list[Mapping[str, Any]], numbers: set[str | None], unnumbered: bool, seen: int
) -> Iterator[Outcome]:
    """Systems that the inventory says serve this register, and the record does not name."""
    serving = {
        entry["inventory_id"]: entry.get("title") or entry["inventory_id"]
        for entry in entries
        if entry["in_use"] and entry.get("register") == case.record.key
    }
    for number in sorted(serving.keys() - numbers):
        said: dict[str, Any] = {
            "key": f"unrecorded:{number}",
            "observation": seen,
            "fi": f"Luettelon mukaan rekisteriä palvelee myös {serving[number]} ({number}). Lisää se.",
            "en": f"By the inventory the register is also served by {serving[number]} ({number}). Add it.",
        }
        if unnumbered:
            closes = ("Kirjaa järjestelmien numerot.", "Record the numbers of the systems.")
            yield case.open("/systems", closes=closes, **said)
        else:
            yield case.fail("/systems", **said)


def _in_part(case: Case, seen: int) -> Outcome:
    return case.open(
        "/systems",
        key="inventory",
        observation=seen,
        fi="Järjestelmäluettelosta on nähty vain osa.",
        en="Only part of the inventory has been seen.",
        closes=("Täydellinen havainto järjestelmäluettelosta.", "A complete observation of the inventory."),
    )
