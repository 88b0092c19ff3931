"""Request procedure burdens the data subject, contradicts itself, or lacks the one-month limit.

Why it matters
Controllers have to make it easy to use one's rights (GDPR 12(2)). A signature on paper may not be demanded where
somebody can be recognised in another way (12(6); TSV 6097/161/21, 9.5.2022). An answer is given within a month (12(3)),
and electronically where it was asked for so (12(3), 15(3)); an answer by post needs an address, and data may not be
collected only in order to answer (11).

How to fix
Take requests by e-mail or online, and ask for proof of identity only where there is doubt. Describe one procedure for
each right. Offer the answer electronically, and say that it comes within a month.
"""

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from registry.checks.phrases import says
from registry.checks.rule import Case, Outcome, Place, Rule
from registry.law import periods

RULE = Rule(
    code="CON112",
    severity="error",
    title={
        "fi": "Pyynnön tekeminen on työlästä tai ristiriitaista, tai kuukauden määräaika puuttuu",
        "sv": "Förfarandet för begäranden är betungande eller motstridigt, eller saknar gränsen på en månad",
        "en": "Request procedure burdens the data subject, contradicts itself, or lacks the one-month limit",
    },
    law=(
        "GDPR 11",
        "GDPR 12(2)",
        "GDPR 12(3)",
        "GDPR 12(6)",
        "GDPR 15(3)",
        "TSV 6097/161/21 (9.5.2022)",
    ),
    certainty="exact",
    needs=(
        "/request_procedure/*/rights", "/request_procedure/*/signed_required",
        "/request_procedure/*/written_required", "/request_procedure/*/identity_proof",
        "/request_procedure/*/alternative", "/request_procedure/*/addressed_to",
        "/request_procedure/*/reply_channel", "/response_time/value", "/response_time/status",
        "/data_categories/*/pd", "/data_categories/*/text", "/document/sections/*/heading",
    ),
    kinds=("fail", "pass", "na"),
)  # fmt: skip

#: What two procedures for one right may not ask differently.
_DEMANDS = ("written_required", "signed_required", "identity_proof")
#: In Swedish an e-mail address (e-postadress) ends like a postal one.
_E_MAIL = re.compile(r"e-post", re.IGNORECASE)


def check(case: Case) -> Iterator[Outcome]:
    """Each wrong of each procedure, each right with two procedures that differ, and the time to answer."""
    procedures = case.record.request_procedure
    time = case.record.response_time
    if not procedures and not time.value:
        yield case.na(
            "/request_procedure",
            fi="Pyynnön tekemisestä ei kerrota (ks. COM009).",
            en="How to make a request is not told (see COM009).",
        )
        return
    outcomes = [said for index, one in enumerate(procedures) for said in _burdens(case, index, one)]
    outcomes += [*_contradictions(case), *_time(case)]
    yield from outcomes
    if not outcomes:
        yield case.passes(
            "/request_procedure/0" if procedures else "/response_time",
            fi="Pyyntö on helppo tehdä, ja siihen vastataan kuukaudessa.",
            en="A request is easy to make, and is answered within a month.",
        )


def _burdens(case: Case, index: int, one: Any) -> Iterator[Outcome]:
    field = f"/request_procedure/{index}"
    if one.signed_required and one.addressed_to != "online" and not _electronic(one.alternative):
        yield case.fail(
            field,
            key=f"signature:{index}",
            fi="Pyyntö on allekirjoitettava, eikä sähköistä vaihtoehtoa ole. Ota pyyntöjä vastaan myös sähköisesti, ja "
            "varmista henkilöllisyys vain, jos on syytä epäillä.",
            en="A request has to be signed, and there is no electronic alternative. Take requests electronically too, "
            "and verify identity only where there is doubt.",
        )
    if one.reply_channel == "post_only":
        yield _by_post(case, field, index)


def _electronic(alternative: Any) -> bool:
    """Whether an alternative can be used from afar without paper; one that does not say how may be."""
    if not alternative:
        return False
    return says("electronic", alternative) or not says("visit_or_post", alternative)


def _by_post(case: Case, field: str, index: int) -> Outcome:
    if any(_postal(data) for data in case.record.data_categories):
        return case.fail(
            field,
            key=f"reply:{index}",
            severity="warning",
            fi="Vastaus annetaan vain postitse. Tarjoa se sähköisesti, jos pyyntö on tehty sähköisesti.",
            en="The answer comes by post only. Offer it electronically where it was asked for so.",
        )
    return case.fail(
        field,
        key=f"reply:{index}",
        fi="Vastaus annetaan vain postitse, mutta postiosoitetta ei ole rekisterin tiedoissa. Tarjoa vastaus "
        "sähköisesti; osoitetta ei saa kerätä vain vastaamista varten.",
        en="The answer comes by post only, and the register holds no postal address. Offer it electronically; an "
        "address may not be collected only to answer.",
    )


def _postal(data: Any) -> bool:
    if data.pd is None and data.text:
        return any(says("postal_address", _E_MAIL.sub("epost", text)) for text in data.text.texts.values())
    return bool(data.pd == "pd:PhysicalAddress")


def _contradictions(case: Case) -> Iterator[Outcome]:
    """One outcome for each right that two procedures ask different things for."""
    told = set()
    for (_, one), (index, other) in combinations(enumerate(case.record.request_procedure), 2):
        both = [right for right in one.rights if right in other.rights and right != "other"]
        if not any(_differ(getattr(one, name), getattr(other, name)) for name in _DEMANDS):
            continue
        for right in both:
            if right not in told:
                told.add(right)
                name = case.law.rights[right].name
                yield case.fail(
                    f"/request_procedure/{index}",
                    key=f"differs:{right}",
                    fi=f"Pyynnön tekemisestä kerrotaan kahdella tavalla ({name.fi}). Kerro yksi menettely.",
                    en=f"How to make a request is told in two ways ({name.en}). Describe one procedure.",
                )


def _differ(one: Any, other: Any) -> bool:
    return one is not None and other is not None and one != other


def _time(case: Case) -> Iterator[Outcome]:
    time, told = case.record.response_time, case.place("/response_time")
    if not time.value:
        yield case.fail(
            "/response_time",
            key="time",
            at=told if told != Place() else case.heading("heading_rights"),
            severity="info",
            fi="Vastausaikaa ei kerrota. Kerro, että pyyntöön vastataan viimeistään kuukauden kuluessa.",
            en="The time to answer is not told. Say that requests are answered within a month at the latest.",
        )
    elif periods.compare(time.value, "P1M") == "longer":
        period = {language: periods.text(time.value, language) for language in ("fi", "en")}
        yield case.fail(
            "/response_time",
            key="time",
            fi=f"Vastausajaksi ilmoitetaan {period['fi']}. Määräaika on kuukausi; jatkosta on ilmoitettava erikseen.",
            en=f"The time to answer is given as {period['en']}. The limit is a month; each extension is told apart.",
        )
