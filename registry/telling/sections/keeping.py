"""How long data is kept and how it is protected (GDPR 13(2)(a), 14(2)(a), 30(1)(g))."""

from __future__ import annotations

from typing import Any

from registry.telling.sections.processing import data_named
from registry.telling.teller import Teller
from registry.telling.value import Block, Fact, Said, Told


def retention(t: Teller) -> list[Block]:
    """Each rule with what it covers, how long, from when and what then; and the kinds of data without a rule."""
    record = t.record
    rows = [_rule(t, n, one) for n, one in enumerate(record.retention)]
    without = uncovered(t)
    if rows and without:
        rows.append({"data": Told(data_named(t, without)), "how_long": t.silent("how_long")})
    blocks = t.table("retention", ("data", "how_long", "from", "then"), rows)
    if not rows:
        blocks.append(t.gap("retention", t.recorded("/retention")))
    kept = record.backups
    if kept:
        blocks += t.facts(
            t.stated_part("backups", "/backups", kept, kept.text),
            t.fact("backup_frequency", "/backups/frequency", kept.frequency, t.line),
            t.fact(
                "backup_retention",
                "/backups/retention",
                kept.retention,
                t.period,
                required=kept.status == "stated",
            ),
        )
    return blocks


def uncovered(t: Teller) -> list[str]:
    """Ids of the kinds of data that no rule covers; none where a rule does not say by id what it covers."""
    covered: set[str] = set()
    for one in t.record.retention:
        if not isinstance(one.applies_to, tuple):
            return []
        covered.update(one.applies_to)
    return [one.id for one in t.record.data_categories if one.id not in covered]


def _rule(t: Teller, n: int, one: Any) -> dict[str, Told | None]:
    at = f"/retention/{n}"
    return {
        "data": _subject(t, at, one),
        "how_long": duration(t, n),
        "from": t.told(
            "from", f"{at}/starts_from", one.starts_from, t.prose, required=one.duration is not None
        ),
        "then": _end(t, at, one),
    }


def _subject(t: Teller, at: str, one: Any) -> Told:
    """What a rule covers: kinds of data, the text that says so, and whose data."""
    said: tuple[Said, ...] = ()
    if one.applies_to == "all":
        said = (t.words.said("all_data", code="all"),)
    elif isinstance(one.applies_to, tuple):
        said = data_named(t, one.applies_to)
    if one.applies_to_text is not None:
        said += t.prose(one.applies_to_text)
    if not said:
        return t.made("covers", said, one.applies_to_text)
    people = ", ".join(t.words.term("data_subjects", group).text for group in one.data_subjects or ())
    return Told(said + ((t.words.said("of_people", people=people),) if people else ()))


def duration(t: Teller, n: int) -> Told:
    """How long rule `n` keeps: a period, a criterion, both, or nobody says."""
    one, at = t.record.retention[n], f"/retention/{n}"
    period = t.told("how_long", f"{at}/duration", one.duration, t.period)
    criterion = t.told("how_long", f"{at}/criterion", one.criterion, t.prose)
    if period is None or criterion is None:
        return period or criterion or t.silent("how_long", t.recorded(at))
    return Told(period.texts + criterion.texts, period.status, period.note, period.inferred)


def _end(t: Teller, at: str, one: Any) -> Told:
    said: list[Said] = []
    for name, vocabulary in (("action", "retention_actions"), ("mode", "retention_modes")):
        value = getattr(one, name)
        if value is not None and not (value == "periodic" and one.interval is not None):
            said.append(t.words.term(vocabulary, value))
    if one.interval is not None:
        period = t.words.period(one.interval)
        said.append(Said(t.words("every", period=period.text), t.words.language, code=one.interval))
    return Told(tuple(said)) if said else t.silent("then", t.recorded(f"{at}/action"))


def security(t: Teller) -> list[Block]:
    """In general how data is protected; nothing that would help anybody to get in."""
    record, access = t.record, t.record.access
    measures = [
        {
            "measure": t.told("measure", f"/security_measures/{n}/text", one.text, t.prose, required=True),
            "measure_type": t.told(
                "measure_type", f"/security_measures/{n}/type", one.type, t.term("measure_types")
            ),
        }
        for n, one in enumerate(record.security_measures)
    ]
    blocks = t.table("security_measures", ("measure", "measure_type"), measures)
    if not measures:
        blocks.append(t.gap("security_measures", t.recorded("/security_measures")))
    blocks += t.facts(
        t.fact("granting", "/access/granting", access.granting, t.prose),
        t.fact("personal_accounts", "/access/personal_accounts", access.personal_accounts, t.yes_no),
        _need_to_know(t, access.need_to_know),
    )
    duties = [
        {
            "who": t.told("who", f"/responsibilities/{n}/who", one.who, t.prose, required=True),
            "duties": t.told("duties", f"/responsibilities/{n}/what", one.what, t.prose, required=True),
        }
        for n, one in enumerate(record.responsibilities)
    ]
    return blocks + t.table("responsibilities", ("who", "duties"), duties)


def _need_to_know(t: Teller, word: str | None) -> Fact | None:
    if word is None:
        return None
    told = Told((t.words.said("yes", code=word),)) if word == "stated" else t.silent("need_to_know")
    return Fact("need_to_know", t.words("fields.need_to_know"), told)
