"""Our dialect of Flask and flask-smorest: strict requests, stored answers, one error body, a lock on every door."""

from registry.api.application import Api, application
from registry.api.asked import settings
from registry.api.blueprint import Blueprint
from registry.api.conditional import (
    conditional,
    etag,
    if_match,
    if_none_match_star,
    not_modified,
    precondition,
    stored,
)
from registry.api.direct import direct
from registry.api.door import Holder, Mark, holder, mine, public, require, theirs, within
from registry.api.health import probe
from registry.api.idempotency import idempotent, idempotent_in_parts
from registry.api.negotiation import produces
from registry.api.page import Page, Window, page_of, seek
from registry.api.problem import answer as problem
from registry.api.reach import HISTORY, REGISTERS, SYSTEMS, Reach
from registry.strict.schema import (
    Boolean,
    Day,
    Instant,
    Integer,
    Key,
    OneOf,
    QueryInteger,
    Schema,
    Text,
    Timestamp,
    invalid,
)

__all__ = [
    "HISTORY",
    "REGISTERS",
    "SYSTEMS",
    "Api",
    "Blueprint",
    "Boolean",
    "Day",
    "Holder",
    "Instant",
    "Integer",
    "Key",
    "Mark",
    "OneOf",
    "Page",
    "QueryInteger",
    "Reach",
    "Schema",
    "Text",
    "Timestamp",
    "Window",
    "application",
    "conditional",
    "direct",
    "etag",
    "holder",
    "idempotent",
    "idempotent_in_parts",
    "if_match",
    "if_none_match_star",
    "invalid",
    "mine",
    "not_modified",
    "page_of",
    "precondition",
    "probe",
    "problem",
    "produces",
    "public",
    "require",
    "seek",
    "settings",
    "stored",
    "theirs",
    "within",
]
