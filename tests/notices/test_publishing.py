"""Publishing and withdrawing: what the public reads when, what stays as it was, and what is written down."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from registry import clock, db, journal
from registry.catalogue import store
from registry.catalogue.model import Written
from registry.errors import Conflict, Gone, NotFound, PreconditionFailed
from registry.notices import published
from registry.notices.publish import publish, withdraw
from registry.retention.publications import served
from registry.telling.words import languages

BY = "client/test"
PAST, FUTURE = "2020-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z"


class Desk:
    """Whoever declares and publishes the register acme/customers."""

    def __init__(self) -> None:
        store.declare(
            "controller", "acme", "acme", {"name": "Acme Oy"}, by=BY, expect=store.NEW, effective_from=PAST
        )
        system = {"name": "Desk", "kind": "helpdesk"}
        store.declare("system", "acme", "desk", system, by=BY, expect=store.NEW, effective_from=PAST)

    def declare(self, name: str = "Asiakkaat", since: str = PAST, period: str = "P6M") -> Written:
        body: dict[str, Any] = {
            "register": name,
            "data_categories": [{"id": "D1", "text": "Keskustelut"}],
            "retention": [{"applies_to": ["D1"], "duration": period, "action": "erase"}],
            "systems": ["desk"],
        }
        return store.declare(
            "register", "acme", "customers", body, by=BY, expect=self.version(), effective_from=since
        )

    def end(self, since: str | None = None) -> Written:
        return store.end("register", "acme", "customers", by=BY, expect=self.version(), effective_from=since)

    def version(self) -> int:
        try:
            return store.newest("register", "acme", "customers").version
        except NotFound:
            return store.NEW

    def publish(self, version: int | None = None) -> tuple[published.Published, bool]:
        return publish("acme", "customers", version, by=BY)

    def title(self) -> str:
        """What the public reads above the notice now."""
        now = published.current("acme", "customers")
        document = published.text(now.id, "fi")
        assert document is not None
        told: str = orjson.loads(document)["title"]["text"]
        assert told == now.title
        return told

    def period(self) -> str | None:
        """What systems are told now."""
        found = served.in_force(register=("acme", "customers"))
        return found[0].period if found else None


@pytest.fixture
def desk(opened: str) -> Desk:
    return Desk()


def test_what_is_published_is_there_in_every_language(desk: Desk) -> None:
    desk.declare()
    done, new = desk.publish()
    assert new
    assert (done.revision, done.version, done.inputs) == (
        1, 1, {"register": 1, "controller": 1, "systems": {"desk": 1}},
    )  # fmt: skip
    assert [language for language, _ in published.texts(done.id)] == sorted(languages())
    assert desk.title() == "Asiakkaat"
    assert desk.period() == "P6M"


def test_before_it_is_published_there_is_nothing(desk: Desk) -> None:
    desk.declare()
    with pytest.raises(NotFound):
        published.current("acme", "customers")
    assert published.listed() == []
    assert desk.period() is None


def test_a_notice_never_changes_by_itself(desk: Desk) -> None:
    """Neither a change of the register, nor of its controller or system, shows before somebody publishes it."""
    desk.declare()
    desk.publish()
    before = dict(published.texts(published.current("acme", "customers").id))
    desk.declare("Kaikki asiakkaat", period="P1Y")
    store.declare("controller", "acme", "acme", {"name": "Acme Oyj"}, by=BY, expect=1)
    store.declare("system", "acme", "desk", {"name": "Desk 2"}, by=BY, expect=1)
    assert dict(published.texts(published.current("acme", "customers").id)) == before
    done, new = desk.publish()
    assert new
    assert done.inputs == {"register": 2, "controller": 2, "systems": {"desk": 2}}
    assert (done.organisation, desk.title(), desk.period()) == ("Acme Oyj", "Kaikki asiakkaat", "P1Y")


def test_publishing_again_what_stands_changes_nothing(desk: Desk) -> None:
    desk.declare()
    first, _ = desk.publish()
    size = journal.checkpoint()["size"]
    assert desk.publish() == (first, False)
    assert journal.checkpoint()["size"] == size
    store.declare("system", "acme", "desk", {"name": "Desk 2"}, by=BY, expect=1)
    again, new = desk.publish()
    assert new
    assert again.revision == 2


def test_an_older_version_may_be_published_and_is_public_instead(desk: Desk) -> None:
    desk.declare("Vanha", period="P1Y")
    desk.declare("Uusi")
    desk.publish()
    assert (desk.title(), desk.period()) == ("Uusi", "P6M")
    desk.publish(1)
    assert (desk.title(), desk.period()) == ("Vanha", "P1Y")


def test_a_version_that_takes_effect_later_is_public_from_then_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.declare("Nyt")
    desk.publish()
    desk.declare("Ensi vuonna", since=FUTURE, period="P1Y")
    planned, new = desk.publish(2)
    assert new
    assert planned.planned
    assert (desk.title(), desk.period()) == ("Nyt", "P6M")
    assert [one.version for one in published.listed()] == [1]
    assert [one.version for one in published.listed(planned=True)] == [1, 2]
    monkeypatch.setattr(clock, "now", lambda: FUTURE)
    assert (desk.title(), desk.period()) == ("Ensi vuonna", "P1Y")
    assert [one.version for one in published.listed(planned=True)] == [2]


def test_a_plan_is_not_public_before_its_day_nor_known_to_have_been(desk: Desk) -> None:
    desk.declare(since=FUTURE)
    with pytest.raises(Conflict) as refused:
        desk.publish()
    assert refused.value.code == "not_yet_effective"
    desk.publish(1)
    with pytest.raises(NotFound):
        published.current("acme", "customers")
    withdraw("acme", "customers", by=BY)
    with pytest.raises(NotFound):
        published.current("acme", "customers")


def test_what_is_published_now_takes_the_place_of_what_was_planned(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.declare("Nyt")
    desk.declare("Ensi vuonna", since=FUTURE)
    desk.publish(2)
    desk.publish(1)
    monkeypatch.setattr(clock, "now", lambda: FUTURE)
    assert desk.title() == "Nyt"


def test_c4_what_is_withdrawn_is_gone_and_its_rules_with_it(desk: Desk) -> None:
    desk.declare()
    desk.publish()
    withdraw("acme", "customers", by=BY)
    with pytest.raises(Gone):
        published.current("acme", "customers")
    with pytest.raises(Gone):
        withdraw("acme", "customers", by=BY)
    assert desk.period() is None
    assert published.listed(planned=True) == []
    again, new = desk.publish()
    assert new
    assert again.revision == 2
    assert desk.title() == "Asiakkaat"


def test_c4_the_notice_of_an_ended_register_is_gone_and_cannot_be_published(desk: Desk) -> None:
    desk.declare()
    desk.publish()
    desk.end()
    with pytest.raises(Gone):
        published.current("acme", "customers")
    assert published.listed(planned=True) == []
    assert desk.period() is None
    for version in (None, 1, 2):
        with pytest.raises(Conflict) as refused:
            desk.publish(version)
        assert refused.value.code == "ended"


def test_opening_a_register_again_does_not_bring_its_old_notice_back(desk: Desk) -> None:
    desk.declare("Vanha")
    desk.publish()
    desk.end()
    desk.declare("Uusi", since=clock.now())
    with pytest.raises(Gone):
        published.current("acme", "customers")
    with pytest.raises(Conflict):
        desk.publish(1)
    desk.publish()
    assert desk.title() == "Uusi"


def test_until_a_planned_end_the_notice_is_public(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.declare()
    desk.publish()
    desk.end(FUTURE)
    assert desk.title() == "Asiakkaat"
    desk.publish(1)
    monkeypatch.setattr(clock, "now", lambda: FUTURE)
    with pytest.raises(Gone):
        published.current("acme", "customers")


@pytest.mark.parametrize("version", [None, 1, 7])
def test_what_is_not_there_cannot_be_published(desk: Desk, version: int | None) -> None:
    with pytest.raises(NotFound):
        publish("acme", "nothing", version, by=BY)
    desk.declare()
    if version == 7:
        with pytest.raises(NotFound):
            desk.publish(version)


def test_d1_a_withdrawal_goes_by_the_publication_that_was_read(desk: Desk) -> None:
    desk.declare()
    desk.publish()
    desk.declare("Uusi")
    desk.publish()
    with pytest.raises(PreconditionFailed):
        withdraw("acme", "customers", by=BY, expect=1)
    assert desk.title() == "Uusi"
    withdraw("acme", "customers", by=BY, expect=2)


def test_everything_is_written_down_and_verifies(desk: Desk) -> None:
    desk.declare()
    desk.publish()
    withdraw("acme", "customers", by=BY)
    told = [(entry.action, entry.version) for entry in journal.entries(of="notice/acme/customers")]
    assert told == [("notice.published", 1), ("notice.withdrawn", 1)]
    report = journal.verify()
    assert report.ok, report
    assert "notice" not in report.unwitnessed


def test_a_notice_whose_rules_go_their_own_way_is_named(desk: Desk) -> None:
    """Each is as its own entries say; that they are not of one publication is what has to be seen."""
    for period, since in (("P6M", PAST), ("P7M", PAST), ("P8M", FUTURE)):
        version = desk.declare(period=period, since=since)
        desk.publish(version.version)
        assert journal.verify().ok
    served.withdraw_rules("acme", "customers", by=BY)
    told = [fault.reason for fault in journal.verify().faults]
    assert len(told) == 2 and "the rules of acme/customers are not published for as long" in told[0]
    withdraw("acme", "customers", by=BY)
    assert journal.verify().faults, "withdrawn later than its rules"


def test_rules_that_end_by_their_own_words_end_before_the_notice(desk: Desk) -> None:
    body = {"register": {"name": "Asiakkaat", "ended_on": "2020-02-01"}, "systems": ["desk"]}
    store.declare("register", "acme", "customers", body, by=BY, expect=store.NEW, effective_from=PAST)
    desk.publish()
    row = published.NoticePublication.get()
    assert served.Publication.get().until < clock.now() < row.until == clock.ENDLESS
    assert desk.title() == "Asiakkaat" and journal.verify().ok


@pytest.mark.parametrize("table", ["notice_text", "notice_publication"])
def test_j6_a_notice_that_was_changed_behind_our_back_is_named(desk: Desk, table: str) -> None:
    desk.declare()
    done, _ = desk.publish()
    with db.writing(why="somebody with the file in their hands"):
        if table == "notice_text":
            forged = b'{"title":{"text":"Forged"}}'
            where = (published.NoticeText.publication == done.id) & (published.NoticeText.language == "sv")
            published.NoticeText.update(document=forged).where(where).execute()
        else:
            published.NoticePublication.update(title="Forged").execute()
    report = journal.verify()
    (entry,) = journal.entries(of="notice/acme/customers")
    assert report.first_bad_seq == entry.seq


def test_a_publication_that_fails_leaves_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.declare()
    size = journal.checkpoint()["size"]

    def broken(*_: Any, **__: Any) -> None:
        raise Conflict("the rules cannot be served")

    monkeypatch.setattr("registry.notices.publish.publish_rules", broken)
    with pytest.raises(Conflict):
        desk.publish()
    assert published.NoticePublication.select().count() == 0
    assert published.NoticeText.select().count() == 0
    assert journal.checkpoint()["size"] == size


def test_the_list_goes_by_controller_and_key_in_pages(desk: Desk) -> None:
    for key in ("b", "a", "c"):
        store.declare("register", "acme", key, {"register": key}, by=BY, expect=store.NEW)
        publish("acme", key, by=BY)
    assert [one.key for one in published.listed()] == ["a", "b", "c"]
    first = published.listed(limit=2)
    last = (first[-1].controller, first[-1].key, first[-1].revision)
    assert [one.key for one in published.listed(after=last)] == ["c"]
    assert published.listed(controllers={"other"}) == []
