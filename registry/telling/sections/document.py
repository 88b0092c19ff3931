"""The dates, the version, and what the document itself says of its kind and its surroundings (GDPR 5(2), 12(1))."""

from __future__ import annotations

from registry import clock
from registry.telling.teller import Teller
from registry.telling.value import Block, Fact, Told


def dates(t: Teller) -> list[Block]:
    """The register and its document: name, kind, dates, version, when this notice was published."""
    record = t.record
    text, register = record.document, record.register
    dated = text.created_on or text.updated_on
    blocks = t.facts(
        t.fact("register_name", "/register/name", register.name, t.line, required=True),
        t.fact("service_name", "/register/service_name", register.service_name, t.line),
        t.fact("state", "/register/status", register.status, t.term("register_states")),
        t.fact("started_on", "/register/started_on", register.started_on, t.date),
        t.fact("ended_on", "/register/ended_on", register.ended_on, t.date),
        t.fact("document_type", "/document/type", text.type, t.term("document_types")),
        t.fact("document_title", "/document/title", text.title, t.line),
        t.fact("document_subtitle", "/document/subtitle", text.subtitle, t.line),
        t.fact("created_on", "/document/created_on", text.created_on, t.date),
        t.fact("updated_on", "/document/updated_on", text.updated_on, t.date),
        None if dated else t.fact("document_date", "/document/updated_on", None, t.date, required=True),
        t.fact("document_version", "/document/version", text.version, t.name),
        t.fact("next_review_on", "/document/next_review_on", text.next_review_on, t.date),
        t.fact(
            "delivery_moment", "/document/delivery/moment", text.delivery.moment, t.term("delivery_moments")
        ),
        t.fact(
            "delivery_method", "/document/delivery/method", text.delivery.method, t.term("delivery_methods")
        ),
        t.fact(
            "delivery_exemption",
            "/document/delivery/exemption",
            text.delivery.exemption,
            t.term("delivery_exemptions"),
        ),
        t.fact("publication_url", "/document/publication_url", text.publication_url, t.url),
    )
    pages = [
        {
            "page": t.told("page", f"/document/referenced_urls/{n}/url", one.url, t.url, required=True),
            "about": t.told(
                "about", f"/document/referenced_urls/{n}/used_for", one.used_for, t.term("referenced_for")
            ),
        }
        for n, one in enumerate(text.referenced_urls)
    ]
    return blocks + t.table("referenced_pages", ("page", "about"), pages) + _published(t)


def _published(t: Teller) -> list[Block]:
    zone, standing = t.record.controller.time_zone, t.standing
    told = {
        "register_version": t.name(str(standing.version)),
        "effective_from": t.date(clock.day_of(standing.effective_from, zone)),
        "published_on": t.date(clock.day_of(standing.published_at, zone)),
    }
    return t.facts(*(Fact(name, t.words(f"fields.{name}"), Told(said)) for name, said in told.items()))
