"""The record of processing: the one definition of its fields, loaded into frozen values."""

from registry.catalogue.record.assemble import Record, assemble
from registry.catalogue.record.keeping import SystemSchema
from registry.catalogue.record.parties import ControllerSchema
from registry.catalogue.record.register import RecordSchema
from registry.catalogue.record.value import STATUSES, Localised, withheld

__all__ = [
    "STATUSES",
    "ControllerSchema",
    "Localised",
    "Record",
    "RecordSchema",
    "SystemSchema",
    "assemble",
    "withheld",
]
