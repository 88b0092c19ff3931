"""Account hygiene, or a setting of the system, differs from the declared security.

Shared accounts where the record says that each person has their own; active accounts that nobody has used for more than
90 days, or ever; accounts without a second factor, which is told for information where the record does not claim one.

Settings of the system count where they were seen: what is open to the public, a second factor or encryption that the
record claims and that is not on. Where a setting itself is not shown, the system's own log counts: how its newest entry
left it. So does a credential of ours that may do more than read, or was given more than was asked for; for information
where the system shows what is looked at to no lesser one. Where it cannot be told what it may do, that is open.

Why it matters
Security is what is done, not what is written (GDPR 32(1)(b), 32(4)). An account that several people use cannot be
traced to anybody; one that nobody uses is missed by nobody when it is taken over; a password alone can be guessed.

How to fix
Give each person an account, close those that are not used, switch on the second factor, and look again each quarter. Or
correct what the record says of security.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from registry.checks.phrases import says
from registry.checks.rule import Case, Outcome, Rule, Severity, dated
from registry.checks.rules._looking import on_paper, serving, unseen, weak
from registry.clock import day
from registry.connectors.observed.observation import Observation
from registry.connectors.observed.reasons import BECAUSE

RULE = Rule(
    code="OBS306",
    severity="warning",
    title={
        "fi": "Käyttäjätunnusten hoito tai järjestelmän asetukset poikkeavat ilmoitetusta suojauksesta",
        "sv": "Skötseln av konton eller systemets inställningar avviker från den angivna säkerheten",
        "en": "Account hygiene, or a setting of the system, differs from the declared security",
    },
    law=("GDPR 32(1)(b)", "GDPR 32(4)"),
    certainty="evidence",
    needs=(
        "/access/personal_accounts", "/security_measures/*/text", "/security_measures/*/dpv", "/systems/*/kind",
        "/access/need_to_know", "observation:accounts", "observation:settings", "observation:changes",
        "observation:credential", "observation:could_not_look",
    ),
    kinds=("fail", "pass", "na", "open"),
)  # fmt: skip

IDLE_DAYS = 90
_CLOSES = (
    "Havainto tunnuksista: viimeinen kirjautuminen, toinen tekijä ja yhteiskäyttö.",
    "An observation of the accounts: last log-in, second factor, shared or not.",
)
_CLOSES_OURS = (
    "Tunnuksen oikeudet järjestelmän omasta hallinnasta: havainto (credential) niistä.",
    "The rights of the credential as the system's own administration shows them: an observation (credential) of them.",
)


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each wrong in each system, and for each system of which something was not seen."""
    if paper := on_paper(case):
        yield paper
        return
    systems: list[str | None] = [system for system, _ in case.systems()]
    outcomes = [said for system in systems or [None] for said in _judged(case, system)]
    outcomes += [said for system, _ in case.systems() for said in (*_set(case, system), *_ours(case, system))]
    yield from outcomes
    if not outcomes:
        yield case.passes(
            _field(case),
            fi="Tunnukset ovat niin kuin ilmoitetaan.",
            en="The accounts are kept as declared.",
        )


def _judged(case: Case, system: str | None) -> Iterator[Outcome]:
    seen = next(iter(case.observed("accounts", system)), None) if system else None
    if seen is None:
        yield unseen(case, "accounts", system, _field(case), closes=_CLOSES)
        return
    active = serving(seen)
    wrongs = [*_shared(case, seen, active), *_idle(case, seen, active), *_one_factor(case, seen, active)]
    yield from wrongs
    if wrongs:
        return
    unknown = _unknown(case, active)
    if unknown:
        yield case.open(
            _field(case),
            key=seen.system,
            observation=seen.id,
            fi=f"Järjestelmän {seen.system} tunnuksista ei ole nähty kaikkea: {', '.join(fi for fi, _ in unknown)}.",
            en=f"Not everything has been seen of the accounts of {seen.system}: {', '.join(en for _, en in unknown)}.",
            closes=_CLOSES,
        )
    elif not seen.complete:
        yield unseen(case, "accounts", seen.system, _field(case), closes=_CLOSES)


def _shared(case: Case, seen: Observation, active: list[dict[str, Any]]) -> Iterator[Outcome]:
    shared = [one for one in active if one.get("shared")]
    if shared and case.record.access.personal_accounts:
        yield case.fail(
            _field(case),
            key=f"{seen.system}:shared",
            observation=seen.id,
            severity=weak(seen),
            fi=f"Järjestelmässä {seen.system} on yhteiskäyttöisiä tunnuksia ({_count(shared)}), vaikka tunnusten "
            "ilmoitetaan olevan henkilökohtaisia. Anna jokaiselle oma tunnus.",
            en=f"The system {seen.system} has shared accounts ({_count(shared)}), though accounts are said to be "
            "personal. Give each person their own.",
        )


def _idle(case: Case, seen: Observation, active: list[dict[str, Any]]) -> Iterator[Outcome]:
    taken = case.day_of(seen.taken_at)
    idle = [
        one
        for one in active
        if "last_login_on" in one
        and (one["last_login_on"] is None or (taken - day(one["last_login_on"])).days > IDLE_DAYS)
    ]
    if idle:
        yield case.fail(
            _field(case),
            key=f"{seen.system}:idle",
            observation=seen.id,
            severity=weak(seen),
            fi=f"Järjestelmässä {seen.system} on tunnuksia ({_count(idle)}), joita ei ole käytetty "
            f"{IDLE_DAYS} päivään. Sulje ne, joita ei tarvita.",
            en=f"The system {seen.system} has accounts ({_count(idle)}) that nobody has used for {IDLE_DAYS} days. "
            "Close those that are not needed.",
        )


def _one_factor(case: Case, seen: Observation, active: list[dict[str, Any]]) -> Iterator[Outcome]:
    bare = [one for one in active if one.get("two_factor") is False]
    if not bare:
        return
    claimed = _claim(case, "two_factor_required")
    yield case.fail(
        claimed or _field(case),
        key=f"{seen.system}:two_factor",
        observation=seen.id,
        severity=weak(seen) if claimed else "info",
        fi=f"Järjestelmässä {seen.system} on tunnuksia ilman toista tunnistautumistekijää ({_count(bare)}). "
        "Ota kaksivaiheinen tunnistautuminen käyttöön.",
        en=f"The system {seen.system} has accounts without a second factor ({_count(bare)}). Switch it on.",
    )


# --- what is set


#: What the record may claim of security: by its terms of DPV and in words; `about` is the setting that shows it.
_CLAIMS = {
    "two_factor_required": ({"dpv:MultiFactorAuthentication"}, "two_factor"),
    "encrypted_at_rest": ({"dpv:EncryptionAtRest", "dpv:Encryption"}, "encryption"),
    "encrypted_in_transit": ({"dpv:EncryptionInTransfer", "dpv:Encryption"}, "encryption"),
    "redacted": ({"dpv:DataRedaction"}, "redaction"),
}
#: What is wrong when it is on, and when it is off where nothing is claimed; the rest is only what was claimed.
_WRONG_ON: dict[str, tuple[Severity, str, str]] = {
    "public_access": ("error", "kuka tahansa pääsee tietoihin", "anybody can reach the data"),
    "vendor_access": ("info", "toimittaja pääsee tietoihin", "the vendor can reach the data"),
}
_WRONG_OFF: dict[str, tuple[Severity, str, str]] = {
    "two_factor_required": (
        "info",
        "toista tunnistautumistekijää ei vaadita",
        "no second factor is required",
    ),
    "encrypted_at_rest": ("info", "tallennettua ei ole salattu", "what is stored is not encrypted"),
    "encrypted_in_transit": ("warning", "yhteyttä ei vaadita salatuksi", "connections need not be encrypted"),
    "public_access_blocked": (
        "info",
        "avaamista kaikille ei ole estetty",
        "nothing keeps it from being opened to all",
    ),
    "redacted": ("warning", "arkaluonteista ei enää peitetä", "what is sensitive is no longer masked"),
}


def _set(case: Case, system: str) -> Iterator[Outcome]:
    """What the settings that were seen show; where the record claims what they would show, that they were seen."""
    seen = next(iter(case.observed("settings", system)), None)
    claimed = {about: field for about in _CLAIMS if (field := _claim(case, about))}
    wrongs, shown = [], set()
    for one in seen.payload["settings"] if seen is not None else ():
        about, field = one["about"], claimed.get(one["about"])
        if one["on"] is not None:
            shown.add(about)
        told = _wrong(about, one["on"])
        if (
            about == "row_level_security"
            and one["on"] is False
            and case.record.access.need_to_know == "stated"
        ):
            told = ("info", "jokainen näkee kaikki rivit", "everybody sees every row")
        if told is not None and seen is not None:
            wrongs.append(_setting(case, seen, one, field, told))
    wrongs += _left(case, system, claimed, shown)
    yield from wrongs
    blind = seen is None and case.blind("settings", system) is not None
    if not wrongs and (blind or (seen is not None and (not seen.complete or claimed.keys() - shown))):
        closes = (
            "Täydellinen havainto järjestelmän asetuksista.",
            "A whole observation of the system's settings.",
        )
        field = next(iter(claimed.values()), _field(case))
        yield unseen(case, "settings", system, field, closes=closes, key=f"{system}:settings")


def _wrong(about: str, on: bool | None) -> tuple[Severity, str, str] | None:
    return _WRONG_ON.get(about) if on else _WRONG_OFF.get(about) if on is False else None


def _left(case: Case, system: str, claimed: Mapping[str, str], shown: set[str]) -> list[Outcome]:
    """What the system's own log says of settings that were not seen themselves; adds to `shown` what it shows.

    A log that was not read to the end may lack the entry that put it right.
    """
    log = next(iter(case.observed("changes", system)), None)
    outcomes, known = [], frozenset(shown)
    for one in log.payload.get("settings", ()) if log is not None else ():
        about = one["about"]
        if log is None or about in known:
            continue
        since = dated(case.day_of(one["at"]))
        told = _wrong(about, one["on"])
        if one["on"] is not None and log.complete:
            shown.add(about)
        if told is not None and log.complete:
            severity, fi, en = told
            told = severity, f"lokin mukaan {since} alkaen {fi}", f"since {since}, by its log, {en}"
            outcomes.append(_setting(case, log, one, claimed.get(about), told))
        elif told is not None or (one["on"] is None and (about in _WRONG_ON or about in _WRONG_OFF)):
            outcomes.append(
                case.open(
                    claimed.get(about) or _field(case),
                    key=f"{system}:{about}:{one['name']}:",
                    observation=log.id,
                    fi=f"Järjestelmän {system} lokin mukaan asetusta {one['name']} on muutettu {since}; mitä siinä nyt "
                    "on, ei ole nähty.",
                    en=f"By the log of {system} the setting {one['name']} was changed on {since}; what it is now has "
                    "not been seen.",
                    closes=("Havainto asetuksesta (settings).", "An observation of the setting (settings)."),
                )
            )
    return outcomes


def _setting(
    case: Case, seen: Observation, one: dict[str, Any], claimed: str | None, told: tuple[Severity, str, str]
) -> Outcome:
    severity, fi, en = told
    if claimed and severity == "info":
        severity = "warning"
    name = one["name"] + (f", {one['object']}" if "object" in one else "")
    return case.fail(
        claimed or _field(case),
        key=f"{seen.system}:{one['about']}:{one['name']}:{one.get('object', '')}",
        observation=seen.id,
        severity=weak(seen) if severity == "error" and weak(seen) else severity,
        fi=f"Järjestelmässä {seen.system} {fi} ({name}). Muuta asetus, tai korjaa seloste.",
        en=f"In {seen.system} {en} ({name}). Change the setting, or correct the record.",
    )


def _claim(case: Case, about: str) -> str | None:
    """Where the record says that it has the measure that this setting shows."""
    terms, phrases = _CLAIMS[about]
    for index, measure in enumerate(case.record.security_measures):
        if measure.dpv in terms or says(phrases, measure.text):
            return f"/security_measures/{index}"
    return None


def _ours(case: Case, system: str) -> Iterator[Outcome]:
    """A credential of ours that may do more than read, or of which that cannot be told."""
    seen = next(iter(case.observed("credential", system)), None)
    if seen is None:
        if case.blind("credential", system) is not None:
            yield unseen(
                case, "credential", system, _field(case), closes=_CLOSES_OURS, key=f"{system}:credential"
            )
        return
    because = seen.payload.get("because")
    may = ", ".join(seen.payload.get("may", ())[:10])
    if seen.payload["more_than_reading"] is False and not seen.complete:
        yield unseen(
            case, "credential", system, _field(case), closes=_CLOSES_OURS, key=f"{system}:credential"
        )
    elif because == "wider":
        yield case.fail(
            _field(case),
            key=f"{system}:credential",
            observation=seen.id,
            fi=f"Tunnukselle, jolla järjestelmää {system} katsotaan, on annettu muutakin kuin pyydettiin: {may}. Voiko "
            "sillä myös kirjoittaa, ei näy. Anna sille vain se, mitä katsominen vaatii.",
            en=f"The credential that {system} is looked at with was given more than was asked for: {may}. Whether it "
            "may write as well is not shown. Give it no more than looking takes.",
        )
    elif seen.payload["more_than_reading"] is None:
        why = BECAUSE.get(because or "")
        yield case.open(
            _field(case),
            key=f"{system}:credential",
            observation=seen.id,
            fi=f"Ei voida sanoa, voiko tunnuksella, jolla järjestelmää {system} katsotaan, muutakin kuin lukea"
            + (f": {why[0]}." if why else "."),
            en=f"It cannot be told whether the credential that {system} is looked at with may do more than read"
            + (f": {why[1]}." if why else "."),
            closes=_CLOSES_OURS,
        )
    elif seen.payload["more_than_reading"]:
        needed = because == "needed"
        yield case.fail(
            _field(case),
            key=f"{system}:credential",
            observation=seen.id,
            severity="info" if needed else None,
            fi=f"Tunnuksella, jolla järjestelmää {system} katsotaan, voi muutakin kuin lukea: {may}. "
            + (
                "Järjestelmä ei näytä katsottavaa vähemmällä: pidä tunnus vain tässä käytössä."
                if needed
                else "Anna sille vain lukuoikeus."
            ),
            en=f"The credential that {system} is looked at with may do more than read: {may}. "
            + (
                "The system shows what is looked at to no lesser one: keep it for this alone."
                if needed
                else "Give it no more than reading."
            ),
        )


# --- what was not seen


def _unknown(case: Case, active: list[dict[str, Any]]) -> list[tuple[str, str]]:
    asked = [
        ("last_login_on", "viimeinen kirjautuminen", "last log-in"),
        ("two_factor", "toinen tekijä", "second factor"),
    ]
    if case.record.access.personal_accounts:
        asked.append(("shared", "yhteiskäyttö", "shared or not"))
    return [(fi, en) for name, fi, en in asked if any(name not in one for one in active)]


def _count(accounts: list[dict[str, Any]]) -> int:
    return sum(one.get("count", 1) for one in accounts)


def _field(case: Case) -> str:
    return "/access" if case.record.access.personal_accounts is None else "/access/personal_accounts"
