"""Consent named or implied, but collection is automatic, bundled or has no mechanism.

Three things are wrong: consent that is read into using a service; consent that is to cover data which the service
records by itself, without anything that shows how it is given; and consent for what people type, where the conversation
that holds it is recorded in any case.

Why it matters
Consent is a clear affirmative act, given freely for what it is about (GDPR 4(11), 7); it can be proved (7(1)) and
withdrawn as easily as given (7(3)). What is collected whether or not somebody agrees does not rest on consent, and
without a basis of its own it is unlawful (6(1)(a)).

How to fix
Ask before anything is recorded, and enter how (`consent_mechanism`) and where it is proved (`consent_record_ref`). Or
name the basis that the collection really has, often 6(1)(e) or 6(1)(f), and take the word consent out.
"""

from collections.abc import Iterator
from typing import Any

from registry.checks.phrases import says
from registry.checks.rule import Case, Outcome, Rule

RULE = Rule(
    code="CON109",
    severity="error",
    title={
        "fi": "Suostumus mainitaan tai oletetaan, mutta keruu on automaattista, sidottua tai ilman antamistapaa",
        "sv": "Samtycke nämns eller antas, men insamlingen är automatisk, sammanbunden eller saknar mekanism",
        "en": "Consent named or implied, but collection is automatic, bundled or has no mechanism",
    },
    law=("GDPR 4(11)", "GDPR 6(1)(a)", "GDPR 7(1)", "GDPR 7(3)"),
    certainty="lexical",
    needs=(
        "/consent_statements/*/kind", "/legal_bases/*/article", "/legal_bases/*/text", "/legal_bases/*/applies_to",
        "/legal_bases/*/consent_mechanism", "/legal_bases/*/consent_record_ref",
        "/data_categories/*/collection", "/data_categories/*/basis", "/data_categories/*/purposes",
        "/data_categories/*/pd", "/data_categories/*/text",
    ),
    kinds=("fail", "pass", "na", "open"),
)  # fmt: skip

#: Categories of data (DPV) that hold what people say or write, and so whatever they give of themselves.
_CONVERSATIONS = frozenset(
    [
        *("pd:Communication", "pd:EmailContent", "pd:SocialMediaCommunication"),
        *("pd:VoiceCommunicationRecording", "pd:VoiceMail"),
    ]
)


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each statement that implies consent, and for each consent that nothing shows."""
    record = case.record
    bases = [(index, basis) for index, basis in enumerate(record.legal_bases) if basis.article == "6(1)(a)"]
    if not bases and not record.consent_statements:
        yield case.na(
            fi="Suostumusta ei mainita.",
            en="Consent is neither named nor implied.",
        )
        return
    outcomes = [*_implied(case, bases), *_unproved(case, bases)]
    yield from outcomes
    if not outcomes:
        yield case.passes(
            f"/legal_bases/{bases[0][0]}" if bases else "/consent_statements/0",
            fi="Suostumuksen antamistapa on kirjattu.",
            en="How consent is given is recorded.",
        )


def _implied(case: Case, bases: list[tuple[int, Any]]) -> Iterator[Outcome]:
    for index, statement in enumerate(case.record.consent_statements):
        if _implies(case, index, statement):
            yield _implied_at(case, f"/consent_statements/{index}", f"statement:{index}")
    for index, basis in bases:
        if says("implied_consent", basis.consent_mechanism) or says("implied_consent", basis.text):
            yield _implied_at(case, f"/legal_bases/{index}", f"implied:{basis.id}")


def _implies(case: Case, index: int, statement: Any) -> bool:
    """As whoever read the text has judged, else by its words."""
    if statement.kind is None:
        return says("implied_consent", case.record.said(f"/consent_statements/{index}").quote)
    return bool(statement.kind == "implied")


def _implied_at(case: Case, field: str, key: str) -> Outcome:
    return case.fail(
        field,
        key=key,
        fi="Suostumus päätellään palvelun käytöstä. Suostumus on erikseen annettava tahdonilmaisu: pyydä se ennen "
        "tallentamista, tai nimeä käsittelyn todellinen peruste.",
        en="Consent is inferred from using the service. Consent is an act of its own: ask for it before anything is "
        "recorded, or name the basis that the processing really has.",
    )


def _unproved(case: Case, bases: list[tuple[int, Any]]) -> Iterator[Outcome]:
    """Consents without a mechanism or a record of them: the bases, or where there is none the first such words."""
    statements = case.record.consent_statements
    if any(statement.kind == "stated_with_mechanism" for statement in statements):
        return
    for index, basis in bases:
        if not basis.consent_mechanism and not basis.consent_record_ref:
            yield _judged(case, f"/legal_bases/{index}", basis.id, basis)
    for index, statement in enumerate(statements):
        if not bases and not _implies(case, index, statement):
            yield _judged(case, f"/consent_statements/{index}", f"statement:{index}", None)


def _judged(case: Case, field: str, key: str, basis: Any) -> Outcome:
    observed = [
        (index, data)
        for index, data in enumerate(case.record.data_categories)
        if data.collection == "observed"
    ]
    covered = [data for _, data in observed if basis is None or _covers(basis, data)]
    if covered:
        names = ", ".join(map(_called, covered))
        return case.fail(
            field,
            key=key,
            fi=f"Suostumuksen antamistapaa ei kerrota, ja tietoja kerätään automaattisesti: {names}. "
            "Pyydä suostumus ennen keruuta ja kirjaa, miten se annetaan, tai nimeä muu peruste.",
            en=f"How consent is given is not told, and data is collected automatically: {names}. "
            "Ask for consent before collecting and record how, or name another basis.",
        )
    beside = [(index, data) for index, data in observed if data.pd in _CONVERSATIONS]
    if beside:
        index, data = beside[0]
        return case.fail(
            f"/data_categories/{index}",
            key=key,
            fi=f"Tiedot annetaan suostumuksella, mutta ne tallentuvat joka tapauksessa: {_called(data)}. "
            "Pyydä suostumus ennen tallentamista, tai nimeä tallentamisen todellinen peruste.",
            en=f"Data is given by consent, yet it is recorded in any case: {_called(data)}. "
            "Ask for consent before recording, or name the basis that the recording really has.",
        )
    return case.open(
        field,
        key=key,
        fi="Suostumuksen antamistapaa tai siitä jäävää merkintää ei ole kirjattu.",
        en="Neither how consent is given nor where it is proved is recorded.",
        closes=(
            "Kirjaa, miten suostumus pyydetään ja missä se todetaan.",
            "Record how consent is asked for, and where it is proved.",
        ),
    )


def _covers(basis: Any, data: Any) -> bool:
    """Whether the consent is to cover a kind of data: as the data says, else as the basis does, else it may."""
    if data.basis:
        return basis.id in data.basis
    if not isinstance(basis.applies_to, tuple):
        return True
    return data.id in basis.applies_to or any(one in basis.applies_to for one in data.purposes or ())


def _called(data: Any) -> str:
    return data.text.any() if data.text else str(data.id)
