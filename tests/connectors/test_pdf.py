"""A notice that is a PDF: its text as people read it, what cannot be read by a code of its own, and nothing else."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from registry.connectors.observed import kinds
from registry.connectors.reading import passages, visiting
from registry.connectors.reading.pdf import apart
from registry.connectors.reading.pdf.joined import mended
from tests.connectors import pdfs
from tests.connectors.looking import Look, declare, loopback
from tests.connectors.turns.published_page import RECORD, system

HOSTILE = {name: (body, codes) for name, body, codes in pdfs.hostile()}
MUTATIONS = int(os.environ.get("PDF_MUTATIONS", "24"))
PROCESS = "from registry.connectors.reading.pdf import process"
PDF = {"Content-Type": "application/pdf"}
CANARY = "canary-5f1d"


def told(body: bytes, seconds: float = 20) -> tuple[str, ...]:
    """The codes that are told of a file."""
    try:
        return apart.read(body, seconds).faults
    except apart.Unreadable as failed:
        return (failed.code,)


def texts(body: bytes) -> list[str]:
    return [text for _, text in apart.read(body).blocks]


# --- what is read


def test_a_tagged_notice_is_read_by_its_structure() -> None:
    long = "Tiedot säilytetään kuusi kuukautta (šakki, Ångström – “näin”), minkä jälkeen ne poistetaan. " * 60
    body = pdfs.tagged([("H1", "Seloste"), ("P", long.replace("š", "s")), ("P", "Loppu.")], "fi-FI")
    found = apart.read(body)
    assert found == apart.Printed(
        (("heading", "Seloste"), ("text", long.replace("š", "s").strip()), ("text", "Loppu.")),
        False,
        "fi",
        (),
        (),
    )


def test_lines_go_on_where_their_end_was_forced() -> None:
    drawn = pdfs.paragraphs(
        "Tiedot säilytetään kuusi kuukautta siitä, kun asiakkuus on päättynyt, ja sen jälkeen",
        "ne poistetaan.", "Sähköpostiosoite", "Puhelinnumero",
    )  # fmt: skip
    drawn += pdfs.text(60, 700, "Rekisterinpitäjä", font="F2") + pdfs.text(250, 700, "Acme Oy, kirjasto")
    drawn += pdfs.text(60, 670, "Otsikko", size=16)
    found = apart.read(pdfs.printed([drawn]))
    assert found.guessed and found.blocks == (
        ("text", "Tiedot säilytetään kuusi kuukautta siitä, kun asiakkuus on päättynyt, ja sen jälkeen ne poistetaan."),
        ("text", "Sähköpostiosoite"), ("text", "Puhelinnumero"), ("heading", "Rekisterinpitäjä"),
        ("text", "Acme Oy, kirjasto"), ("heading", "Otsikko"),
    )  # fmt: skip


def test_what_all_pages_repeat_is_beside_the_text_and_said_once() -> None:
    words = ("tieto", "seloste", "kuukausi", "rekisteri", "palvelu")
    long = [" ".join(words[n // 5**at % 5] for at in range(13)) for n in range(120)]
    pages = [
        pdfs.text(60, 815, "Acme – Tietosuojaseloste")
        + pdfs.paragraphs(*long[40 * n - 40 : 40 * n], top=780)
        + pdfs.text(280, 20, f"{n} (3)")
        for n in (1, 2, 3)
    ]
    *read, beside = apart.read(pdfs.printed(pages)).blocks
    assert beside == ("beside", "Acme – Tietosuojaseloste")
    assert " ".join(text for _, text in read) == " ".join(long)


def test_letters_drawn_as_one_and_letters_drawn_apart_are_words() -> None:
    drawn = b"BT /F1 11 Tf 60 700 Td [(fil) 10 (mi) -300 (on) 40 ( t\xe4\xe4l)] TJ ET " + pdfs.text(
        60, 600, "Å-å"
    )
    assert texts(pdfs.printed([drawn])) == ["filmi on tääl", "Å-å"]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (["palvelu-\ue0feneuvoja", "palveluneuvoja"], "palveluneuvoja"),
        (["chat-\ue0fepalvelu", "chat-palvelu"], "chat-palvelu"),
        (["chat-\ue0fepalvelu"], "chat-palvelu"),
        (["palvelu\u2010\ue0feneuvoja"], "palveluneuvoja"),
        (["palvelu\u00ad\ue0feneuvoja ja säi\u00adlytys"], "palveluneuvoja ja säilytys"),
        (["EU-\ue0feMaat 2020-\ue0fe2022"], "EU-Maat 2020-2022"),
        (["a-\ue0feb-\ue0fec"], "a-b-c"),
        (
            ["säily-\ue0fetetään ja pois-\ue0fetetaan ja säi-\ue0felytys"],
            "säilytetään ja poistetaan ja säilytys",
        ),
    ],
)
def test_words_that_lines_part_are_put_together_again(given: list[str], text: str) -> None:
    assert mended(given)[0] == text


def test_what_nobody_sees_is_not_read() -> None:
    drawn = pdfs.text(60, 700, "Tiedot poistetaan.") + b"q BT 3 Tr /F1 11 Tf 60 650 Td (Unseen) Tj ET Q "
    drawn += pdfs.text(60, 5000, "Above") + b"/Artifact BMC " + pdfs.text(60, 20, "Aside") + b"EMC "
    drawn += b"/Span <</ActualText (EUR 6)>> BDC " + pdfs.text(60, 500, "six") + b"EMC"
    assert texts(pdfs.printed([drawn])) == ["Tiedot poistetaan.", "EUR 6"]


def test_a_document_of_too_many_pages_is_read_in_part() -> None:
    found = apart.read(pdfs.printed([pdfs.text(60, 700, f"Kohta {'abc'[n % 3]}.") for n in range(101)]))
    assert found.faults == ("pdf_too_long",) and len(found.blocks) == 100


def test_a_file_whose_end_is_gone_is_never_whole() -> None:
    good = pdfs.tagged([("P", f"Kohta {at} poistetaan.") for at in range(200)])
    for share in (0.5, 0.9, 0.99):
        assert "pdf_damaged" in told(good[: int(share * len(good))])


# --- files that are not meant well


@pytest.mark.parametrize("name", HOSTILE)
def test_h12_a_file_that_is_not_meant_well_is_told_by_its_code(name: str) -> None:
    body, codes = HOSTILE[name]
    with pytest.raises(apart.Unreadable) as failed:
        apart.read(body, 3 if "pdf_too_slow" in codes else 20)
    assert failed.value.code in codes


def test_h12_whatever_becomes_of_a_file_it_is_told_in_its_form() -> None:
    """PDF_MUTATIONS gives how many changed files are tried."""
    chance = random.Random(20261125)
    good = pdfs.tagged(
        [("H1", "Seloste"), ("P", "Tiedot poistetaan. Kysy: 6 kk."), ("P", "Loppu.")],
        links=["https://a.fi/x"],
    )
    words = [
        b"<<",
        b">>",
        b"[",
        b"]",
        b"0 R",
        b"/Kids",
        b"/K",
        b"stream",
        b"endobj",
        b"(",
        b"\x00",
        b"9999999999",
        b"-1",
    ]

    def changed() -> bytes:
        body = bytearray(good)
        for _ in range(chance.randint(1, 12)):
            at = chance.randrange(len(body))
            match chance.randrange(4):
                case 0:
                    body[at] = chance.randrange(256)
                case 1:
                    del body[at : at + chance.randrange(1, 60)]
                case 2:
                    body[at:at] = chance.choice(words)
                case _:
                    other = chance.randrange(len(body))
                    body[at:at] = body[other : other + chance.randrange(1, 200)]
        return bytes(body)

    def tried(body: bytes) -> str:
        try:
            found = apart.read(body, 10)
        except apart.Unreadable as failed:
            return failed.code
        kept, _ = passages.of_blocks(found.blocks)
        kinds.load("published_text", {"pages": [{"url": "https://a.fi", "status": 200, "passages": kept}]})
        return "read"

    with ThreadPoolExecutor(2) as threads:
        told = set(threads.map(tried, [changed() for _ in range(MUTATIONS)]))
    assert told <= apart.CODES | {"read", "pdf_too_slow"}


def test_the_process_has_nothing_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REGISTRY_KEY", CANARY)
    descriptor = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(descriptor, True)
    asked = "import os,json;print(json.dumps([dict(os.environ),os.listdir('/proc/self/fd')]))"
    monkeypatch.setattr(apart, "PROGRAM", (sys.executable, "-E", "-s", "-c", asked))
    code, said = apart._run(b"x", 20)
    os.close(descriptor)
    environment, open_files = json.loads(said)
    assert code == 0 and CANARY not in said.decode() and not any("REGISTRY" in name for name in environment)
    assert len(open_files) <= 4 and str(descriptor) not in open_files


def test_the_process_can_open_nothing_once_it_reads() -> None:
    asked = (
        "import socket\n"
        "from registry.connectors.reading.pdf import process\n"
        "process.limited(); process.closed()\n"
        "for what in (lambda: socket.socket(), lambda: open('/etc/hostname')):\n"
        "    try: what()\n"
        "    except OSError: continue\n"
        "    raise SystemExit(1)\n"
    )
    assert subprocess.run([sys.executable, "-c", asked], cwd=Path(__file__).parents[2]).returncode == 0


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("import os; os.abort()", "pdf_reader_failed"),
        ("print('{}')", "pdf_reader_failed"),
        ("print('[1]')", "pdf_reader_failed"),
        ("""print('{"failed": "<script>"}')""", "pdf_reader_failed"),
        ("""print('{"blocks": [["nav", "x"]], "guessed": false, "language": null, "links": [], "faults": []}')""",
         "pdf_reader_failed"),
        ("""print('{"blocks": [["text", 1]], "guessed": false, "language": null, "links": [], "faults": []}')""",
         "pdf_reader_failed"),
        (r"""print('{"blocks": [["text", "\\ud800"]], "guessed": 1, "language": null, "links": [], "faults": []}')""",
         "pdf_reader_failed"),
        (f"{PROCESS}; process.limited(); b'x' * (1 << 30)", "pdf_reader_failed"),
        (f"{PROCESS}; process.limited()\nwhile True: print('x' * 1000)", "pdf_reader_failed"),
        ("import time; time.sleep(60)", "pdf_too_slow"),
    ],
)  # fmt: skip
def test_h12_a_reader_that_goes_wrong_is_told_and_believed_no_further(
    monkeypatch: pytest.MonkeyPatch, program: str, code: str
) -> None:
    monkeypatch.setattr(apart, "PROGRAM", (sys.executable, "-c", program))
    with pytest.raises(apart.Unreadable) as failed:
        apart.read(b"x", 2 if code == "pdf_too_slow" else 20)
    assert failed.value.code == code


def test_no_place_for_a_process_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "PROGRAM", ("/nowhere/python",))
    with pytest.raises(apart.Unreadable, match="pdf_reader_failed"):
        apart.read(b"x")


def test_many_are_read_side_by_side() -> None:
    bodies = [pdfs.tagged([("P", f"Kohta {at} poistetaan.")]) for at in range(8)]
    with ThreadPoolExecutor(8) as threads:
        assert [*threads.map(texts, bodies)] == [[f"Kohta {at} poistetaan."] for at in range(8)]


# --- as a page of the web


@pytest.fixture
def site() -> Iterator[Any]:
    with loopback(), system(None) as (made, settings, _):
        made.print()
        yield made, Look("published_page", settings, {})


def test_the_notice_of_the_registry_agrees_as_a_pdf(site: Any, opened: str) -> None:
    _, look = site
    declare({**RECORD, "systems": ["desk"]})
    assert {key: kind for (code, key), kind in look.checked().items() if code == "OBS307"} == {
        "inventory": "open"
    }
    page = look.look()["published_text"].payload["pages"][0]
    assert page["language"] == "fi" and "guessed" not in page and len(page["text_sha256"]) == 64
    assert {("period", "P6M"), ("vendor", "tawk_to")} <= {
        (one["about"], one["value"]) for one in page["statements"]
    }


@pytest.mark.parametrize(
    "headers",
    [
        PDF,
        {"Content-Type": "application/octet-stream"},
        {"Content-Type": "text/html"},
        {"Content-Type": "application/pdf; charset=utf-8"},
    ],
)
def test_a_pdf_is_one_whatever_its_head_says(site: Any, headers: dict[str, str]) -> None:
    made, look = site
    made.pages["/seloste"] = (200, made.pages["/seloste"][1], headers)
    seen = look.look()
    assert seen["published_text"].complete and seen["published_text"].payload["pages"][0]["passages"]
    made.pages["/oikeudet"] = made.pages["/seloste"]
    scan = look.look()["cookie_scan"]
    assert scan.payload == {"pages": 2, "trackers": []} and not scan.complete and scan.in_part


def test_the_answer_with_a_pdf_may_leave_a_cookie_all_the_same(site: Any) -> None:
    made, look = site
    body = made.pages["/seloste"][1]
    made.pages["/seloste"] = made.pages["/oikeudet"] = (
        200,
        body,
        {**PDF, "Set-Cookie": "_ga=GA1.2.3; Path=/"},
    )
    (told,) = look.look()["cookie_scan"].payload["trackers"]
    assert (told["name"], told["essential"]) == ("_ga", False)


def test_a_link_of_a_pdf_that_leads_nowhere(site: Any) -> None:
    made, look = site
    body = pdfs.tagged(
        [("P", "Tiedot poistetaan.")],
        links=[
            f"{made.origin}/pois#x",
            "mailto:a@a.fi",
            "javascript:x",
            "https://elsewhere.example/x",
            "/tiedosto",
            f"http://{urlsplit(made.origin).hostname}:1/x",
        ],
    )
    made.pages["/seloste"] = (200, body, PDF)
    seen = look.look()["published_text"]
    pages = seen.payload["pages"]
    assert [(one["url"], one["status"]) for one in pages if one.get("linked")] == [
        (f"{made.origin}/pois", 404)
    ]
    assert seen.complete, "what may not be asked is no part of it"


@pytest.mark.parametrize("name", ["cut in half", "a password"])
def test_h12_a_pdf_that_cannot_be_read_is_neither_right_nor_wrong(site: Any, opened: str, name: str) -> None:
    made, look = site
    body, codes = HOSTILE[name]
    made.pages["/seloste"] = (200, body, PDF)
    declare({**RECORD, "systems": ["desk"]})
    held = {key: kind for (code, key), kind in look.checked().items() if code == "OBS307"}
    assert held == {"pages": "open", "inventory": "open"}
    seen = look.look()["published_text"]
    assert (
        not seen.complete and codes & look.way.faults.keys() and "statements" not in seen.payload["pages"][0]
    )


def test_names_in_a_pdf_are_not_kept(site: Any) -> None:
    made, look = site
    said = "Rekisteriä hoitaa Maija Meikä\u00adläinen, maija.meikalainen@acme.example, puh. 040 123 4567."
    made.pages["/seloste"] = (
        200,
        pdfs.tagged([("P", said), ("Figure", "Maija")], links=["https://acme.example/maija"]),
        PDF,
    )
    kept = json.dumps(look.look()["published_text"].payload, ensure_ascii=False)
    for private in ("Maija", "maija", "Meik", "meikalainen", "123", "4567"):
        assert private not in kept.replace("sha256", "")


def test_a_pdf_may_be_longer_than_a_page(site: Any) -> None:
    made, look = site
    made.pages["/seloste"] = (200, made.pages["/seloste"][1] + b"\n%" + b" " * (3 << 20) + b"\n%%EOF\n", PDF)
    assert look.look()["published_text"].payload["pages"][0].get("passages")
    made.pages["/seloste"] = (200, b"<p>" + b" " * (3 << 20), {"Content-Type": "text/html"})
    assert look.look()["published_text"].payload["pages"][0]["url"].endswith("/oikeudet")
    assert visiting.PRINTED > 3 << 20 and look.way.faults["too_large"] == 1
