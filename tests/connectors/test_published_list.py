"""Published lists of sub-processors: what a list is known by, who is on it, and pages that are no list (group H)."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from registry.catalogue import store
from registry.connectors.book import source
from registry.connectors.observed.passages import digest
from registry.connectors.reading import listing, visiting
from registry.connectors.reading.pdf import apart
from registry.errors import Invalid
from tests.checks.conftest import holding
from tests.connectors.looking import BY, Look, declare, loopback
from tests.connectors.stand_ins.serving import serving
from tests.connectors.turns.published_list import DIGEST, ON_IT, RECORD, Vendor, printed, system

HTML = {"Content-Type": "text/html"}


@pytest.fixture
def vendor() -> Iterator[Any]:
    with loopback(), system(None) as (made, settings, _):
        yield made, Look("published_list", settings, {})


def seen(look: Look) -> dict[str, Any]:
    found = look.look()["sub_processors"]
    assert found.kind == "sub_processors" and found.complete, look.way.faults
    (one,) = found.payload["lists"]
    return dict(one)


# --- what a list is known by


def test_a_list_with_its_page_its_digest_and_its_names(vendor: Any) -> None:
    made, look = vendor
    assert seen(look) == {
        "processor": "Pilvi", "url": f"{made.origin}/sub-processors", "list_sha256": DIGEST,
        "sub_processors": [{"name": name} for name in ON_IT],
    }  # fmt: skip
    found = look.look()["sub_processors"]
    assert found.source_level == "vendor_doc" and found.reference == f"{made.origin}/sub-processors"
    assert found.raw_sha256 is not None


def test_the_digest_to_record_is_told_and_with_it_all_is_well(vendor: Any, opened: str) -> None:
    made, look = vendor
    record = {"register": "Uutiskirje", "systems": ["desk"]}
    declare({**record, "processors": [{"name": "Pilvi Oy"}]})
    said: list[str] = []
    for version, change in enumerate((lambda: None, lambda: made.names.append("Uusi Ltd")), 1):
        change()
        assert look.checked()["OBS305", "pilvi"] in ("open", "fail")
        (told,) = (row.document for key, row in holding("acme/news").items() if key[1] == "OBS305")
        said += {*re.findall("[0-9a-f]{64}", bytes(told).decode())} - {DIGEST if version == 2 else ""}
        with_it = {**record, "processors": [{"name": "Pilvi Oy", "sub_processor_list_hash": said[-1]}]}
        store.declare("register", "acme", "news", with_it, by=BY, expect=version)
        held = look.checked()
        assert [kind for (code, _), kind in held.items() if code == "OBS305"] == ["pass"]
    assert said[0] == DIGEST and len(said) == 2


PAGE = (
    "<nav><a href=/>Home</a></nav><h1>Sub-processors</h1><p>As of 3 November.</p>"
    "<table><tr><th>Sub-processor</th></tr><tr><td>Levy Oy</td></tr></table><footer>2025</footer>"
)
SAME = [
    PAGE.replace(">", ">\n   "),
    PAGE.replace("<h1>", "<h2 class=x>").replace("</h1>", "</h2>"),
    PAGE.replace("Levy Oy", "<b>Levy</b>&nbsp;<i>Oy</i>"),
    PAGE.replace("Levy Oy", "LEVY, Oy."),
    PAGE.replace("Levy", "Le\u00advy\u200b"),
    PAGE.replace("<h1>", "<script>banner('We value your privacy')</script><style>x</style><!-- 17 --><h1>"),
    PAGE.replace("<h1>", "<noscript>No script</noscript><template>x</template><svg>y</svg><h1>"),
    PAGE.replace("2025", "2026 and something else").replace("Home", "Home and away"),
    PAGE.replace("<table>", "<table id=12345 data-build='abc'>"),
    PAGE.replace("<nav>", "<header>Logo <nav>").replace("</nav>", "</nav></header>"),
    "<div>Accept cookies?</div><main>" + PAGE + "</main><div>Related: 17 stories</div>",
    "<title>t</title>" + PAGE.replace("As of 3", "As … of 3"),
    PAGE.replace("<p>", "<div>")
    .replace("</p>", "</div>")
    .replace("<td>", "<td><p>")
    .replace("</td>", "</p>"),
]
OTHER = [
    PAGE.replace("Levy", "Uusi"),
    PAGE.replace("</table>", "<tr><td>Uusi Oy</td></tr></table>"),
    PAGE.replace("<tr><td>Levy Oy</td></tr>", ""),
    PAGE.replace("3 November", "4 November"),
    PAGE.replace("</table>", "</table><ul><li>Uusi Oy</ul>"),
    PAGE.replace("</table>", "</table><details><summary>Uusi Oy</summary></details>"),
    PAGE.replace("</table>", "</table><button>Uusi Oy</button><aside>x</aside>"),
    "<main><h1>Sub-processors</h1></main>" + PAGE,  # more stands outside what the page calls its text
    PAGE.replace("</nav>", "<h1>Never ended"),  # and then nothing is left aside
]


def test_how_a_page_is_written_does_not_change_its_list() -> None:
    first = digest(listing.read(PAGE).words)
    assert [digest(listing.read(page).words) == first for page in SAME] == [True] * len(SAME)


def test_what_a_page_says_does() -> None:
    first = digest(listing.read(PAGE).words)
    assert [digest(listing.read(page).words) != first for page in OTHER] == [True] * len(OTHER)


def test_a_list_that_stands_outside_what_a_page_calls_its_text_is_seen() -> None:
    page = "<main><h1>Sub-processors</h1></main>" + PAGE
    assert listing.read(page).words != listing.read(page.replace("Levy", "Uusi")).words


@pytest.mark.parametrize("page", [PAGE.replace("<nav>", "<nav><nav>"), PAGE.replace("<nav>", "<footer>")])
def test_a_menu_that_never_ends_hides_no_list(page: str) -> None:
    assert "levy" in listing.read(page).words


def test_a_paper_lists_what_its_page_does(vendor: Any) -> None:
    made, look = vendor
    made.page, made.headers = printed(*ON_IT), {"Content-Type": "application/pdf"}
    told = seen(look)
    assert told["list_sha256"] == DIGEST and "sub_processors" not in told
    look.settings["lists"][0]["mentions"] = ON_IT[0]
    assert seen(look) == told
    made.page = printed(*ON_IT, "Uusi Ltd")
    assert seen(look)["list_sha256"] != DIGEST


def test_a_paper_that_is_read_in_part_is_no_list(vendor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made, look = vendor
    made.page, made.headers = printed(*ON_IT), {"Content-Type": "application/pdf"}
    part = apart.Printed((("text", "our sub-processors"),), False, None, (), ("pdf_too_long",))
    monkeypatch.setattr(apart, "read", lambda *_: part)
    assert look.look()["sub_processors"].kind == "could_not_look"
    assert set(look.way.faults) == {"pdf_too_long"}


# --- who is on it


def table(head: str, *rows: str) -> str:
    cells = ["".join(f"<td>{cell}</td>" for cell in row.split("|")) for row in (head, *rows)]
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in cells) + "</table>"


GOOD = "Levy GmbH|Germany"
READ: list[tuple[str, list[tuple[str, str | None]]]] = [
    (table("Name|Country", GOOD), [("Levy GmbH", "DE")]),
    (table("Underbiträde|Land", "Levy|Tyskland"), [("Levy", "DE")]),
    (table("Alikäsittelijä|Sijainti", "Levy|Saksa"), [("Levy", "DE")]),
    (table("Entity|Location", "Levy B.V.|The Netherlands", "Z S.A.|European Union"),
     [("Levy B.V.", "NL"), ("Z S.A.", "EU")]),
    (table("Vendor|Location", "Google Cloud|USA", "Levy Oy|Atlanta, Georgia"),
     [("Google Cloud", "US"), ("Levy Oy", None)]),
    (table("Name|Country", GOOD, "Levy GmbH|Finland"), [("Levy GmbH", None)]),
    (table("Name|Country", GOOD) + table("Sub-processor|For", "Cloudflare|Speed"),
     [("Levy GmbH", "DE"), ("Cloudflare", None)]),
    (table("Name|Country|Location", GOOD + "|Berlin"), [("Levy GmbH", None)]),
    (table("Name|Country", GOOD) + table("Notes"), [("Levy GmbH", "DE")]),
    ("<nav><ul><li>Home</ul></nav>" + table("Name", "Levy GmbH") + "<footer><ul><li>x</ul></footer>",
     [("Levy GmbH", None)]),
]  # fmt: skip
UNREAD = [
    "<ul><li>Levy GmbH</ul>",
    "<p>Levy GmbH, Zeta Inc</p>",
    table("Name|Country", GOOD) + "<ul><li>Zeta Inc</ul>",
    table("Name|Country", GOOD) + "<dl><dt>Zeta Inc</dl>",
    table("Name|Country", GOOD) + table("What|Why", "Zeta Inc|x"),
    table("Name|Country", GOOD, "Matti Meikäläinen|Finland"),
    table("Sub-processor|Country", GOOD, "Matti Meikäläinen|Finland"),
    table("Name|Country", GOOD, "Cloudflare|x"),  # of a column that may hold anything one word is not enough
    table("Name|Purpose", "_ga|counting visitors"),
    table("Name|Name", "Levy GmbH|Zeta Inc"),
    table("Name|Country", GOOD, "Zeta Inc"),
    table("Name|Country", GOOD, "|Germany"),
    table("Name|Country", GOOD, "someone@levy.example GmbH|Germany"),
    table("Name|Country", GOOD, f"{'x' * 200} GmbH|Germany"),
    table("Name|Country", GOOD, "… GmbH|Germany").replace("<tr><td>…", "<tr><td rowspan=2>…"),
    table("Name|Country", GOOD, table("Name", "Zeta Inc") + "|Germany"),
    table("Name|Country", GOOD).replace("</table>", ""),
    table("Name|Country", *[GOOD] * (listing.MOST + 1)),
    "<td>Levy GmbH</td>",
    "<table><td>Name</td></table>",
    table("Levy GmbH|Germany", "Zeta Inc|Finland"),
]


@pytest.mark.parametrize(("page", "names"), READ)
def test_who_is_on_a_plain_list(page: str, names: list[tuple[str, str | None]]) -> None:
    told = listing.read(page).organisations
    assert told is not None
    assert [(one["name"], one.get("country")) for one in told] == names


@pytest.mark.parametrize("page", UNREAD)
def test_where_it_is_not_certain_who_is_on_it_nobody_is_told(page: str) -> None:
    read = listing.read(page)
    assert read.organisations is None and read.words


# --- what is no list


@pytest.mark.parametrize(
    ("status", "headers", "page", "reason", "code"),
    [
        (404, HTML, None, "no_such_endpoint", "page_gone"), (410, HTML, None, "no_such_endpoint", "page_gone"),
        (301, {**HTML, "Location": "/elsewhere"}, None, "no_such_endpoint", "page_moved"),
        (302, {**HTML, "Location": "http://169.254.169.254/"}, None, "no_such_endpoint", "page_moved"),
        (308, {**HTML, "Location": "file:///etc/passwd"}, None, "no_such_endpoint", "page_moved"),
        (304, HTML, None, "no_such_endpoint", "page_moved"),
        (401, HTML, None, "forbidden", "page_not_shown"), (403, HTML, None, "forbidden", "page_not_shown"),
        (429, HTML, None, "unavailable", "rate_limited"), (503, HTML, None, "unavailable", "source_unavailable"),
        (204, HTML, None, "other", "unexpected_status"), (418, HTML, None, "other", "unexpected_status"),
        (200, {"Content-Type": "application/pdf"}, "%PDF-1.7", "not_understood", "pdf_damaged"),
        (200, {"Content-Type": "text/html"}, "%PDF-1.7", "not_understood", "pdf_damaged"),
        (200, {"Content-Type": "application/json"}, "{}", "not_supported", "not_html"),
        (200, HTML, "", "not_understood", "no_text"),
        (200, HTML, "<div id=root></div><script>draw()</script>", "not_understood", "no_text"),
    ],
)  # fmt: skip
def test_h9_what_is_no_list_is_left_out_and_nothing_is_concluded(
    vendor: Any, opened: str, status: int, headers: dict[str, str], page: str | None, reason: str, code: str
) -> None:
    made, look = vendor
    declare({"register": "Uutiskirje", "systems": ["desk"], **RECORD})
    made.status, made.headers = status, headers
    made.page = made.page if page is None else page
    assert look.checked()["OBS305", "pilvi"] == "open"
    assert len(made.asked) == 1, "nothing is followed"
    found = look.look()["sub_processors"]
    assert found.payload == {"asked": "sub_processors", "reason": reason}
    assert found.source_level == "vendor_doc" and set(look.way.faults) == {code}


def test_a_page_that_does_not_answer_is_no_list_that_changed(opened: str) -> None:
    with loopback():
        with system(None) as (_, settings, _):
            pass
        declare({"register": "Uutiskirje", "systems": ["desk"], **RECORD})
        look = Look("published_list", settings, {})
        assert look.checked()["OBS305", "pilvi"] == "open"
        assert set(look.way.faults) == {"connection_failed"}


def test_h10_one_page_that_is_gone_hides_no_change_of_another(vendor: Any, opened: str) -> None:
    made, look = vendor
    with serving(Vendor()) as other:
        other.status = 404  # type: ignore[attr-defined] # a Vendor, as given
        lists = [*look.settings["lists"], {"processor": "Muu Oy", "address": f"{other.origin}/x"}]
        look.settings = {"lists": lists}
        muu = {"name": "Muu Oy", "sub_processor_list_hash": "0a" * 32}
        declare({"register": "Uutiskirje", "systems": ["desk"], "processors": [*RECORD["processors"], muu]})
        held = look.checked()
        assert (held["OBS305", "pilvi"], held["OBS305", "muu"]) == ("open", "open"), "not all was seen"
        found = look.look()["sub_processors"]
        assert found.complete is False and [one["processor"] for one in found.payload["lists"]] == ["Pilvi"]
        made.names.append("Uusi Ltd")
        held = look.checked()
        assert (held["OBS305", "pilvi"], held["OBS305", "muu"]) == ("fail", "open")


def test_h10_one_page_that_cannot_be_understood_hides_no_change_of_another(
    vendor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, look = vendor
    with serving(Vendor()) as other:
        other.page = "<h1>Alikäsittelijät</h1>"  # type: ignore[attr-defined] # a Vendor, as given
        look.settings = {
            "lists": [*look.settings["lists"], {"processor": "Muu Oy", "address": f"{other.origin}/x"}]
        }
        read = listing.read

        def broken(page: str) -> listing.Listing:
            if "Alikäsittelijät" in page:
                raise RecursionError  # as whatever nobody has thought of
            return read(page)

        monkeypatch.setattr(listing, "read", broken)
        found = look.look()["sub_processors"]
        assert found.complete is False and [one["processor"] for one in found.payload["lists"]] == ["Pilvi"]


def test_a_page_without_the_name_that_is_on_the_list_is_not_the_list(vendor: Any) -> None:
    """As where a script brings the list, or somebody asks whether one is a robot."""
    made, look = vendor
    look.settings["lists"][0]["mentions"] = "levy OY"
    assert seen(look)["list_sha256"] == DIGEST
    made.page = "<h1>Our sub-processors</h1><p>Checking your browser: Levyoy</p>"
    assert look.look()["sub_processors"].kind == "could_not_look"
    assert set(look.way.faults) == {"not_mentioned"}


def test_h8_a_page_that_is_longer_than_any_list_is_left(vendor: Any) -> None:
    made, look = vendor
    made.page = "x " * (visiting.LONGEST // 2 + 1)
    assert look.look()["sub_processors"].payload == {"asked": "sub_processors", "reason": "unavailable"}
    assert set(look.way.faults) == {"too_large"}


@pytest.mark.parametrize(
    "piece",
    ["<table>", "<tr>", "<tr><td>x", "<table><tr><td>x</td>", "<li>", "<main>", "</main>", "<nav>", "x ", "<!--",
     "<td ", "<table><tr><th>Name</th></tr><tr><td>Ab Inc</td></tr></table>", "<td colspan='", "&#", "x<p>"],
)  # fmt: skip
def test_h12_a_page_of_endless_rows_in_bounded_memory(piece: str) -> None:
    page = piece * (60_000 // len(piece))
    tracemalloc.start()
    listing.read(page)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40 * len(page) + 1_000_000


@pytest.mark.parametrize(
    "lists",
    [
        [], [{}], [{"processor": "A", "address": "ftp://a.fi/x"}],
        [{"processor": "A", "address": "https://me:pw@a.fi/"}],
        [{"processor": "", "address": "a.fi"}], [{"processor": "a@b.fi", "address": "a.fi"}], [{"address": "a.fi"}],
        [{"processor": "A", "address": "a.fi", "follow": True}], "a.fi", None, [None],
        [{"processor": "Google LLC", "address": "a.fi"}, {"processor": "Google Cloud", "address": "b.fi"}],
        [{"processor": "Pilvi Oy", "address": "a.fi"}, {"processor": "pilvi", "address": "b.fi"}],
        [{"processor": f"A{n}", "address": "a.fi"} for n in range(51)],
    ],
)  # fmt: skip
def test_lists_that_cannot_be_meant_are_refused(lists: Any) -> None:
    with pytest.raises(Invalid):
        source("published_list").settings({"lists": lists})


def test_only_the_hosts_of_the_pages_are_reached() -> None:
    known = source("published_list")
    addresses = ("a.fi/x", "https://b.fi:8443/y", "http://a.fi/z")
    given = known.settings(
        {"lists": [{"processor": f"P{n}", "address": one} for n, one in enumerate(addresses)]}
    )
    allow = known.reach(given)
    assert (allow.hosts, allow.ports) == (("a.fi", "b.fi"), frozenset({443, 8443}))
