"""Settings: defaults, names, refusals."""

from __future__ import annotations

from dataclasses import fields

import pytest

from registry.settings import Settings


def test_defaults_hold_without_an_environment_and_each_has_its_meaning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REGISTRY_PORT", "1")
    assert Settings.from_env({}) == Settings()
    assert Settings().database == "sqlite:///var/registry.db"
    assert all(one.metadata["meaning"] for one in fields(Settings))


def test_the_environment_is_read() -> None:
    given = {"REGISTRY_DATABASE": "postgresql://x/y", "REGISTRY_PORT": "8123", "PATH": "/bin"}
    made = Settings.from_env(given)
    assert (made.database, made.port) == ("postgresql://x/y", 8123)
    assert Settings.from_env({"REGISTRY_BASE_URL": "https://r.example"}).origin == "r.example/journal"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REGISTRY_PROT", "8123"),
        ("REGISTRY_PORT", "eighty"),
        ("REGISTRY_PORT", "0"),
        ("REGISTRY_PORT", "-1"),
        ("REGISTRY_PORT", "٨"),
        ("REGISTRY_DATABASE", "mysql://x"),
        ("REGISTRY_BASE_URL", "https://r.example/"),
        ("REGISTRY_BASE_URL", "r.example"),
        ("REGISTRY_SECOND_FACTOR", "yes"),
        ("REGISTRY_LOOK_DAYS", "3661"),
        ("REGISTRY_LOOK_DAYS", "99999999999999999999"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        Settings.from_env({name: value})


def test_no_secret_is_in_what_is_shown_of_settings() -> None:
    secrets = {"hold_key": "canary-1", "secret_key": "canary-2", "signing_key": "canary-3"}
    made = Settings(database="postgresql://registry:canary-4@db.example/registry", **secrets)
    assert "canary" not in f"{made} {made!r}"
    keys = [one.name for one in fields(Settings) if one.name.endswith(("_key", "_secret", "_password"))]
    assert sorted(keys) == sorted(secrets), "a new one belongs into this test"
