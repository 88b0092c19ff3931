"""Which names of fields and columns look like personal data, in Finnish, Swedish and English (personal.yml)."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from registry.strict.normal import normal

#: A term of DPV that somebody wrote into a comment or a setting, which is better than any guess.
_STATED = re.compile(r"\bpd:[A-Za-z0-9][A-Za-z0-9-]{0,100}")
_LONGEST = 1_000  # characters of a name or a comment that are looked at


@functools.cache
def _data() -> dict[str, Any]:
    read: Any = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))
    terms = [
        (term, [one for said in words.values() for one in said]) for term, words in read["terms"].items()
    ]
    return {
        **read,
        "terms": [(term, _matcher(words)) for term, words in terms],
        "phrases": [words for _, words in terms],
    }


@functools.cache
def _listed(name: str) -> re.Pattern[str]:
    return _matcher(_data()[name])


@functools.cache
def _last(name: str) -> list[tuple[str, re.Pattern[str]]]:
    """By their terms, the words that count only as the last of a name."""
    return [(term, re.compile(f"(?:{_matcher(words).pattern}) $")) for term, words in _data()[name].items()]


@functools.cache
def _somebody() -> str:
    """An expression for a word for people, with the ending that it may have within a name (`elevs namn`)."""
    found = [re.escape(one.strip("-")) + (r"\w*?" if one.endswith("-") else "") for one in _data()["people"]]
    return r"(?:" + "|".join(sorted(found, key=len, reverse=True)) + r")\w{0,2}?"


@functools.cache
def _before() -> re.Pattern[str]:
    return re.compile(rf"(?<= ){_somebody()}(?= )")


@functools.cache
def _in_one_word() -> list[tuple[str, re.Pattern[str]]]:
    """The words of people's tables after a word for people, in one word with it (`asiakasnumero`)."""
    return [
        (term, re.compile(rf"(?<= ){_somebody()}(?:{'|'.join(map(re.escape, words))})\d* $"))
        for term, words in _data()["with_people"].items()
    ]


@functools.cache
def _any() -> re.Pattern[str]:
    """All phrases of all terms: most names have none of them."""
    return _matcher(phrase for phrases in _data()["phrases"] for phrase in phrases)


@functools.lru_cache(maxsize=10_000)  # the same names come again and again, in thousands of tables
def term(name: str, *, within: str = "", comment: str = "") -> str | None:
    """The term of DPV (`pd:…`) that a field's name or its comment points to; None where neither does.

    `within` is the name of the table or object that it is in. A term in the comment goes before the name.
    """
    if stated := _STATED.search(comment[:_LONGEST]):
        return stated[0]
    if found := _by_name(apart(name), within):
        return found
    told = apart(comment)
    if not _any().search(told):
        return None
    return next(str(one) for one, matcher in _data()["terms"] if matcher.search(told))


def _by_name(words: str, within: str) -> str | None:
    if _listed("apart_from").search(words):
        return None
    for one, matcher in _data()["terms"] if _any().search(words) else ():
        found = matcher.search(words)
        if not found or _of_itself(words[found.end() :], one):
            continue
        if not _of_no_person(one, words[: found.start()], within):
            return str(one)
    return next(_by_last_word(words, within), None)


def _by_last_word(words: str, within: str) -> Iterator[str]:
    """The terms of words that count only as the last of a name, those of any table first."""
    before = words.rstrip().rpartition(" ")[0] + " "
    said = [one for one, last in _last("heads") if last.search(words)]
    if not _of_something(before, within):
        said += _of_somebody(words, within)
    if _is_a("writing", within):
        said += [one for one, last in _last("with_writing") if last.search(words)]
    yield from (one for one in said if not _of_no_person(one, before, within))


def _of_something(before: str, within: str) -> bool:
    """Whether the word before is one for a thing (`file_name`), or the table is one of programs."""
    last = f" {before.rsplit(maxsplit=1)[-1]} " if before.strip() else ""
    things = (_listed("organisations"), _listed("things"))
    return any(one.search(last) for one in things) or bool(_listed("programs").search(apart(within)))


def _of_somebody(words: str, within: str) -> Iterator[str]:
    people, of_one = of_people(within), _is_a("of_one", within)
    for one, last in _last("with_people"):
        if found := last.search(words):
            named = people or _before().search(words[: found.start()])
            if named or (of_one and one not in _data()["of_one_not"]):
                yield one
    yield from (one for one, whole in _in_one_word() if whole.search(words))


def _of_itself(after: str, term: str) -> bool:
    """Whether what follows a phrase makes the name one of something else: the type, the time, the number of it."""
    last = after.split()[-1:]
    return bool(last and last[0] in _data()["of_itself"] and last[0] not in _data()["own_kind"].get(term, []))


def _of_no_person(term: str, before: str, within: str) -> bool:
    """Whether it is where an organisation or a building is, or its account, by the words before or by the table."""
    if term not in _data()["of_theirs"]:
        return False
    return _is_a("organisations", within) or bool(_listed("organisations").search(before))


def _is_a(kind: str, table: str) -> bool:
    """Whether a table is of this kind: by a word of its name, of which the last does not make it another."""
    words = apart(table)
    return bool(_listed(kind).search(words)) and words.split()[-1] not in _data()["of_itself"]


def held_by(term: str, sort: str) -> bool:
    """Whether a column of this sort (`pg_type.typcategory`) can hold what a term says.

    No number, no time and no random key is a name or an address: it points to one, or says that there is one.
    """
    return sort != "B" and not (sort in {"N", "D", "T", "uuid"} and term in _data()["written"])


def denied(comment: str) -> bool:
    """Whether a comment says that a column holds nothing personal."""
    return not _STATED.search(comment[:_LONGEST]) and bool(_listed("not_personal").search(apart(comment)))


def of_people(name: str) -> bool:
    """Whether a table or an object of this name is about people (`users`, not `user_types`)."""
    return _is_a("people", name) or _is_a("accounts", name)


def of_creation(names: Iterable[str]) -> str | None:
    """Of these columns the one that says when a row came to be: the one that personal.yml names first."""
    by_words = {_spaced(name).strip(): name for name in names}
    together = {words.replace(" ", ""): name for words, name in by_words.items()}
    for wanted in _data()["created"]:
        if wanted in by_words:
            return by_words[wanted]
        if wanted.replace(" ", "") in together:
            return together[wanted.replace(" ", "")]
    return None


def apart(name: str) -> str:
    """A name as words in small letters without marks, a space before, between and after: ` first name `.

    Neighbours are also given written together, so that a phrase is found however it was written.
    """
    return _spaced(name[:_LONGEST])


def _spaced(name: str) -> str:
    split = re.sub(r"(?<=[a-zåäö0-9])(?=[A-ZÅÄÖ])|(?<=[A-ZÅÄÖ])(?=[A-ZÅÄÖ][a-zåäö])", " ", name)
    plain = "".join(c for c in normal(split.casefold(), "NFKD") if not unicodedata.combining(c))
    return " " + " ".join(re.findall(r"[^\W_]+", plain)) + " "


def _matcher(phrases: Iterable[str]) -> re.Pattern[str]:
    """One expression for many phrases, over names that are spaced; it asks for the start of a word once (fast)."""
    kinds: dict[tuple[bool, bool], list[str]] = {}
    for phrase in phrases:
        core = re.escape(phrase.strip("-")).replace(r"\ ", " ?")
        kinds.setdefault((phrase.startswith("-"), phrase.endswith("-")), []).append(core)
    found = [
        (r"\w*" if before else "") + f"(?:{'|'.join(cores)})" + (r"\w*(?= )" if after else r"\d*(?= )")
        for (before, after), cores in sorted(kinds.items())
    ]
    return re.compile(f"(?<= )(?:{'|'.join(found)})")
