"""The two sides of a comparison in words: what the record says of a system, and what an observation showed of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from registry import errors
from registry.connectors.observed.observation import Observation
from registry.connectors.observed.reasons import BECAUSE, said
from registry.connectors.observed.unread import UNREAD
from registry.law import law, periods

#: A sentence in Finnish and English.
Said = Mapping[str, str]

#: So many sentences are told of one observation; the rest is counted.
MOST = 20

_WORDS = {
    "automatic": ("automaattisesti", "automatically"),
    "manual": ("käsin", "by hand"),
    "periodic": ("määrävälein", "at intervals"),
    "erase": ("poisto", "erasure"),
    "anonymise": ("anonymisointi", "anonymisation"),
    "archive": ("arkistointi", "archiving"),
    "own": ("oma organisaatio", "own organisation"),
    "admin": ("pääkäyttäjä", "administrator"),
    "agent": ("käsittelijä", "agent"),
    "viewer": ("lukija", "viewer"),
    "EU": ("EU", "the EU"),
    "EEA": ("ETA", "the EEA"),
}  # fmt: skip


def same(text: str) -> Said:
    """A text that is no word of ours: alike in both languages."""
    return {"fi": text, "en": text}


def _word(key: str) -> Said:
    fi, en = _WORDS.get(key, (key, key))
    return {"fi": fi, "en": en}


def _joined(*parts: Said | None, between: str = ", ") -> Said:
    told = [part for part in parts if part]
    return {
        language: between.join(part[language] for part in told if part[language]) for language in ("fi", "en")
    }


def _prose(value: Any) -> Said | None:
    if value is None:
        return None
    texts = value.texts
    first = next(iter(texts.values()), "")
    return {language: texts.get(language, first) for language in ("fi", "en")}


def _period(text: str) -> Said:
    try:
        return {language: periods.text(text, language) for language in ("fi", "en")}
    except errors.Invalid:
        return same(text)


# --- what is declared


def retention(rule: Any) -> Said:
    """One retention rule of a record."""
    length = _period(rule.duration) if rule.duration else _prose(rule.criterion)
    since = _prose(rule.starts_from)
    every = _period(rule.interval) if rule.interval else None
    return _joined(
        length or {"fi": "aikaa ei ole ilmoitettu", "en": "no period is stated"},
        {"fi": f"alkaen: {since['fi']}", "en": f"from: {since['en']}"} if since else None,
        _word(rule.action) if rule.action else None,
        _word(rule.mode) if rule.mode else None,
        {"fi": f"väli {every['fi']}", "en": f"every {every['en']}"} if every else None,
    )


def roles(record: Any) -> Iterator[Said]:
    """The roles that a record gives access."""
    for one in record.access.roles:
        told = _joined(
            _word(one.organisation) if one.organisation else None,
            _word(one.permission) if one.permission else None,
        )
        named = _prose(one.role) or {"fi": "(nimetön)", "en": "(unnamed)"}
        yield {lang: f"{named[lang]} ({told[lang]})" if told[lang] else named[lang] for lang in ("fi", "en")}
    if record.access.exclusive:
        yield {"fi": "ei muita", "en": "nobody else"}


def domains(record: Any) -> Iterator[Said]:
    """The domains that the roles of a record are said to have."""
    for domain in dict.fromkeys(domain for one in record.access.roles for domain in one.domains):
        yield same(domain)


def hygiene(record: Any) -> Iterator[Said]:
    """What a record says of accounts and of its security measures."""
    if record.access.personal_accounts:
        yield {"fi": "henkilökohtaiset tunnukset", "en": "personal accounts"}
    for measure in record.security_measures:
        if (told := _prose(measure.text)) is not None:
            yield told


def places(record: Any) -> Iterator[Said]:
    """Where a record says that data is kept, and where its systems are."""
    for place in record.storage_locations:
        if place.area:
            only = {"fi": "vain ", "en": "only "} if place.exclusive else same("")
            yield _joined(only, _word(place.area), between="")
    for system in record.systems:
        if system.region:
            yield {"fi": f"järjestelmä: {system.region}", "en": f"system: {system.region}"}


def categories(record: Any) -> Iterator[Said]:
    """The data categories of a record."""
    for one in record.data_categories:
        told = _prose(one.text) or same(one.pd or "")
        yield {lang: f"{one.id}: {told[lang]}" if one.id else told[lang] for lang in ("fi", "en")}


def processors(record: Any) -> Iterator[Said]:
    """The processors of a record, each with those that it uses, and the importers of its transfers."""
    for one in record.processors:
        own = ", ".join(sub.name for sub in one.sub_processors if sub.name)
        name = one.name or "–"
        yield {"fi": f"{name} (käyttää: {own})", "en": f"{name} (uses: {own})"} if own else same(name)
    for transfer in record.transfers.items_:
        ground = law().instruments.get(transfer.instrument or "")
        named = (
            {"fi": ground.name.fi, "en": ground.name.en}
            if ground is not None
            else same(transfer.instrument or "")
        )
        yield {
            lang: " – ".join(filter(None, (transfer.importer, transfer.country, named[lang])))
            for lang in ("fi", "en")
        }


def published(record: Any) -> Iterator[Said]:
    """Where a record says that it is published, and the pages that it refers to."""
    for url in (record.document.publication_url, *(link.url for link in record.document.referenced_urls)):
        if url:
            yield same(url)


def requests(record: Any) -> Iterator[Said]:
    """The time in which requests are answered, by law where the record says nothing else."""
    yield {"fi": "kuukaudessa (12 artikla 3 kohta)", "en": "within one month (GDPR 12(3))"}


def trackers(record: Any) -> Iterator[Said]:
    """The trackers that a record declares."""
    if record.trackers.status == "stated_none":
        yield {"fi": "ei evästeitä", "en": "no cookies"}
    for one in record.trackers.types:
        yield same(one)


# --- what was seen


def seen(look: Observation) -> tuple[Said, ...]:
    """What an observation showed, the most important members of it in words; MOST sentences at most."""
    if look.kind == "could_not_look":
        (fi, en), asked = said(look.payload["reason"]), look.about
        return ({"fi": f"{asked} ei saatu katsottua: {fi}", "en": f"{asked} could not be looked at: {en}"},)
    told = iter(_SEEN[look.kind](look.payload))
    shown = list(islice(told, MOST))
    if rest := sum(1 for _ in told):
        shown.append({"fi": f"ja {rest} muuta", "en": f"and {rest} more"})
    if not shown:
        shown.append({"fi": "ei mitään", "en": "nothing"})
    if not look.complete:
        shown.append({"fi": "(kaikkea ei nähty)", "en": "(not all was seen)"})
    return tuple(shown)


def _rules(payload: Mapping[str, Any]) -> Iterator[Said]:
    for rule in payload["rules"]:
        after = (
            _period(rule["after"])
            if rule["after"]
            else {"fi": "aika epäselvä", "en": "period not understood"}
        )
        state = (
            {"fi": "käytössä", "en": "active"}
            if rule["active"]
            else {"fi": "pois käytöstä", "en": "switched off"}
        )
        called = rule.get("title") or rule["id"]
        yield _joined(same(f"{called} ({rule['object']})"), after, _word(rule["action"]), state)


def _items(payload: Mapping[str, Any]) -> Iterator[Said]:
    for item in payload["items"]:
        oldest = (item.get("oldest") or "–")[:10]
        yield {"fi": f"{item['object']}: vanhin {oldest}", "en": f"{item['object']}: oldest {oldest}"}


def _accounts(payload: Mapping[str, Any]) -> Iterator[Said]:
    for one in payload["accounts"]:
        if one["active"]:
            yield same(f"{one['role']} @{one['domain']}: {one.get('count', 1)}")


def _roles(payload: Mapping[str, Any]) -> Iterator[Said]:
    for one in payload["roles"]:
        members = "" if one.get("members") is None else f": {one['members']}"
        may = _word(one["permission"] or "?")
        yield {lang: f"{one['role']} ({may[lang]}){members}" for lang in ("fi", "en")}


def _on(value: bool | None) -> Said:
    return {
        True: {"fi": "kyllä", "en": "yes"}, False: {"fi": "ei", "en": "no"}, None: {"fi": "epäselvä", "en": "unclear"},
    }[value]  # fmt: skip


def _named(name: str, value: bool | None) -> Said:
    told = _on(value)
    return {lang: f"{name}: {told[lang]}" for lang in ("fi", "en")}


def _pages(payload: Mapping[str, Any]) -> Iterator[Said]:
    for page in payload["pages"]:
        found = f"{page['url']}: {page['status'] or '–'}"
        why = UNREAD.get(page.get("unread", ""))
        yield {"fi": f"{found}. {why.fi}", "en": f"{found}. {why.en}"} if why else same(found)


def _requests(payload: Mapping[str, Any]) -> Iterator[Said]:
    count = len(payload["requests"])
    late = sum(one["answered_on"] is None for one in payload["requests"])
    yield {
        "fi": f"{count} {'pyyntö' if count == 1 else 'pyyntöä'}, {late} vastaamatta",
        "en": f"{count} {'request' if count == 1 else 'requests'}, {late} not answered",
    }


def _lists(payload: Mapping[str, Any]) -> Iterator[Said]:
    for one in payload["lists"]:
        names = ", ".join(sub["name"] for sub in one.get("sub_processors", ()))
        yield same(f"{one['processor']}: {names or one['list_sha256'][:12]}")


def _app(one: Mapping[str, Any]) -> Said:
    """Something that is connected: whose it is, and that it is switched off, where it is."""
    off = {} if one["active"] else {"fi": "pois käytöstä", "en": "switched off"}
    told = {lang: ", ".join(filter(None, (one.get("by"), off.get(lang)))) for lang in ("fi", "en")}
    return {lang: f"{one['name']} ({told[lang]})" if told[lang] else one["name"] for lang in ("fi", "en")}


def _credential(payload: Mapping[str, Any]) -> Said:
    """What our credential may do beyond reading, or why that cannot be told."""
    may, on = ", ".join(payload.get("may", ())[:10]), _on(payload["more_than_reading"])
    why = BECAUSE.get(payload.get("because", ""))
    fi, en = (f" ({one})" for one in why) if why else ("", "")
    names = f": {may}" if may else ""
    return {
        "fi": f"oma tunnus voi muutakin kuin lukea: {on['fi']}{names}{fi}",
        "en": f"our credential may do more than read: {on['en']}{names}{en}",
    }


def _logged(payload: Mapping[str, Any]) -> Iterator[Said]:
    """What a log counts, then how it last left settings of which it says that."""
    if not payload["changes"]:
        since = payload["since"][:10]
        yield {"fi": f"ei muutoksia {since} jälkeen", "en": f"no changes since {since}"}
    yield from _each("object", "action", "count", of="changes")(payload)
    for one in payload.get("settings", ()):
        if one["on"] is not None:
            yield _named(f"{one['name']} ({one['at'][:10]})", one["on"])


def _each(*names: str, of: str) -> Callable[[Mapping[str, Any]], Iterable[Said]]:
    return lambda payload: (
        same(" ".join(dict.fromkeys(str(one[name]) for name in names if one.get(name) is not None)))
        for one in payload[of]
    )


_SEEN: Mapping[str, Callable[[Mapping[str, Any]], Iterable[Said]]] = {
    "deletion_rules": _rules,
    "oldest_item": _items,
    "accounts": _accounts,
    "roles": _roles,
    "settings": lambda payload: (
        _named(f"{one['name']} ({one['object']})" if one.get("object") else one["name"], one["on"])
        for one in payload["settings"]
    ),
    "credential": lambda payload: [_credential(payload)],
    "region": lambda payload: [
        same(" ".join(payload[name] for name in ("country", "region", "provider") if payload.get(name)))
    ],
    "field_inventory": _each("object", "name", "pd", of="fields"),
    "sub_processors": _lists,
    "certification": _each("importer", "instrument", "status", of="entries"),
    "apps": lambda payload: map(_app, payload["apps"]),
    "published_text": _pages,
    "inventory": lambda payload: (_named(one["inventory_id"], one["in_use"]) for one in payload["entries"]),
    "request_log": _requests,
    "cookie_scan": _each("name", "form", "domain", of="trackers"),
    "changes": _logged,
}  # fmt: skip
KINDS = frozenset(_SEEN)
