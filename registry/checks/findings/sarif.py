"""https://docs.oasis-open.org/sarif/sarif/v2.1.0/: findings as a SARIF 2.1.0 log, which CI and viewers read.

A finding is a result, a check is a rule, articles are taxa, a waiver is a suppression. What SARIF has no place for is
in `properties`. Lines are those of the document that the record was taken from.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import orjson

from registry import __version__
from registry.checks.book import Check, book

MEDIA_TYPE = "application/sarif+json"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
KINDS = {"fail": "fail", "open": "open", "pass": "pass", "na": "notApplicable"}
LEVELS = {"error": "error", "warning": "warning", "info": "note"}
GDPR = "GDPR"
OTHER = "Other sources"


CLOSING = b"\n]}]}"


def log(
    findings: Iterable[tuple[Mapping[str, Any], str | None]], *, base: str, language: str = "en", **facts: Any
) -> bytes:
    """A log of findings as served by the API, each with the name or URL of the document its register was taken from.

    `base` is where the registry is reached; `facts` (as_of, law) become properties of the run.
    """
    results = (orjson.dumps(result(finding, source, language)) for finding, source in findings)
    return opening(base=base, language=language, **facts) + b"\n" + b",\n".join(results) + CLOSING


def opening(*, base: str, language: str = "en", **facts: Any) -> bytes:
    """A log up to its first result; results follow with commas between them, then CLOSING."""
    run = orjson.dumps(
        {
            "tool": {"driver": _driver(base, language)},
            "language": language,
            "taxonomies": _taxonomies(),
            "originalUriBaseIds": {"REGISTRY": {"uri": f"{base}/"}},
            "properties": facts,
        }
    )
    return b'{"$schema":%s,"version":"2.1.0","runs":[%s,"results":[' % (orjson.dumps(SCHEMA), run[:-1])


def result(finding: Mapping[str, Any], source: str | None = None, language: str = "en") -> dict[str, Any]:
    """One finding as a result."""
    kind = finding["kind"]
    said = finding["message"][language]
    if finding["closes"]:
        said += " " + finding["closes"][language]
    told: dict[str, Any] = {
        "ruleId": finding["code"],
        "kind": KINDS[kind],
        "level": LEVELS[finding["severity"]] if kind == "fail" else "none",
        "message": {"text": said},
        "locations": [_location(finding, source)],
        "taxa": [_reference(name) for name in finding["law"]],
        "partialFingerprints": {"finding/v1": fingerprint(finding)},
        "suppressions": [_suppression(finding["waived"])] if finding.get("waived") else [],
        "properties": {
            "register": finding["register"],
            "key": finding["key"],
            "severity": finding["severity"],
            "invented": finding["invented"],
            "remembered": finding["remembered"],
        },
    }
    if finding["code"] in book():
        told["ruleIndex"] = list(book()).index(finding["code"])
    if finding["observation"] is not None:
        told["properties"]["observation"] = finding["observation"]
    for name in ("id", "first_seen", "since"):
        if finding.get(name) is not None:
            told["properties"][name] = finding[name]
    return told


def fingerprint(finding: Mapping[str, Any]) -> str:
    """SHA-256 of what a finding is known by: register, check and key. It stays while words and lines change."""
    return hashlib.sha256(
        "\0".join(finding[name] for name in ("register", "code", "key")).encode()
    ).hexdigest()


def _location(finding: Mapping[str, Any], source: str | None) -> dict[str, Any]:
    place = finding["register"] + finding["field"]
    told: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": place, "kind": "property"}]}
    record = {"uri": f"v1/registers/{finding['register']}", "uriBaseId": "REGISTRY"}
    region: dict[str, Any] = {}
    if finding["line"] is not None:
        region["startLine"] = finding["line"]
    if finding["quote"] is not None:
        region["snippet"] = {"text": finding["quote"]}
    where = {"uri": source if "://" in source else quote(source)} if source and region else record
    told["physicalLocation"] = {"artifactLocation": where}
    if "startLine" in region:
        told["physicalLocation"]["region"] = region
    elif region:
        told["properties"] = {"quote": finding["quote"]}
    return told


def _suppression(waived: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": "external",
        "status": "accepted",
        "justification": waived["reason"],
        "properties": {"waiver": waived["waiver"], "until": waived["until"]},
    }


# --- the rules and what they rest on


@functools.lru_cache(maxsize=8)
def _driver(base: str, language: str) -> dict[str, Any]:
    return {
        "name": "registry",
        "version": __version__,
        "semanticVersion": __version__,
        "informationUri": f"{base}/docs",
        "language": language,
        "supportedTaxonomies": [{"name": name, "index": n} for n, name in enumerate((GDPR, OTHER))],
        "rules": [_rule(check, base, language) for check in book().values()],
    }


def _rule(check: Check, base: str, language: str) -> dict[str, Any]:
    rule, page = check.rule, check.page
    return {
        "id": rule.code,
        "name": "".join(word.capitalize() for word in check.name.split("_")[1:]),
        "shortDescription": {"text": rule.title[language]},
        "fullDescription": {"text": " ".join(filter(None, (page.wrong, page.more)))},
        "help": {"text": f"{page.why}\n\n{page.fix}"},
        "helpUri": f"{base}/v1/checks/{rule.code}",
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "relationships": [{"target": _reference(name), "kinds": ["relevant"]} for name in rule.law],
        "properties": {"certainty": rule.certainty, "needs": list(rule.needs)},
    }


def _reference(name: str) -> dict[str, Any]:
    """A provision, as SARIF points at a taxon."""
    taxonomy = GDPR if name.startswith(f"{GDPR} ") else OTHER
    return {
        "id": name.removeprefix(f"{GDPR} "),
        "toolComponent": {"name": taxonomy, "index": (GDPR, OTHER).index(taxonomy)},
    }


@functools.cache
def _taxonomies() -> list[dict[str, Any]]:
    ids: dict[str, list[str]] = {GDPR: [], OTHER: []}
    for check in book().values():
        for name in check.rule.law:
            reference = _reference(name)
            held = ids[reference["toolComponent"]["name"]]
            if reference["id"] not in held:
                held.append(reference["id"])
    told: dict[str, dict[str, Any]] = {
        GDPR: {
            "organization": "European Union",
            "informationUri": "https://eur-lex.europa.eu/eli/reg/2016/679/oj",
            "shortDescription": {"text": "Regulation (EU) 2016/679"},
        },
        OTHER: {"shortDescription": {"text": "National acts, and decisions and guidelines of authorities"}},
    }
    return [
        {"name": name, **told[name], "taxa": [{"id": id_} for id_ in ids[name]]} for name in (GDPR, OTHER)
    ]
