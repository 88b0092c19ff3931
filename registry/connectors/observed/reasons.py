"""Why something was not seen, by word."""

from __future__ import annotations

from collections.abc import Mapping

#: Why nothing was seen: no or no good credential, no right, no such place to ask, no answer, an answer not understood.
REASONS = (
    "unauthorised", "forbidden", "no_such_endpoint", "unavailable", "not_understood", "not_supported", "other"
)  # fmt: skip

#: Each in Finnish and English, to stand in brackets.
_SAID: Mapping[str, tuple[str, str]] = {
    "unauthorised": ("tunnus puuttuu tai se hylättiin", "there is no credential, or it was refused"),
    "forbidden": ("tunnus ei saa nähdä tätä", "the credential may not see this"),
    "no_such_endpoint": ("järjestelmä ei tarjoa tätä", "the system has no such place to ask"),
    "unavailable": ("järjestelmä ei vastannut", "the system did not answer"),
    "not_understood": ("vastausta ei ymmärretty", "the answer was not understood"),
    "not_supported": ("tätä ei voi sieltä nähdä", "this cannot be seen there"),
    "other": ("muu syy", "for another reason"),
}

#: Why it cannot be told what a credential may do beyond reading: the system shows it to nobody, not to this credential,
#: or only some of it, or only that it was given more than was asked for. And why it may do more: the system shows what
#: is looked at to none that may only read.
#: Each in Finnish and English.
BECAUSE: Mapping[str, tuple[str, str]] = {
    "not_shown": ("järjestelmä ei näytä sitä", "the system does not show it"),
    "not_permitted": ("tunnuksella ei saa kysyä sitä", "the credential may not ask for it"),
    "in_part": ("siitä näkyi vain osa", "only some of it was shown"),
    "wider": ("annettu muutakin kuin pyydettiin", "it was given more than was asked for"),
    "needed": ("vähemmällä ei näe", "no lesser one is shown this"),
}


def said(reason: str) -> tuple[str, str]:
    """A reason in Finnish and English, to stand in brackets; also that evidence expired on a day (``expired DAY``)."""
    word, _, day = reason.partition(" ")
    if word == "expired" and day:
        return f"vanhentunut {day}", f"expired {day}"
    return _SAID[reason]
