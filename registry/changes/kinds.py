"""The kinds of change that others may follow, and what each means; the names are those of the journal, for ever."""

from __future__ import annotations

from collections.abc import Mapping

#: By kind, what has come to pass. What the journal has besides (clients, tokens, people, keys) is nobody's to follow.
KINDS: Mapping[str, str] = {
    "controller.declared": "A controller was declared.",
    "controller.changed": "A controller has a new version.",
    "controller.ended": "A controller ended.",
    "system.declared": "A system was declared.",
    "system.changed": "A system has a new version.",
    "system.ended": "A system ended.",
    "register.declared": "A register was declared.",
    "register.changed": "A register has a new version.",
    "register.ended": "A register ended.",
    "retention.published": "The rules of a register were published; what they replace goes on until `takes_effect_at`.",
    "retention.withdrawn": "The rules of a register are in force no more.",
    "retention-change.proposed": "A shorter rule waits for a second person; the longer one goes on.",
    "retention-change.approved": "A shorter rule was approved; it begins at `takes_effect_at`.",
    "retention-change.refused": "A shorter rule was refused; the longer one goes on.",
    "retention-change.dropped": "A shorter rule was overtaken by another publication.",
    "hold.set": "A legal hold was set.",
    "hold.reviewed": "A legal hold was looked at again; it stands.",
    "hold.ended": "A legal hold was ended.",
    "notice.published": "A notice was published; the public reads it from `takes_effect_at`.",
    "notice.withdrawn": "A notice was withdrawn.",
    "observation.recorded": "Something was observed of a system.",
    "findings.recorded": "The checks came to other findings of a controller's registers.",
    "check-run.finished": "A run of the checks was finished.",
    "waiver.proposed": "Somebody proposes to answer for a finding; it waits for a second person.",
    "waiver.granted": "A finding is answered for.",
    "waiver.approved": "A second person agreed that a finding is answered for.",
    "waiver.ended": "A finding is answered for no more.",
}
