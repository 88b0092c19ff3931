"""Observations in files: all of a load or none of it, and a second load changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from registry import journal
from registry.catalogue import load as registers
from registry.connectors.commands import observations as commands
from registry.connectors.observations.push import load_observations
from registry.connectors.observations.stored import StoredObservation, latest
from registry.errors import Invalid

FIXTURES = Path(__file__).parents[2] / "fixtures"
FILES = sorted((FIXTURES / "observations").glob("*.yaml"))

ONE = """
  - system: acme/desk
    kind: region
    taken_at: "2026-01-15T08:00:00Z"
    source_level: attestation
    reference: Letter 3/2026
    expires_on: "2026-12-31"
    complete: true
    payload: {country: FI}
"""


def write(place: Path, text: str, name: str = "o.yaml") -> Path:
    path = place / name
    path.write_text(text, "utf-8")
    return path


def test_the_fixtures_load_beside_the_registers_and_a_second_load_changes_nothing(opened: str) -> None:
    registers.apply(registers.read(sorted((FIXTURES / "registers").glob("*.yaml"))), by="operator")
    done = load_observations(FILES, by="operator")
    assert {one.action for one in done} == {"stored"}
    before = journal.checkpoint()
    assert {one.action for one in load_observations(FILES, by="operator")} == {"same"}
    assert journal.checkpoint() == before

    told = {(one.system, one.kind): one for one in latest(["osekk/zendesk", "seamk/chat", "kaakko/tawk-to"])}
    assert len(told) == len(done)
    accounts = told["osekk/zendesk", "accounts"].payload["accounts"]
    assert {one["domain"] for one in accounts if one["active"]} - {
        "osekk.fi",
        "luovi.fi",
        "psk-aikuisopisto.fi",
    }
    schedules = told["osekk/zendesk", "deletion_rules"].payload["rules"]
    assert [(one["object"], one["active"]) for one in schedules] == [("zen:ticket", False)]
    assert told["osekk/zendesk", "oldest_item"].payload["items"][0]["oldest"].startswith("2016-09-01")
    (kept,) = told["seamk/chat", "deletion_rules"].payload["rules"]
    assert (kept["active"], kept["after"], kept["category"]) == (True, "P12M", "D8")
    assert told["kaakko/tawk-to", "region"].source_level == "vendor_doc"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_is_invented_says_so_in_the_data_and_to_the_reader(path: Path) -> None:
    text = path.read_text("utf-8")
    made_up = text.startswith("# INVENTED FOR THE DEMONSTRATION.")
    assert text.count("    invented: true\n") == (text.count("  - system:") if made_up else 0)
    assert made_up or "source_level: vendor_doc" in text


@pytest.mark.parametrize(
    ("text", "place", "code"),
    [
        (f"observations:{ONE}{ONE.replace('acme/desk', 'acme/other')}", "/observations/1", "not_found"),
        (f"observations:{ONE}{ONE.replace('region', 'contents')}", "/observations/1/kind", "not_one_of"),
        (
            f"observations:{ONE}{ONE.replace('FI', 'Finland')}",
            "/observations/1/payload/country",
            "wrong_form",
        ),
        (f"observations:{ONE}{ONE}    id: 7\n", "/observations/1/id", "unknown_field"),
        (f"observations:{ONE}{ONE}    recorded_at: x\n", "/observations/1/recorded_at", "unknown_field"),
        (
            f"observations:{ONE.replace('    complete: true' + chr(10), '')}",
            "/observations/0/complete",
            "required",
        ),
        (f"observations:{ONE.replace('true', '1')}", "/observations/0/complete", "not_boolean"),
        (f"observations:{ONE.replace(chr(34), '')}", "", "malformed_yaml"),
        (f"observations:{ONE}    kind: region\n", "", "malformed_yaml"),
        ("observations: {}", "", "invalid"),
        ("systems: []", "", "invalid"),
        ("[", "", "malformed_yaml"),
        ('observations: ["\\0"]', "", "nul_character"),
        ("observations: " + "[" * 100_000, "", "too_deep"),
        ("observations:\n  " + "- " * 2_000 + "x", "", "too_deep"),
        ("observations: &x [*x]", "", "alias"),
        (
            "a0: &a0 [x]\n"
            + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)),
            "",
            "alias",
        ),
        ("observations: [.inf]", "", "malformed_yaml"),
        ("observations: [1:" + "59:" * 3_000 + "1]", "", "malformed_yaml"),
    ],
)
def test_one_fault_and_nothing_is_stored(
    systems: str, tmp_path: Path, text: str, place: str, code: str
) -> None:
    good, bad = write(tmp_path, f"observations:{ONE}", "good.yaml"), write(tmp_path, text, "bad.yaml")
    before = journal.checkpoint()
    with pytest.raises(Invalid) as caught:
        load_observations([good, bad], by="operator")
    assert [(one["field"].startswith(str(bad)), one["code"]) for one in caught.value.errors] == [(True, code)]
    assert place in caught.value.errors[0]["field"]
    assert not StoredObservation.select().exists()
    assert journal.checkpoint() == before


def test_a_file_that_is_not_there_is_a_fault_too(systems: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        load_observations([tmp_path / "nothing.yaml"], by="operator")


def test_what_differs_in_anything_seen_is_another_observation(systems: str, tmp_path: Path) -> None:
    first = write(tmp_path, f"observations:{ONE}{ONE}")
    assert [one.action for one in load_observations([first], by="operator")] == ["stored", "same"]
    later = write(
        tmp_path,
        f"observations:{ONE.replace('08:00', '10:00').replace('Z', '+02:00')}{ONE.replace('FI', 'SE')}",
    )
    assert [one.action for one in load_observations([later], by="operator")] == ["same", "stored"]
    assert StoredObservation.select().count() == 2


def test_the_command_tells_what_it_did(systems: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_DATABASE", systems)
    path = write(tmp_path, f"observations:{ONE}")
    for action in ("stored", "same"):
        result = CliRunner().invoke(commands.observations, ["load", str(path)])
        assert result.exit_code == 0, result.output
        assert action in result.output
    result = CliRunner().invoke(commands.observations, ["load", str(tmp_path / "nothing.yaml")])
    assert result.exit_code == 1
    assert "cannot be read" in result.output
