"""The published text beside the notice: what is ours agrees wholly, each change is named, and nobody's name is kept."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.catalogue.record import Record, assemble
from registry.connectors.observed import kinds
from registry.connectors.observed.passages import LEFT_OUT, LONGEST, MOST, quoted, sentences, words
from registry.connectors.reading import passages
from registry.notices.html import notice_page
from registry.telling.compared import Differing, compare
from registry.telling.expected import expected
from registry.telling.render import render
from registry.telling.words import languages
from tests.connectors.looking import Look, declare, loopback
from tests.connectors.turns.published_page import ACME, RECORD, STANDING, notice, system
from tests.notices.conftest import fixtures

SAID: dict[str, Any] = {
    key: RECORD[key] for key in ("register", "retention", "data_categories", "purposes", "dpo", "processors")
}
#: The same in an organisation's own words, as they write them.
OWN = """<html lang="fi"><body><header><a href="/">Etusivu</a></header><h1>Rekisteriseloste</h1>
<h2>3. Käyttötarkoitus</h2><p>Käytämme osoitteita uutiskirjeen lähettämiseen tilaajille. Kerromme tilaajista myös
mainostajille.</p><h2>4. Tiedot</h2><ul><li>Sähköpostiosoite</li><li>Henkilötunnus</li></ul>
<h2>5. Säilytys</h2><p>Tiedot säilytetään 12 kuukautta. Rekisteriä hoitaa Maija Meikäläinen,
maija.meikalainen@acme.example, puh. 040 123 4567.</p><footer>Acme Oy, Katu 1</footer></body></html>"""


CHANGES = [
    (("6 kuukautta", "12 kuukautta"), "changed", "6 kuukautta"),
    (("ei luovuteta muille", "luovutetaan muille"), "changed", "Osoitteita ei luovuteta muille."),
    (("Uutiskirjeen lähettäminen tilaajille.", ""), "lacking", "Uutiskirjeen lähettäminen tilaajille."),
    (("tawk.to", "Zendesk"), "lacking", "tawk.to"),
    (("</h1>", "</h1><p>Tiedot myydään eteenpäin.</p>"), "extra", "Tiedot myydään eteenpäin."),
    (("<bdi>Kieli</bdi>", "<bdi>henkilötunnus</bdi>"), "extra", "henkilötunnus"),
    (("</h1>", "</h1><h3>Tiedot myydään eteenpäin.</h3>"), "extra", "Tiedot myydään eteenpäin."),
    (("Uutiskirjeen lähettäminen tilaajille.", "Lähetämme uutiskirjeen tilaajille."), "worded",
     "Uutiskirjeen lähettäminen tilaajille."),]  # fmt: skip


HTML = ["<p>", "</p>", "<li>",
        "<nav>", "</nav>", "<main>", "</main>", "<h2>", "</h2>", "<", "Tiedot poistetaan.", " 6 kk ",
        "Maija ", "&amp;", "<td>", "<script>", "</script>", "<!--", "-->", "x@y.fi ", "\x00"]  # fmt: skip


def record(**more: Any) -> Record:
    return assemble("acme/clients", {"systems": ["desk"], **SAID, **more}, ACME, {"desk": {"name": "Desk"}})


def beside(page: str, said: Record | None = None, language: str = "fi") -> Differing:
    return compare(expected(said or record(), language), passages.read(page)[0])


# --- what is ours


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("name", sorted(fixtures()))
def test_the_registrys_own_page_agrees_wholly(name: str, language: str) -> None:
    page = notice_page(render(fixtures()[name], STANDING, language).document(), base="https://a.example")
    read, whole = passages.read(page)
    found = compare(expected(fixtures()[name], language), read)
    assert (found, whole, passages.language(page)) == (Differing(), True, language)


@pytest.mark.parametrize("part", ["retention", "data_categories", "purposes", "dpo", "processors"])
def test_a_part_that_only_one_of_them_has_is_named(part: str) -> None:
    less = {key: value for key, value in SAID.items() if key != part}
    full = assemble("acme/clients", {"systems": ["desk"], **SAID}, ACME, {"desk": {"name": "Desk"}})
    there = assemble("acme/clients", {"systems": ["desk"], **less}, ACME, {"desk": {"name": "Desk"}})
    stated = {one.text for one in expected(full, "fi").statements} - {
        one.text for one in expected(there, "fi").statements
    }
    lost, too_much = beside(notice(less), full), beside(notice(SAID), there)
    named = {one.text for one in (*lost.lacking, *(ours for ours, _ in (*lost.changed, *lost.worded)))}
    assert stated and stated <= named
    assert too_much.extra


@pytest.mark.parametrize(("change", "sort", "named"), CHANGES)
def test_a_change_of_our_own_page_is_named(change: tuple[str, str], sort: str, named: str) -> None:
    page = notice(SAID)
    assert change[0] in page and not beside(page)
    found = getattr(beside(page.replace(*change)), sort)
    texts = [one.says if sort == "extra" else (one if sort == "lacking" else one[0]).text for one in found]
    assert any(named in text for text in texts), beside(page.replace(*change))


@settings(max_examples=10, deadline=None)
@given(st.sampled_from(sorted(fixtures())), st.lists(st.integers(1, 30), min_size=1, max_size=40))
def test_however_its_passages_are_broken_nothing_of_our_notice_is_said_to_differ(
    name: str, lengths: list[int]
) -> None:
    page = notice_page(render(fixtures()[name], STANDING, "fi").document(), base="https://a.example")
    told = " ".join(one.text for one in passages.blocks(page) if one.part != "beside").split()
    parts, every = [], itertools.cycle(lengths)
    while told:
        length = next(every)
        parts.append(("text", " ".join(told[:length])))
        told = told[length:]
    found = compare(expected(fixtures()[name], "fi"), passages.of_blocks(parts)[0], guessed=True)
    assert len(parts) > MOST or not found, found


# --- what is not


def test_a_notice_in_an_organisations_own_words_is_read_as_such() -> None:
    found = beside(OWN)
    assert [one.text for one, _ in found.changed] + [
        one.text for one in found.lacking if one.weight == 0
    ] == ["6 kuukautta"]
    extra = [one.says for one in found.extra]
    assert any("mainostajille" in text for text in extra) and any("Henkilötunnus" in text for text in extra)
    assert "Sähköpostiosoite" not in str(extra) and "Etusivu" not in str(extra)
    assert any("uutiskirjeen" in one.says for _, one in found.worded)


def test_names_numbers_and_mailboxes_are_not_kept() -> None:
    kept = json.dumps(passages.read(OWN)[0], ensure_ascii=False)
    for private in ("Maija", "Meikäläinen", "maija", "meikalainen", "123", "4567", "@"):
        assert private not in kept
    assert "12 kuukautta" in kept and "Henkilötunnus" in kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Rekisteristä vastaa Maija Meikäläinen.", "Rekisteristä vastaa … …."),
        ("SAULI SARJANEN, REKISTERINPITÄJÄ", "… …, REKISTERINPITÄJÄ"),
        ("etu.suku (at) acme.example", "….… ( … ) ….…"),
        ("Puh. +358 40 123 4567, 31.12.2026, 2026-12-31", "…. +… … … …, 31.12.2026, 2026-12-31"),
        ("010190-123A ja laki 1050/2018", "…-… ja laki 1050/2018"),
        ("https://acme.example/people/maija-m?x=1", "https://acme.example/…/…-…?…=…"),
        ("Kuusi kuukautta, Zendesk, EU", "Kuusi kuukautta, Zendesk, EU"),
        ("six months… later", "six months later"),
    ],
)
def test_what_is_quoted(text: str, kept: str) -> None:
    assert "".join(quoted(text, ()).split()) == "".join(kept.split())


@given(st.text(max_size=300), st.text(max_size=50))
def test_what_is_quoted_has_no_mailbox_and_as_many_words(text: str, name: str) -> None:
    quote = quoted(f"{text} {name}.x@acme.example", ())
    assert "@" not in quote and "acme" not in quote
    assert len(words(quote)) == len(words(f"{text} {name}.x@acme.example".replace(LEFT_OUT, " ")))


@given(
    st.lists(
        st.sampled_from(["a", "\u00ad", " ", "B", "ä", "a\u0308", ".", "-", "\u200b", "\n", "Ä"]), max_size=60
    )
)
def test_what_is_not_read_makes_no_difference(letters: list[str]) -> None:
    text = "".join(letters)
    told = words(text)
    assert told == words(
        text.replace("\u00ad", "").replace("\u200b", "").replace("a\u0308", "ä").upper().lower()
    )
    assert [word for one in sentences(text) for word in words(one)] == list(told)


@given(st.text(st.sampled_from("aA1 .\x00\x1b\x9b\u202e\u2028\uffff\ue000\U000e0041"), max_size=60))
def test_what_is_quoted_holds_nothing_that_a_terminal_would_obey(text: str) -> None:
    for one in sentences(text):
        assert quoted(one, frozenset()).isprintable()


@given(st.text(max_size=3000))
def test_sentences_are_short_and_lose_no_word(text: str) -> None:
    every = list(sentences(text))
    assert all(0 < len(one) <= LONGEST for one in every)
    assert sum(len("".join(words(one))) for one in every) == len("".join(words(text)))


@given(st.lists(st.sampled_from(HTML), max_size=60))
def test_whatever_a_page_is_its_passages_are_of_their_kind_and_can_be_compared(parts: list[str]) -> None:
    read, whole = passages.read("".join(parts))
    assert whole
    page = {"url": "https://a.example/x", "status": 200, "passages": read}
    kinds.load("published_text", {"pages": [page]})
    compare(expected(record(), "fi"), read)
    compare(expected(record(), "fi"), read, guessed=True)


# --- pages that are not meant well


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("too much", "<p>Tiedot poistetaan.</p>" * (MOST + 1)),
        ("one endless sentence", "<p>" + "tieto " * 100_000),
        ("one endless word", "<p>" + "a" * 500_000),
        ("nothing but names", "<p>" + "Maija Meikäläinen " * 40_000),
        ("deep", "<div><ul><li>" * 60_000 + "x"),
        ("headings in headings", "<h1>a<h2>b" * 40_000),
    ],
)
def test_h12_a_page_without_end_is_kept_in_part_and_compared_in_bounds(name: str, page: str) -> None:
    read, whole = passages.read(page)
    assert len(read) <= MOST and whole is (name == "deep" or len(read) < MOST)
    for guessed in (False, True):
        found = compare(expected(record(), "fi"), read, guessed=guessed)
        assert found or found.undecided


@pytest.fixture
def site() -> Iterator[Any]:
    with loopback(), system(None) as (made, settings, _):
        yield made, Look("published_page", settings, {})


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html><body><div id=app></div><script>render()</script>", "<p>Päivitä selain.</p>".encode("utf-16"),
        b"\x00" * 1000, b"<p>\xff\xfe\xe4</p>", b"<title>6 kk</title>", b"<p></p>" * 20_000,
        ("<p>Tiedot poistetaan.</p>" * 700).encode(),
    ],
)  # fmt: skip
def test_h12_what_is_not_our_text_never_agrees(site: Any, opened: str, body: bytes) -> None:
    made, look = site
    made.pages["/seloste"] = (200, body, {"Content-Type": "text/html"})
    declare({**RECORD, "systems": ["desk"]})
    held = {key: kind for (code, key), kind in look.checked().items() if code == "OBS307"}
    assert held.get("pages") == "open" or held.get("wording") == "fail", held


def test_the_notice_of_the_registry_agrees_and_half_of_it_does_not(site: Any, opened: str) -> None:
    made, look = site
    declare({**RECORD, "systems": ["desk"]})
    assert {key: kind for (code, key), kind in look.checked().items() if code == "OBS307"} == {
        "inventory": "open"
    }
    made.say(("</main>", "<p>Tiedot myydään.</p>" * 700 + "</main>"))
    held = {key: kind for (code, key), kind in look.checked().items() if code == "OBS307"}
    assert held["wording"] == "fail"
