"""Rows D1–D5 against the real server: of eight writers who saw one version exactly one wins, every time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from registry import db, journal
from tests.live.conftest import Live

ROUNDS, WRITERS = 200, 8
PATH = "/v1/registers/seamk/library-chat"


def test_d1_two_hundred_rounds_of_eight_puts_with_one_etag(live: Live) -> None:
    first = live.ask("GET", PATH)
    record, tag = first.json()["record"], first.headers["ETag"]
    began = first.json()["version"]

    with ThreadPoolExecutor(WRITERS) as pool:
        for round_ in range(ROUNDS):

            def put(writer: int, tag: str = tag, round_: int = round_) -> tuple[int, str | None]:
                body = {"record": {**record, "data_combination": f"round {round_}, writer {writer}"}}
                answer = live.ask("PUT", PATH, json=body, headers={"If-Match": tag})
                return answer.status_code, answer.headers.get("ETag")

            answers = list(pool.map(put, range(WRITERS)))
            won = [etag for status, etag in answers if status == 200]
            assert sorted(status for status, _ in answers) == [200] + [412] * (WRITERS - 1)
            assert won[0] is not None
            tag = won[0]

    versions = live.ask("GET", f"{PATH}/versions?limit=1&cursor=").status_code
    assert versions == 422
    last = live.ask("GET", PATH).json()
    assert last["version"] == began + ROUNDS
    assert journal.verify().ok


def test_d2_no_precondition(live: Live) -> None:
    assert live.ask("PUT", PATH, json={"record": "x"}).status_code == 428


def test_d3_a_star_is_no_way_round(live: Live) -> None:
    assert live.ask("PUT", PATH, json={"record": "x"}, headers={"If-Match": "*"}).status_code == 412


def test_d5_the_same_content_again_has_another_etag(live: Live) -> None:
    path = "/v1/registers/acme/aba"
    live.ask("PUT", "/v1/controllers/acme", json={"details": "Acme Oy"}, headers={"If-None-Match": "*"})
    tags = []
    precondition = {"If-None-Match": "*"}
    for name in ("A", "B", "A"):
        answer = live.ask("PUT", path, json={"record": name}, headers=precondition)
        assert answer.status_code in (200, 201)
        tags.append(answer.headers["ETag"])
        precondition = {"If-Match": answer.headers["ETag"]}
    assert len(set(tags)) == 3


def test_d10_after_all_of_it_the_journal_has_neither_gap_nor_fork(live: Live) -> None:
    seqs = [
        seq
        for (seq,) in journal.JournalEntry.select(journal.JournalEntry.seq)
        .order_by(journal.JournalEntry.seq)
        .tuples()
    ]
    assert seqs == list(range(1, len(seqs) + 1))
    assert journal.verify().ok
    db.request_end()


def test_a_register_that_has_ended_is_not_changed_by_a_patch(live: Live) -> None:
    path = "/v1/registers/osekk/ended"
    made = live.ask("PUT", path, json={"record": "Päättyvä"}, headers={"If-None-Match": "*"})
    over = live.ask("DELETE", path, headers={"If-Match": made.headers["ETag"]})
    patched = live.ask("PATCH", path, json={"record": {}}, headers={"If-Match": over.headers["ETag"]})
    assert (over.status_code, patched.status_code) == (200, 410)
    again = live.ask("PUT", path, json={"record": "Uusi"}, headers={"If-Match": over.headers["ETag"]})
    assert (again.status_code, again.json()["version"]) == (200, 3)


def test_l5_a_hold_is_in_every_answer_of_every_process_once_it_is_acknowledged(live: Live) -> None:
    live.ask("POST", "/v1/notices", json={"register": "seamk/library-chat"})
    rules = "/v1/retention-rules?register=seamk/library-chat"
    kept = live.ask("GET", rules)
    item = {"system": "seamk/chat", "category": "D8", "anchor": "2020-01-01", "event": "created",
            "data_subject": "customer"}  # fmt: skip

    def asked(_: int) -> tuple[str, int]:  # a connection of its own each time: whichever process takes it
        told = live.ask("POST", "/v1/retention-decisions", json={"items": [item]}).json()["decisions"][0]
        again = live.ask("GET", rules, headers={"If-None-Match": kept.headers["ETag"]})
        return told["decision"], again.status_code

    with ThreadPoolExecutor(WRITERS) as pool:
        for _ in range(3):
            before = list(pool.map(asked, range(24)))
            assert set(before) == {("anonymise_after", 304)}
            body = {
                "controller": "seamk",
                "registers": ["seamk/library-chat"],
                "reason": "x",
                "review_on": "2090-01-01",
            }
            held = live.ask("POST", "/v1/legal-holds", json=body)
            assert held.status_code == 201
            assert set(pool.map(asked, range(24))) == {("held", 200)}
            place = held.headers["Location"]
            assert live.ask("DELETE", place, headers={"If-Match": held.headers["ETag"]}).status_code == 200
            kept = live.ask("GET", rules)
