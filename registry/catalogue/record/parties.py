"""Who is who: the controller, joint controllers, partners, the DPO, contact points (GDPR 26-30, 37)."""

from __future__ import annotations

import functools
import zoneinfo
from typing import Any

from marshmallow import fields, validate

from registry.catalogue.record.provenance import Provenance
from registry.catalogue.record.value import (
    ByPointer,
    Country,
    Many,
    One,
    Part,
    Period,
    Prose,
    Stated,
    YesNoUnknown,
    line,
    word,
)

LEGAL_FORMS = (
    "limited_company",
    "registered_association",
    "student_union",
    "municipality",
    "joint_municipal_authority",
    "state",
    "foundation",
    "cooperative",
    "sole_trader",
    "university",
    "parish",
    "other",
)
ART26_ROLES = ("joint_controller", "independent_controller", "processor", "recipient", "undetermined")


class AddressSchema(Part):
    """A postal address as printed; whether it is well formed is for the checks (CON118)."""

    street = line()
    po_box = line()
    postal_code = line(20)
    city = line()
    country = Country()


class ContactSchema(Part):
    """How to reach somebody. A role mailbox is preferred; `<role>` withholds a person's own."""

    email = line(320)
    phone = line(60)
    address = One(AddressSchema)


class PersonSchema(Part):
    """Somebody with a task in the register, by role (GDPR 24); `name` may be withheld as `<role>`."""

    bare = "role"
    role = Prose()
    name = line()
    email = line(320)
    phone = line(60)
    duties = Prose()


class ResponsiblePersonSchema(PersonSchema):
    """Rekisterinpitäjän or rekisterin vastuuhenkilö."""

    responsible_for = word("controller", "register", data_key="for")


class ContactPointSchema(PersonSchema):
    """Whom to ask about the register (GDPR 12(2), 13(1)(a))."""

    function = word("register_matters", "data_subject_requests", "security", "other")
    address = One(AddressSchema)


class DpoSchema(Stated):
    """The data protection officer (GDPR 37-39; 13(1)(b)): designated or not, and how to reach them."""

    role = Prose()
    name = line()
    contact = One(ContactSchema)
    external_organisation = line()
    exemption_text = Prose()


class OrganisationSchema(Part):
    """An organisation named in a record."""

    bare = "name"
    name = line()
    address = One(AddressSchema)
    email = line(320)
    phone = line(60)


class JointControllerSchema(OrganisationSchema):
    """A joint controller and where the essence of the arrangement is published (GDPR 26)."""

    arrangement_ref = line()
    essence_url = line(2000)


class PartnerSchema(Part):
    """Another organisation that takes part; its role stays `undetermined` until a person decides (GDPR 26, 28)."""

    bare = "name"
    name = line()
    stated_role = Prose()
    art26_role = word(*ART26_ROLES)
    arrangement_ref = line()


class ProcessorForSchema(Part):
    """A controller on whose behalf we process (GDPR 30(2)(a) and (b))."""

    bare = "name"
    name = line()
    contact = One(ContactSchema)
    categories_of_processing = Many(Prose())


class Zone(fields.String):
    """A time zone that there is, by its name: `Europe/Helsinki`."""

    default_error_messages = {"zone": "no_such_zone: No time zone has this name."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=validate.Length(min=1, max=60), **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text not in _zones():
            raise self.make_error("zone")
        return text


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


class ControllerSchema(Part):
    """An organisation that keeps registers (rekisterinpitäjä; GDPR 4(7), 30(1)(a), 13(1)(a)).

    What holds for the whole organisation is written here once: its identity, and where it likes also its DPO and its
    representative, which a register then need not repeat.
    """

    bare = "name"
    name = line(required=True)
    alt_names = Many(line())
    units = Many(line())
    business_id = line(60)
    legal_form = word(*LEGAL_FORMS)
    public_body = YesNoUnknown()
    address = One(AddressSchema)
    email = line(320)
    phone = line(60)
    website = line(2000)
    time_zone = Zone(metadata={"default": "Europe/Helsinki"})
    language = fields.String(metadata={"default": "fi"})
    representative = One(OrganisationSchema)
    dpo = One(DpoSchema)
    notice_languages = Many(word("fi", "sv", "en"))
    review_interval = Period()
    provenance = ByPointer(Provenance)
