"""What retention rules and legal bases reach, and which data is free text: shared by the rules on coverage."""

from __future__ import annotations

from typing import Any

#: Terms of DPV for what people write or say in their own words.
FREE_TEXT = frozenset(
    {
        "pd:Communication",
        "pd:EmailContent",
        "pd:SocialMediaCommunication",
        "pd:VoiceCommunicationRecording",
        "pd:VoiceMail",
    }
)


def reaches(statement: Any, category: Any) -> bool:
    """Whether a retention rule covers a data category; one that does not say what it covers is read as all of it."""
    covered = statement.applies_to
    return category.id in covered if isinstance(covered, tuple) else True


def free_text(category: Any) -> bool:
    """Whether anything may stand in it, names of other people included."""
    return category.pd in FREE_TEXT or bool(category.open_ended)
