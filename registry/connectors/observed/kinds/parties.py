"""Who else there is: sub-processors, certified importers, and what is connected."""

from __future__ import annotations

from registry.catalogue.record.value import Country
from registry.connectors.observed.kinds.kind import kind
from registry.connectors.observed.plain import Digest, PlainDay, Word, several
from registry.strict.schema import Boolean, OneOf, Schema


class SubProcessor(Schema):
    """An organisation that a processor uses."""

    name = Word(required=True)
    country = Country(metadata={"description": "ISO 3166-1 alpha-2, EU or EEA."})


class SubProcessorList(Schema):
    """The list that one processor publishes: its digest, and who is on it if that was read."""

    processor = Word(required=True, metadata={"description": "The processor, as registers name it."})
    list_sha256 = Digest(required=True, metadata={"description": "Of the list as it was published."})
    url = Word(most=2000, metadata={"description": "Where it is published."})
    sub_processors = several(SubProcessor, required=False)


@kind("sub_processors")
class SubProcessors(Schema):
    """Who processes for the processors."""

    lists = several(SubProcessorList)


class Certificate(Schema):
    """How an importer stands in the public list of a transfer instrument."""

    importer = Word(required=True, metadata={"description": "The importer, as registers name it."})
    instrument = Word(
        most=60, required=True, metadata={"description": "A key of /v1/law, such as dpf_eu_us."}
    )
    status = OneOf("active", "inactive", "not_listed", required=True)
    due_on = PlainDay(metadata={"description": "The day by which it has to be renewed."})


@kind("certification")
class Certification(Schema):
    """Entries in the lists of those who are certified."""

    entries = several(Certificate)


class App(Schema):
    """Something of another organisation that is connected to the system, and may see what is in it."""

    id = Word(required=True)
    name = Word(required=True)
    active = Boolean(required=True)
    by = Word(metadata={"description": "Whose it is."})


@kind("apps")
class Apps(Schema):
    """Apps and clients that are connected to the system; an empty list: none."""

    apps = several(App)
