"""A published text in passages, as it may be kept: by the digest of its words, quoted without what may name people.

A passage is a sentence, an item of a list, a cell of a table or a heading. Case, punctuation, white space and what
is not seen make no difference to its digest. In the quote a capitalised word is left out ("…") unless the same text has
it in small letters too, or it is a word that notices use; so are mailboxes, telephone and other long numbers, and the
ways below a host. What was left out is compared by the digest alone. See docs/adr/0017.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import yaml
from marshmallow import fields, validate

from registry.connectors.observed.plain import Digest, Word
from registry.connectors.observed.statements import COUNTS
from registry.law import law
from registry.strict.normal import normal
from registry.strict.schema import Integer, OneOf, Schema

MOST = 600  # of one page
LONGEST = 400  # characters; what is longer is parted between words
_BEGINNING = 7  # letters that a long word shares with a name by chance no more
LEFT_OUT = "…"
#: Where in a page a passage stands: in its text, at the head of a part of it, or beside it (navigation, footer).
PARTS = ("text", "heading", "beside")


class Passage(Schema):
    """A passage of a published text: the digest of its words, and a quote without what may name people."""

    part = OneOf(*PARTS, required=True)
    section = Word(most=120, metadata={"description": "The heading that it stands under, quoted alike."})
    at = Integer(min=1, required=True, metadata={"description": "Its place under that heading."})
    words_sha256 = Digest(
        required=True, metadata={"description": "Of its words in small letters, a space between."}
    )
    says = Word(most=2 * LONGEST, required=True)


class TextInPassages(fields.List):
    """The passages of a text in order, no more than are kept of a page."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(fields.Nested(Passage), validate=validate.Length(max=MOST), **kwargs)


_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_WORD = re.compile(r"[^\W_]+")
_KEPT = re.compile(rf"[^\W_]+|{LEFT_OUT}")
_ENDS = re.compile(r"(?<=[.!?])\s+(?=[\"“”»(]?[^\W\d_a-zåäö])")
_MAILBOX = re.compile(
    r"[\w.+-]{1,64}\s?(?:[@＠﹫]|[(\[{<]\s?(?:at|ät|a|@)\s?[)\]}>])\s?[\w.-]{1,253}", re.IGNORECASE
)
_SIGNED = re.compile(r"(?<!\S)[^\s@＠﹫]*[@＠﹫]\S*")
_NUMBER = re.compile(r"(?<![\w.,/-])\+?\(?\d(?:[\s().‐–-]{0,3}\d){5,20}[A-Z]?\w{0,4}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}\.\s?\d{1,2}\.\s?\d{4}")
_WEB = re.compile(r"(?:https?://|www\.)[^\s/<>\"]{1,253}(/[^\s<>\"]{1,2000})", re.IGNORECASE)
#: Words that notices write with a capital and that are nobody's name; the longer ones are how such words begin.
_USUAL: frozenset[str] = frozenset(
    word
    for every in yaml.safe_load(Path(__file__).with_name("usual.yml").read_text("utf-8")).values()
    for word in every
)
_BEGINNINGS = tuple(word for word in _USUAL if len(word) > 5)


def words(text: str) -> tuple[str, ...]:
    """The words of a text in small letters (NFC), without punctuation and what is not seen; LEFT_OUT is one."""
    return tuple(_KEPT.findall(_plain(text).casefold()))


def digest(told: Collection[str]) -> str:
    """SHA-256 of words with a space between them, hexadecimal."""
    return hashlib.sha256(" ".join(told).encode()).hexdigest()


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text, in order, none longer than LONGEST; what has no word in it is none."""
    for one in _ENDS.split(_plain(text)):
        rest = " ".join(one.split())
        while len(rest) > LONGEST:
            cut = rest.rfind(" ", 1, LONGEST)
            cut = cut if cut > 0 else LONGEST
            yield rest[:cut]
            rest = rest[cut:].strip()
        if _WORD.search(rest):
            yield rest


def common(texts: Collection[str]) -> frozenset[str]:
    """The words that texts have in small letters, which are nobody's name, and how long ones begin.

    Mailboxes and addresses on the web are left aside.
    """
    found: set[str] = set()
    for text in texts:
        bare = _WEB.sub(" ", _MAILBOX.sub(" ", _plain(text)))
        found.update(word for word in _WORD.findall(bare) if word.islower())
    return frozenset(found | {word[:_BEGINNING] for word in found if len(word) >= _BEGINNING})


def quoted(text: str, known: Collection[str]) -> str:
    """A text without what may name people; each word of it is left out or kept by itself. `known` as of `common`."""
    plain = " ".join(_plain(text).replace(LEFT_OUT, " ").split())
    hidden = [found.span() for found in _MAILBOX.finditer(plain)]
    hidden += [found.span() for found in _SIGNED.finditer(plain)]
    hidden += [found.span(1) for found in _WEB.finditer(plain)]
    hidden += [found.span() for found in _NUMBER.finditer(plain) if not _DAY.fullmatch(found[0].strip())]

    def kept(found: re.Match[str]) -> str:
        if any(begin <= found.start() < end for begin, end in hidden):
            return LEFT_OUT
        small = found[0].casefold()
        if (
            len(small) < 2
            or not found[0][0].isupper()
            or small in known
            or small in _USUAL
            or small in _printed()
        ):
            return found[0]
        long = len(small) >= _BEGINNING and small[:_BEGINNING] in known
        return found[0] if long or small.startswith(_BEGINNINGS) else LEFT_OUT

    told = re.sub("[@＠﹫_]", " ", _WORD.sub(kept, plain))
    return "".join(
        char if char.isprintable() else " " for char in told
    )  # what a terminal would obey, and the like


def unquotable(text: str) -> bool:
    """Whether nothing of a text would be quoted: a name, a number, a mailbox."""
    return set(words(quoted(text, ()))) <= {LEFT_OUT}


def shown(quote: str, most: int = 120) -> str:
    """A quote for people: what was left out side by side once, and no longer than `most`."""
    text = re.sub(rf"{LEFT_OUT}(?:[^\w{LEFT_OUT}]*{LEFT_OUT})+", LEFT_OUT, quote).strip()
    return text if len(text) <= most else text[: most - 2].rsplit(" ", 1)[0] + " …"


@functools.cache
def _printed() -> frozenset[str]:
    """The words that the law table has, of its vocabularies and what vendors are called, and numbers in words."""
    terms = (term for one in law().vocabularies.values() for term in one.terms.values())
    named = [
        label for term in terms for label in (term.name.get(language) for language in ("fi", "sv", "en"))
    ]
    texts = (*named, *(vendor.name for vendor in law().vendors.values()), *COUNTS)
    return frozenset(word for text in texts for word in words(text))


def _plain(text: str) -> str:
    return _UNSEEN.sub("", normal(text))
