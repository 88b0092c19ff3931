"""The sections of a notice, in the order in which people read them."""

from __future__ import annotations

from collections.abc import Callable

from registry.telling.sections import asking, document, keeping, parties, processing, sharing
from registry.telling.teller import Teller
from registry.telling.value import Block

SECTIONS: dict[str, Callable[[Teller], list[Block]]] = {
    "controller": parties.controller,
    "contact": parties.contact,
    "dpo": parties.dpo,
    "purposes": processing.purposes,
    "data": processing.data,
    "recipients": sharing.recipients,
    "transfers": sharing.transfers,
    "retention": keeping.retention,
    "rights": asking.rights,
    "requests": asking.requests,
    "complaint": asking.complaint,
    "automated_decisions": processing.automated_decisions,
    "security": keeping.security,
    "cookies": sharing.cookies,
    "dates": document.dates,
}
