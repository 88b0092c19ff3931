"""`registry observe`: what it prints, for people and for machines, and how it exits."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

import pytest
from click.testing import CliRunner, Result

from registry.app import create_app
from registry.catalogue import store
from registry.cli import main
from registry.connectors import book
from registry.connectors.book import Bound
from registry.connectors.configured import connecting
from registry.connectors.looking import running
from registry.connectors.observations import stored
from registry.connectors.observations.stored import StoredObservation
from registry.connectors.sources import published_page
from registry.keys.sealing import Sealer, new_key
from registry.settings import Settings
from tests.connectors import desk as source
from tests.connectors.conftest import BY
from tests.connectors.fake import Desk, page, serving, user
from tests.connectors.looking import loopback
from tests.connectors.turns import published_page as web

SECRET = "canary-51ab77e3"
#: A command is the same on either engine; what it calls is tried on both.
pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def sealer(monkeypatch: pytest.MonkeyPatch, systems: str) -> Sealer:
    known = {"desk": Bound("desk", source.SOURCE, source.reach, source.observe)}
    monkeypatch.setattr(book, "book", lambda: MappingProxyType(known))
    key = new_key()
    for name, value in (("DATABASE", systems), ("OUTBOUND_NETWORKS", "127.0.0.0/8"), ("SECRET_KEY", key)):
        monkeypatch.setenv(f"REGISTRY_{name}", value)
    return Sealer.of(Settings(secret_key=key))


@pytest.fixture
def desk() -> Iterator[Desk]:
    with serving(Desk()) as made:
        yield made


@pytest.fixture(autouse=True)
def looking(loopback: None) -> None:
    """This machine may be asked."""


def add(sealer: Sealer, desk: Desk, system: str = "acme/desk") -> int:
    given: dict[str, Any] = {"every_hours": 24, "secrets": {"token": SECRET}}
    return connecting.add_connector(
        system, "desk", {"host": "127.0.0.1", "port": desk.port}, by=BY, sealer=sealer, **given
    )


def observe(*words: str) -> Result:
    result = CliRunner().invoke(main, ["observe", *words])
    assert SECRET not in result.output
    return result


def test_what_was_seen_is_told_in_a_table_and_stored(sealer: Sealer, desk: Desk) -> None:
    add(sealer, desk)
    done = observe()
    assert done.exit_code == 0, done.output
    lines = [line.split() for line in done.output.splitlines()]
    assert lines[0] == ["acme/desk", "(desk", "1)"]
    assert lines[1] == ["accounts", "2", "in", "one", "group", "(observation", "1)"]
    assert lines[2] == ["region", "eu-west-1", "(observation", "2)"]
    assert done.output.endswith("1 connector: 1 complete.\n")
    assert StoredObservation.select().count() == 3


def test_a_trial_stores_nothing_and_says_so(sealer: Sealer, desk: Desk) -> None:
    add(sealer, desk)
    done = observe("--dry-run", "acme/desk")
    assert done.output.rstrip().endswith("Nothing was stored.") and "(observation" not in done.output
    told = json.loads(observe("--dry-run", "--json").stdout)
    assert told[0]["observations"][1]["payload"] == {"region": "eu-west-1"}
    assert StoredObservation.select().count() == 0


def test_a_failure_is_told_and_is_the_exit_status(sealer: Sealer, monkeypatch: pytest.MonkeyPatch) -> None:
    def some(path: str, _: int) -> Any:
        if path == "/api/users":
            return page([user(1), None])
        return (403, {}, {}) if path == "/api/me" else None

    with serving(Desk(some)) as desk, serving(Desk(lambda *_: (401, {}, {}))) as shut:
        add(sealer, desk)
        assert observe().exit_code == 0
        add(sealer, shut, "other/desk")
        done = observe()
    assert done.exit_code == 1
    said = " ".join(done.output.split())
    for words in (
        "accounts 1, not all was seen",
        "region could not look: the credential may not see this",
        "forbidden (1) – The credential may not see this",
        "item_not_understood (1) – Single items are not as documented",
        "other/desk (desk 2) accounts could not look: there is no credential, or it was refused",
        "2 connectors: 1 incomplete, 1 failed.",
    ):
        assert words in said


def test_what_can_never_be_seen_whole_is_said_to_be_seen_as_far_as_can_be(
    sealer: Sealer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    partly = dataclasses.replace(source.SOURCE, in_part=("apps",))
    known = {"desk": Bound("desk", partly, source.reach, source.observe)}
    monkeypatch.setattr(book, "book", lambda: MappingProxyType(known))
    add(sealer, desk)
    done = observe()
    assert "apps 1, as much as can be seen (observation 3)" in " ".join(done.output.split())
    assert done.output.endswith("1 connector: 1 complete.\n")
    told = json.loads(observe("--json", "--dry-run").stdout)[0]
    assert [(one["complete"], one["in_part"]) for one in told["run"]["seen"]][2] == (False, True)
    assert told["observations"][2]["in_part"] and not told["observations"][0]["in_part"]
    assert stored.value(stored.one(3)).complete is False


def test_what_is_looked_at_can_be_chosen(sealer: Sealer, desk: Desk) -> None:
    add(sealer, desk)
    add(sealer, desk, "other/desk")
    store.declare("system", "acme", "spare", {"name": "S", "kind": "helpdesk"}, by=BY, expect=store.NEW)
    for words, wanted in (
        (["acme"], [1]),
        (["other/desk"], [2]),
        (["other", "acme/desk"], [1, 2]),
        ([], [1, 2]),
    ):
        told = json.loads(observe("--json", *words).stdout)
        assert [one["connector"] for one in told] == wanted
    for unknown in ("acme/spare", "nobody", "acme/"):
        done = observe(unknown)
        assert done.exit_code == 1 and "Nothing looks at" in done.output
    connecting.change_connector(
        1, settings={"host": "127.0.0.1", "port": desk.port}, every_hours=24, state="paused", by=BY, expect=1
    )
    assert "Nothing to look at" in observe("acme").output


def test_only_what_is_due(sealer: Sealer, desk: Desk) -> None:
    add(sealer, desk)
    assert [one["connector"] for one in json.loads(observe("--due", "--json").stdout)] == [1]
    assert "none is due" in observe("--due").output
    connecting.ask_now(1, by=BY)
    assert [one["connector"] for one in json.loads(observe("--due", "--json").stdout)] == [1]
    assert running.run_due(by=BY, sealer=sealer) == []


def test_without_its_key_it_says_which(sealer: Sealer, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    add(sealer, desk)
    monkeypatch.setenv("REGISTRY_SECRET_KEY", new_key())
    done = observe()
    assert done.exit_code == 1 and "secret_key_missing (1)" in done.output


def test_h16_the_keys_are_exchanged_by_command(
    sealer: Sealer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(sealer, desk)
    old, new = os.environ["REGISTRY_SECRET_KEY"], new_key()
    monkeypatch.setenv("REGISTRY_SECRET_KEY", new)
    done = CliRunner().invoke(main, ["keys", "reseal"])
    assert done.exit_code == 1 and sealer.ids[0] in done.output and "Traceback" not in done.output
    monkeypatch.setenv("REGISTRY_SECRET_KEY", f"{new}\n{old}")
    done = CliRunner().invoke(main, ["keys", "reseal"])
    assert done.exit_code == 0 and ["connectors", "1"] in [line.split() for line in done.output.splitlines()]
    monkeypatch.setenv("REGISTRY_SECRET_KEY", new)
    assert observe().exit_code == 0 and desk.tokens[-1] == f"Bearer {SECRET}"


def test_h16_the_service_does_not_start_without_a_key_that_is_in_use(
    sealer: Sealer, desk: Desk, systems: str
) -> None:
    add(sealer, desk)
    with pytest.raises(ValueError, match=sealer.ids[0]):
        create_app(Settings(database=systems, secret_key=new_key()))
    with pytest.raises(ValueError, match=sealer.ids[0]):
        create_app(Settings(database=systems))


def test_a_notice_that_cannot_be_read_is_told_with_what_to_do(
    sealer: Sealer, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Bound("published_page", published_page.SOURCE, published_page.reach, published_page.observe)
    monkeypatch.setattr(book, "book", lambda: MappingProxyType({"published_page": known}))
    with loopback(), web.system(None) as (site, settings, secrets):
        site.pages["/seloste"] = (
            200,
            b"<div id=app></div><script>render()</script>",
            {"Content-Type": "text/html"},
        )
        connecting.add_connector(
            "acme/desk", "published_page", settings, by=BY, sealer=sealer, every_hours=24, secrets=secrets
        )
        said = " ".join(observe("acme/desk").output.split())
        assert (
            "no_text (1) – There is no text on the page: a script makes it in the reader's browser." in said
        )
        assert (
            "Publish the registry's own page or a PDF with text, or push the text as an observation." in said
        )
        site.print()
        assert "no_text" not in observe("acme/desk").output
