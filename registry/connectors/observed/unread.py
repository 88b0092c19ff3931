"""Why the text of a published notice was not read, or not all of it, and what is to be done about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Unread(NamedTuple):
    """What it is, and what to do, in Finnish and English."""

    fi: str
    en: str


_PUBLISH = Unread(
    "Julkaise rekisterin oma sivu tai tekstiä sisältävä PDF, tai työnnä teksti havaintona.",
    "Publish the registry's own page or a PDF with text, or push the text as an observation.",
)


def _published(fi: str, en: str) -> Unread:
    return Unread(f"{fi} {_PUBLISH.fi}", f"{en} {_PUBLISH.en}")


#: By the code that the run of a connector tells, too.
UNREAD: Mapping[str, Unread] = {
    "no_text": _published(
        "Sivulla ei ole tekstiä: sen tekee skripti lukijan selaimessa.",
        "There is no text on the page: a script makes it in the reader's browser.",
    ),
    "not_html": _published("Sivu ei ole HTML:ää eikä PDF.", "The page is neither HTML nor a PDF."),
    "pdf_encrypted": _published("PDF:n avaamiseen tarvitaan salasana.", "It takes a password to open the PDF."),
    "pdf_no_text": _published(
        "PDF:ssä on kuvia sivuista, ei tekstiä.", "The PDF holds pictures of pages, and no text."
    ),
    "pdf_letters_unknown": _published(
        "PDF ei kerro, mitä kirjaimia siinä on. Tallenna se uudelleen ohjelmasta, jolla se on kirjoitettu.",
        "The PDF does not say which letters are in it. Save it anew from the program that it was written with.",
    ),
    "pdf_damaged": _published(
        "PDF on rikki tai katkennut. Tallenna se uudelleen.", "The PDF is damaged or cut short. Save it anew."
    ),
    "pdf_too_long": _published(
        "PDF:ssä on enemmän sivuja tai tekstiä kuin luetaan.", "The PDF has more pages or text than are read."
    ),
    "pdf_too_much": _published(
        "PDF:n lukeminen vie enemmän muistia kuin sille annetaan.",
        "Reading the PDF takes more memory than it is given.",
    ),
    "pdf_too_slow": _published(
        "PDF:n lukeminen vie enemmän aikaa kuin sille annetaan.",
        "Reading the PDF takes more time than it is given.",
    ),
    "pdf_reader_failed": Unread(
        "PDF:n lukija kaatui. Kerro rekisterin ylläpidolle.",
        "The reader of the PDF failed. Tell who runs the registry.",
    ),
    "too_many_passages": Unread(
        "Tekstissä on enemmän kohtia kuin luetaan, ja loput jäivät lukematta.",
        "The text has more passages than are read, and the rest was not.",
    ),
}  # fmt: skip
