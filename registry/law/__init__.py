"""What the law says on a day: instruments, acts, floors and ceilings, rights, words and vendors, as data with dates.

Pure: no framework, no database, no clock. ``law()`` is the table, `periods` computes with periods of retention.
"""

from registry.law.reading import Misprint
from registry.law.table import Law, law, printed
from registry.law.values import (
    Act,
    Area,
    Authority,
    Change,
    Decision,
    Entry,
    Hosting,
    Instrument,
    Labels,
    RetentionRule,
    Right,
    Section,
    Term,
    Vendor,
    Vocabulary,
    Watched,
    remembered,
)

__all__ = [
    "Act",
    "Area",
    "Authority",
    "Change",
    "Decision",
    "Entry",
    "Hosting",
    "Instrument",
    "Labels",
    "Law",
    "Misprint",
    "RetentionRule",
    "Right",
    "Section",
    "Term",
    "Vendor",
    "Vocabulary",
    "Watched",
    "law",
    "printed",
    "remembered",
]
