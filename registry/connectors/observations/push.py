"""Observations as they are handed in, by the API or in YAML files: the one schema of both, and loading files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import marshmallow as ma
import yaml
from marshmallow import fields, validate

from registry import clock
from registry.api import Boolean, OneOf, Schema, Text, invalid
from registry.connectors.observations.stored import digest, known, record_observation
from registry.connectors.observed import kinds
from registry.connectors.observed.kinds import KINDS
from registry.connectors.observed.observation import LEVELS
from registry.connectors.observed.plain import PlainDay, Word
from registry.db import writes
from registry.errors import Invalid, Problem
from registry.law.reading import Misprint
from registry.law.reading import parse as parse_yaml
from registry.strict.body import MAX_DEPTH, parse
from registry.strict.normal import normal


class Payload(fields.Field[Any]):
    """An object in the form of one of the kinds. It stays plain data: the verb that stores it tells every fault."""

    default_error_messages = {"invalid": "wrong_type: Not an object."}

    def openapi(self, converter: Any) -> dict[str, Any]:
        """One of the kinds' schemas."""
        return {"oneOf": [converter.resolve_nested_schema(type(schema)) for schema in KINDS.values()]}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, dict):
            return value
        raise self.make_error("invalid")


#: As a connector of ours is called where it looked, whatever stands between its letters.
_OURS = re.compile(r"connector\d+")


class Collector(Word):
    """Who or what looked: nobody but our own connectors is called as they are."""

    default_error_messages = {
        "ours": "reserved: Connectors of this registry are called so, and they do not push."
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        plain = "".join(char for char in normal(text, "NFKC").casefold() if char.isalnum())
        if _OURS.search(plain):
            raise self.make_error("ours")
        return text


class SentObservationSchema(Schema):
    """What a system showed. `id`, `recorded_at` and `digest` are ours to give."""

    system = Text(max=130, required=True, metadata={"description": "controller/key"})
    kind = OneOf(*KINDS, required=True)
    taken_at = fields.String(
        required=True, metadata={"format": "date-time", "description": "When it was seen, with its zone."}
    )
    source_level = OneOf(*LEVELS, required=True, metadata={"description": "How good the evidence is."})
    complete = Boolean(
        required=True, metadata={"description": "Whether everything was seen; false when the pull broke off."}
    )
    collector = Collector(metadata={"description": "Who or what looked; the writer, if left out."})
    invented = Boolean(metadata={"description": "Made up for a demonstration."})
    reference = Word(
        most=2000,
        metadata={"description": "The paper or page that says so; an attestation has this or raw_sha256."},
    )
    expires_on = PlainDay(
        metadata={
            "description": "The day from which it no longer counts; an attestation has one, two years at most."
        }
    )
    raw_sha256 = fields.String(
        validate=validate.Regexp(r"[0-9a-f]{64}\Z"),
        metadata={"description": "Of the answer or the document it was read from."},
    )
    payload = Payload(required=True, metadata={"description": "What was seen, in the form of its kind."})


_SENT = SentObservationSchema()


@dataclass(frozen=True, slots=True)
class Loaded:
    """One observation of a file, and whether it was `stored` or is the `same` as one stored before."""

    where: str
    system: str
    kind: str
    action: str


@writes
def load_observations(paths: Iterable[Path], *, by: str) -> list[Loaded]:
    """Store the observations of YAML files, all of them or none; those stored before are left as they are.

    A file is ``observations: [...]``, each as `SentObservationSchema` has it. Raises errors.Invalid with one error for
    everything that does not fit, by file and JSON Pointer.
    """
    faults: list[dict[str, str]] = []
    done: list[Loaded] = []
    for path in paths:
        try:
            for where, sent in _read(path):
                try:
                    done.append(_store(where, sent, by))
                except Problem as problem:
                    faults += _placed(problem, where)
        except Problem as problem:
            faults += _placed(problem, str(path))
    if faults:
        raise Invalid("The files do not fit; nothing was stored.", errors=faults)
    return done


def _store(where: str, sent: Any, by: str) -> Loaded:
    try:
        given = _SENT.load(sent)
    except ma.ValidationError as error:
        raise invalid(error) from None
    told = Loaded(where, given["system"], given["kind"], "same")
    seen, moment = kinds.load(given["kind"], given["payload"]), clock.timestamp(given["taken_at"])
    if known(given["system"], given["kind"], moment, digest(seen)):
        return told
    record_observation(**given, by=by)
    return Loaded(where, told.system, told.kind, "stored")


def read_yaml(path: Path) -> Any:
    """What a YAML file holds, as JSON would. Raises Invalid."""
    try:
        text = path.read_text("utf-8")
        _flat(text)
        data = parse_yaml(text, str(path))
        # Through our own reader of JSON: normal form, nothing that JSON cannot hold.
        return parse(json.dumps(data, allow_nan=False).encode())
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}.") from None
    except (Misprint, UnicodeDecodeError) as error:
        raise Invalid(str(error), code="malformed_yaml") from None
    except ValueError:  # a number without end, or none of JSON's
        raise Invalid("A number that JSON does not have.", code="malformed_yaml") from None
    except TypeError:
        raise Invalid("Write days and times in quotes.", code="malformed_yaml") from None


def _flat(text: str) -> None:
    """Raises Invalid for YAML with aliases, nine lines of which are millions of values, or nested too deep to build."""
    deep = 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            deep += isinstance(event, yaml.CollectionStartEvent)
            deep -= isinstance(event, yaml.CollectionEndEvent)
            line = event.start_mark.line + 1 if event.start_mark else 0
            if isinstance(event, yaml.AliasEvent):
                raise Invalid(f"An alias, line {line}: write it out.", code="alias")
            if deep > MAX_DEPTH:
                raise Invalid(f"Nested too deep, line {line}.", code="too_deep")
    except yaml.YAMLError:
        return  # which the reader tells better


def _read(path: Path) -> Iterator[tuple[str, Any]]:
    data = read_yaml(path)
    if list(data) != ["observations"] or not isinstance(data["observations"], list):
        raise Invalid("A file has the section observations, a list, and nothing else.")
    yield from ((f"{path} /observations/{index}", item) for index, item in enumerate(data["observations"]))


def _placed(problem: Problem, where: str) -> list[dict[str, str]]:
    listed = problem.errors or [
        {"field": problem.field or "", "code": problem.code, "message": problem.detail}
    ]
    return [{**one, "field": f"{where}{one['field']}"} for one in listed]
