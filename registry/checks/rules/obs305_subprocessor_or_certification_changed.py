"""A sub-processor or the vendor's transfer certification changed since the last review.

The list that a processor publishes is compared with the digest of the list last reviewed (`sub_processor_list_hash`),
or with the sub-processors that the record names. An importer that rests on a certification has to be active in its list
on the day; an ended instrument is for LAW203. What is connected to a system, an app or another's client, is a
recipient or a sub-processor too: whose it is has to be named in the record.

Why it matters
A processor may take on another only with the controller's authorisation, and has to tell of changes so that one can
object (GDPR 28(2), 28(4)); a list that nobody reads is consent by silence. A certification lapses every year, and with
it the ground of the transfer (45, 46).

How to fix
Read the new list, object in time or accept it, then record who is on it and the digest of the list, which the finding
tells (`sub_processor_list_hash` of the processor). Where a certification has lapsed, agree on other safeguards, or
stop the transfer. Disconnect an app that nobody needs; else record whose it is, as a processor, a recipient or a
partner.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from registry.checks.rule import Case, Outcome, Rule, dated
from registry.checks.rules._looking import some, unseen, weak, why_unseen
from registry.clock import day
from registry.connectors.observed.observation import Observation
from registry.law import remembered
from registry.law.names import company

RULE = Rule(
    code="OBS305",
    severity="warning",
    title={
        "fi": "Alikäsittelijä tai toimittajan siirtosertifiointi on muuttunut edellisen tarkistuksen jälkeen",
        "sv": "Ett underbiträde eller leverantörens överföringscertifiering har ändrats sedan den senaste granskningen",
        "en": "A sub-processor or the vendor's transfer certification changed since the last review",
    },
    law=("GDPR 28(2)", "GDPR 28(4)", "GDPR 45", "GDPR 46"),
    certainty="evidence",
    needs=(
        "/processors/*/name", "/processors/*/legal_entity", "/processors/*/sub_processors/*/name",
        "/processors/*/sub_processor_list_hash", "/transfers/items/*/importer", "/transfers/items/*/instrument",
        "/recipients/*/name", "/partners/*/name", "/systems/*/vendor", "/systems/*/kind",
        "observation:sub_processors", "observation:certification", "observation:apps", "observation:could_not_look",
    ),
    kinds=("fail", "pass", "na", "open"),
)  # fmt: skip


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each processor whose list changed or is not known, and for each certification likewise."""
    certified = [
        (index, item) for index, item in enumerate(case.record.transfers.items_) if _rests_on_one(case, item)
    ]
    connected = [
        system for system, _ in case.systems() if case.observed("apps", system) or case.blind("apps", system)
    ]
    if not case.record.processors and not certified and not connected:
        yield case.na(
            "/processors",
            fi="Selosteessa ei ole käsittelijää eikä sertifiointiin nojaavaa siirtoa.",
            en="The record has no processor, and no transfer that rests on a certification.",
        )
        return
    outcomes = [
        said for index, one in enumerate(case.record.processors) if (said := _processor(case, index, one))
    ]
    outcomes += [said for index, item in certified if (said := _importer(case, index, item))]
    outcomes += [said for system in connected for said in _apps(case, system)]
    yield from outcomes
    if not outcomes:
        yield case.passes(
            f"/transfers/items/{certified[0][0]}"
            if certified and not case.record.processors
            else _field(case),
            fi="Alikäsittelijät ja sertifioinnit ovat niin kuin ne on tarkistettu.",
            en="Sub-processors and certifications are as they were reviewed.",
        )


# --- lists of sub-processors


def _processor(case: Case, index: int, processor: Any) -> Outcome | None:
    field = f"/processors/{index}"
    names = [name for name in (processor.legal_entity, processor.name) if name]
    if not names:
        return case.open(
            field,
            key=field,
            fi="Käsittelijää ei ole nimetty, joten sen alikäsittelijöitä ei voi katsoa.",
            en="The processor is not named, so its sub-processors cannot be looked at.",
            closes=("Kirjaa käsittelijän yhtiö.", "Record the processor's legal entity."),
        )
    found = _newest(case, "sub_processors", "lists", "processor", names)
    said = _list(case, field, processor, names[0], *found) if found else None
    if found is None or (not found[0].complete and (said is None or said.kind != "fail")):
        why = why_unseen(case, "sub_processors")
        return case.open(
            field,
            key=_plain(case, names[0]),
            observation=found[0].id if found else why.observation,
            fi=f"Toimittajan {names[0]} alikäsittelijäluetteloa ei ole katsottu kokonaan.{why.fi}",
            en=f"The list of sub-processors of {names[0]} has not been looked at to the end.{why.en}",
            closes=("Havainto julkaistusta luettelosta.", "An observation of the published list."),
        )
    return said


def _list(
    case: Case, field: str, processor: Any, name: str, seen: Observation, listed: Mapping[str, Any]
) -> Outcome | None:
    reviewed = {_plain(case, one.name): one.name for one in processor.sub_processors if one.name}
    there = {_plain(case, one["name"]): one["name"] for one in listed.get("sub_processors", ())}
    read = "sub_processors" in listed
    key, digest, there_is = _plain(case, name), processor.sub_processor_list_hash, listed["list_sha256"]
    if digest is None and not (reviewed and read):
        return case.open(
            field,
            key=key,
            observation=seen.id,
            fi=f"Toimittajan {name} luettelo on nähty, mutta tarkistettua luetteloa ei ole kirjattu.",
            en=f"The list of {name} has been seen, but no reviewed list is recorded.",
            closes=(
                f"Tarkista luettelo ja kirjaa sen tiiviste {there_is}.",
                f"Review the list, and record its digest {there_is}.",
            ),
        )
    added = sorted(there[one] for one in there.keys() - reviewed.keys()) if read else []
    gone = sorted(reviewed[one] for one in reviewed.keys() - there.keys()) if read and seen.complete else []
    if there_is == digest if digest else not added and not gone:
        return None
    fi, en = _changed(added, gone, "uusia", "poissa"), _changed(added, gone, "new", "gone")
    return case.fail(
        field,
        key=key,
        observation=seen.id,
        fi=f"Toimittajan {name} alikäsittelijäluettelo on muuttunut{fi}. "
        f"Tarkista se, ja kirjaa uusi luettelo, jonka tiiviste on {there_is}.",
        en=f"The list of sub-processors of {name} has changed{en}. "
        f"Review it, and record the new list, whose digest is {there_is}.",
    )


def _changed(added: list[str], gone: list[str], new: str, away: str) -> str:
    told = [f"{word} {some(names)}" for word, names in ((new, added), (away, gone)) if names]
    return f" ({'; '.join(told)})" if told else ""


# --- certifications


def _rests_on_one(case: Case, item: Any) -> bool:
    instrument = case.law.instruments.get(item.instrument or "")
    return instrument is not None and "certification" in instrument.needs and instrument.valid_on(case.as_of)


def _importer(case: Case, index: int, item: Any) -> Outcome | None:
    field, name = f"/transfers/items/{index}", item.importer or "-"
    key = f"{_plain(case, name)}:{item.instrument}"
    rests_on = case.law.instruments[item.instrument]
    instrument = rests_on.name
    unsure = (rests_on.key,) if any(remembered(rests_on, name) for name in ("needs", "valid_from")) else ()
    found = _newest(case, "certification", "entries", "importer", [name], item.instrument)
    if found is None:
        why = why_unseen(case, "certification")
        return case.open(
            field,
            key=key,
            remembered=unsure,
            observation=why.observation,
            fi=f"Ei ole katsottu, onko {name} listalla ({instrument.get('fi')}).{why.fi}",
            en=f"Whether {name} is on the list has not been looked at ({instrument.get('en')}).{why.en}",
            closes=("Havainto listan merkinnästä.", "An observation of the entry in the list."),
        )
    seen, entry = found
    if entry["status"] != "active":
        return case.fail(
            field,
            key=key,
            remembered=unsure,
            observation=seen.id,
            fi=f"{name} ei ole sertifioitu ({instrument.get('fi')}). Sovi muista suojatoimista tai lopeta siirto.",
            en=f"{name} is not certified ({instrument.get('en')}). Agree on other safeguards, or stop the transfer.",
        )
    due = day(entry["due_on"]) if "due_on" in entry else None
    if due is not None and case.as_of > due:
        return case.open(
            field,
            key=key,
            remembered=unsure,
            observation=seen.id,
            fi=f"Toimittajan {name} sertifiointi oli uusittava viimeistään {dated(due)}.",
            en=f"The certification of {name} had to be renewed by {dated(due)}.",
            closes=("Uusi havainto listan merkinnästä.", "A new observation of the entry in the list."),
        )
    if not seen.complete:
        return case.open(
            field,
            key=key,
            remembered=unsure,
            observation=seen.id,
            fi=f"Listasta on nähty vain osa: {name} ({instrument.get('fi')}).",
            en=f"Only part of the list has been seen: {name} ({instrument.get('en')}).",
            closes=(
                "Täydellinen havainto listan merkinnästä.",
                "A whole observation of the entry in the list.",
            ),
        )
    return None


# --- what is connected


def _apps(case: Case, system: str) -> Iterator[Outcome]:
    """One outcome for each app of an organisation that the record does not name, or of nobody knows whom."""
    seen = next(iter(case.observed("apps", system)), None)
    apps = [] if seen is None else [app for app in seen.payload["apps"] if app["active"]]
    known = _named(case)
    for app in apps:
        if {_plain(case, name) for name in (app.get("by"), app["name"]) if name} & known:
            continue
        assert seen is not None
        said: dict[str, Any] = {"key": f"{system}:app:{app['id']}", "observation": seen.id}
        if "by" in app:
            yield case.fail(
                _field(case),
                severity=weak(seen),
                fi=f"Järjestelmään {system} on liitetty {app['name']} ({app['by']}), jota selosteessa ei nimetä. "
                "Irrota se, tai kirjaa se käsittelijäksi tai vastaanottajaksi.",
                en=f"{app['name']} ({app['by']}) is connected to {system}, and the record does not name it. "
                "Disconnect it, or record it as a processor or a recipient.",
                **said,
            )
        else:
            yield case.open(
                _field(case),
                fi=f"Järjestelmään {system} on liitetty {app['name']}; kenen se on, ei selviä.",
                en=f"{app['name']} is connected to {system}; whose it is cannot be told.",
                closes=("Kirjaa, kenen se on.", "Record whose it is."),
                **said,
            )
    if seen is None or not seen.complete:
        closes = (
            "Täydellinen havainto liitetyistä sovelluksista.",
            "A whole observation of what is connected.",
        )
        yield unseen(case, "apps", system, _field(case), closes=closes, key=f"{system}:apps")


def _named(case: Case) -> set[str]:
    """Everybody that the record names, and the vendors of its systems, as they are compared."""
    record = case.record
    names = [name for one in record.processors for name in (one.name, one.legal_entity)]
    names += [sub.name for one in record.processors for sub in one.sub_processors]
    names += [one.name for one in (*record.recipients, *record.partners)]
    names += [record.controller.name, *record.controller.alt_names, *(one.vendor for one in record.systems)]
    return {_plain(case, name) for name in names if name}


def _field(case: Case) -> str:
    return "/processors/0" if case.record.processors else "/processors"


# --- both


def _newest(
    case: Case, kind: str, part: str, who: str, names: list[str], instrument: str | None = None
) -> tuple[Observation, Mapping[str, Any]] | None:
    """The newest look that has an entry for one of these names, with the entry."""
    same = {_plain(case, name) for name in names}
    found = [
        (seen, entry)
        for seen in case.observed(kind)
        for entry in seen.payload[part]
        if _plain(case, entry[who]) in same and entry.get("instrument") == instrument
    ]
    return max(found, key=lambda one: one[0].taken_at, default=None)


def _plain(case: Case, name: str) -> str:
    """A name for comparing: the vendor's key, else the name without its form of company."""
    vendor = case.law.vendor(name)
    return vendor.key if vendor is not None else company(name)
