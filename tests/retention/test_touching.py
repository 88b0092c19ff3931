"""What a legal hold holds: by each of its targets, whatever the question leaves open, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.retention.holds import hold, keyed
from registry.retention.holds.hold import Asked, Hold, touching
from registry.settings import Settings

#: What is published: customers has conversations (D1) and something whose kind is not said (D2); staff has names.
ROWS = frozenset(
    {("customers", "D1", "pd:Communication"), ("customers", "D2", None), ("staff", "D1", "pd:Name")}
)
OF_STAFF = frozenset({("staff", "D1", "pd:Name")})


def asked(
    system: str | None = "desk",
    register: str | None = None,
    category: str | None = None,
    kind: str | None = None,
    rows: frozenset[tuple[str, str, str | None]] = ROWS,
    systems: frozenset[str] = frozenset(),
    reach: frozenset[tuple[str, str]] = frozenset(),
    known: dict[str, set[str]] | None = None,
) -> Asked:
    return Asked(system, register, category, kind, rows, systems, reach, known or {})


REGISTERS = Hold(1, 1, registers=frozenset({"customers"}))
SYSTEMS = Hold(2, 1, systems=frozenset({"desk"}))
CATEGORIES = Hold(3, 1, categories=frozenset({("customers", "D1")}))
KINDS = Hold(4, 1, data_categories=frozenset({"pd:Communication"}))
PEOPLE = Hold(5, 1, by_reference=True)
RENAMED = frozenset({("customers", "D9", "pd:Name")})
REACH = frozenset({("customers", "chat")})


@pytest.mark.parametrize(
    ("one", "about", "held"),
    [
        # a system
        (SYSTEMS, asked(), True),
        (SYSTEMS, asked(system="chat"), False),
        (
            SYSTEMS,
            asked(system="chat", systems=frozenset({"desk"})),
            False,
        ),  # the one that is asked about counts
        (SYSTEMS, asked(system=None, systems=frozenset({"chat", "desk"})), True),
        (SYSTEMS, asked(system=None, systems=frozenset({"chat"})), False),
        (SYSTEMS, asked(system=None), False),
        # a register: its own, one whose rows are there, or one that ever named the system
        (REGISTERS, asked(register="customers", rows=frozenset()), True),
        (REGISTERS, asked(register="staff"), False),
        (REGISTERS, asked(), True),
        (REGISTERS, asked(rows=OF_STAFF), False),
        (REGISTERS, asked(system="chat", rows=OF_STAFF, reach=REACH), True),
        (REGISTERS, asked(system="desk", rows=OF_STAFF, reach=REACH), False),
        (REGISTERS, asked(system=None, rows=OF_STAFF, reach=REACH), False),
        (REGISTERS, asked(system="chat", register="staff", rows=OF_STAFF, reach=REACH), False),
        # a category of a register
        (CATEGORIES, asked(register="customers", category="D1"), True),
        (CATEGORIES, asked(register="customers", category="D2"), False),
        (CATEGORIES, asked(register="staff", category="D1"), False),
        (CATEGORIES, asked(category="D1"), True),
        (CATEGORIES, asked(category="D1", rows=OF_STAFF), False),
        (CATEGORIES, asked(), True),
        (CATEGORIES, asked(kind="pd:Communication"), True),
        (CATEGORIES, asked(kind="pd:Name"), False),
        (CATEGORIES, asked(kind="pd:Name", rows=frozenset({("customers", "D1", None)})), True),
        (
            CATEGORIES,
            asked(kind="pd:Name", register="customers", rows=OF_STAFF),
            True,
        ),  # of what kind is not known
        (CATEGORIES, asked(category="D1", kind="pd:Name"), False),
        # a category that its register has no more: what it has may be it, renamed
        (CATEGORIES, asked(category="D9", rows=RENAMED, known={"customers": {"D9"}}), True),
        (
            CATEGORIES,
            asked(
                category="D9",
                rows=RENAMED | {("staff", "D9", "pd:Name")},
                known={"customers": {"D9"}, "staff": {"D9"}},
            ),
            True,
        ),  # of whichever it is
        (
            CATEGORIES,
            asked(category="D9", register="customers", rows=RENAMED, known={"customers": {"D9"}}),
            True,
        ),
        (
            CATEGORIES,
            asked(category="D9", register="customers", rows=frozenset(), known={"customers": {"D2"}}),
            True,
        ),
        (CATEGORIES, asked(category="D9", rows=RENAMED, known={"customers": {"D1", "D9"}}), False),
        (
            CATEGORIES,
            asked(category="D9", rows=OF_STAFF, known={"customers": {"D8"}, "staff": {"D9"}}),
            False,
        ),
        (
            CATEGORIES,
            asked(category="D9", register="staff", rows=OF_STAFF, known={"customers": {"D8"}}),
            False,
        ),
        (CATEGORIES, asked(category="D9", rows=RENAMED, known={"staff": {"D9"}}), False),
        # a kind that a category once went by
        (
            KINDS,
            asked(category="D9", rows=frozenset({*RENAMED, ("customers", "D9", "pd:Communication")})),
            True,
        ),
        (
            KINDS,
            asked(kind="pd:Name", rows=frozenset({*RENAMED, ("customers", "D9", "pd:Communication")})),
            True,
        ),
        (
            KINDS,
            asked(kind="pd:Name", rows=frozenset({*RENAMED, ("customers", "D8", "pd:Communication")})),
            False,
        ),
        # a kind of data
        (KINDS, asked(kind="pd:Communication"), True),
        (KINDS, asked(kind="pd:Name"), False),
        (KINDS, asked(kind="pd:Name", rows=ROWS), False),
        (KINDS, asked(), True),
        (KINDS, asked(rows=OF_STAFF), False),
        (KINDS, asked(rows=frozenset()), True),  # nothing is known of it
        (KINDS, asked(category="D1"), True),
        (KINDS, asked(category="D2"), True),  # its kind is not said
        (KINDS, asked(category="D1", rows=OF_STAFF), False),
        (KINDS, asked(category="D9", rows=OF_STAFF), True),
        (KINDS, asked(category="D1", rows=frozenset({*OF_STAFF, ("x", "D2", "pd:Communication")})), False),
        # people, who are looked up elsewhere
        (PEOPLE, asked(), False),
        (Hold(6, 1), asked(), False),
    ],
)
def test_what_a_hold_touches(one: Hold, about: Asked, held: bool) -> None:
    assert touching([one], about) == ([one.id] if held else [])


def test_every_hold_that_touches_is_told() -> None:
    assert touching([REGISTERS, PEOPLE, SYSTEMS, KINDS], asked()) == [1, 2, 4]


def test_the_registers_that_a_hold_names() -> None:
    both = Hold(1, 1, registers=frozenset({"a"}), categories=frozenset({("b", "D1"), ("c", "D2")}))
    assert both.named == {"a", "b", "c"}
    assert Hold(1, 1).named == frozenset()
    assert not Hold(1, 1).by_reference


def test_targets_are_one_line_in_one_order() -> None:
    one = Hold(
        3,
        2,
        frozenset({"b", "a"}),
        frozenset({"s"}),
        frozenset({("b", "D2"), ("b", "D1")}),
        frozenset({"x"}),
        True,
    )
    assert hold.targets(one) == (
        '{"id":3,"version":2,"registers":["a","b"],"systems":["s"],"categories":[["b","D1"],["b","D2"]],'
        '"data_categories":["x"],"by_reference":true}'
    )
    lines = "\n".join(hold.targets(Hold(number, 1)) for number in (3, 1, 2))
    assert [found.id for found in hold.read(lines)] == [1, 2, 3]
    assert hold.read("") == []


# --- references to people

SECRET = "correct horse battery staple, thrice"


def test_a_reference_is_hashed_under_its_key_and_the_key_is_known_by_a_number() -> None:
    (key,) = keyed.keys(Settings(hold_key=SECRET))
    (other,) = keyed.keys(Settings(hold_key=SECRET + "!"))
    assert key.digest("person/1") == key.digest("person/1") != key.digest("person/2")
    assert key.digest("person/1") != other.digest("person/1")
    assert len(key.digest("person/1")) == 64
    assert (len(key.id), key.id != other.id, SECRET not in key.id) == (16, True, True)
    assert key.secret == SECRET.encode()


ALIKE = (
    "customer 4711", "Customer-4711", " CUSTOMER\t4711 ", "customer4711", "Ｃｕｓｔｏｍｅｒ　４７１１",
    "ᶜustomer 4711",
)  # fmt: skip


def test_a_reference_is_held_however_it_is_written_and_sought_also_as_it_was_given() -> None:
    (key,) = keyed.keys(Settings(hold_key=SECRET))
    assert {key.held(one) for one in ALIKE} == {key.digest("customer4711")}
    assert len({key.held(one) for one in ("customer 4711", "customer 4712", "–", "...", "")}) == 5
    assert keyed.plain("-–.") == "-–."  # where it has neither letter nor digit, all of it counts
    assert key.sought("Customer 4711") == (key.digest("customer4711"), key.digest("Customer 4711"))
    assert SECRET not in repr(key)


def test_every_key_of_a_file_has_to_be_good_and_the_file_is_named(tmp_path: Path) -> None:
    kept = tmp_path / "keys"
    kept.write_text(f"{SECRET}\nshort\n")
    with pytest.raises(ValueError, match="needs 32 characters"):
        keyed.keys(Settings(hold_key_file=str(kept)))
    kept = tmp_path / "more"  # a file is read once
    kept.write_text(f"{SECRET}\n{SECRET}!\n")
    assert [key.secret.decode() for key in keyed.keys(Settings(hold_key_file=str(kept)))] == [
        SECRET,
        SECRET + "!",
    ]
    with pytest.raises(ValueError, match="REGISTRY_HOLD_KEY_FILE"):
        keyed.keys(Settings(hold_key_file=str(tmp_path / "none")))


def test_the_numbers_and_hashes_of_a_key_never_change() -> None:
    """What is stored under them would be lost."""
    (key,) = keyed.keys(Settings(hold_key=SECRET))
    assert key.id == "7654fdafbc55a3ff"
    assert key.digest("person/1") == "ecb4cb4a886d7b0b4e684de3e1fee8f67072f38dd919e8c018cea8323c6fc341"


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("abcdefgh" * 4, True),
        ("abcdefgh" * 3 + "abcdefg", False),
        ("abcdefg" * 5, False),
        ("abcdefgh" + "a" * 24, True),
    ],
)
def test_a_key_has_32_characters_and_8_different_ones(text: str, good: bool) -> None:
    if good:
        assert len(keyed.keys(Settings(hold_key=text))) == 1
    else:
        with pytest.raises(ValueError, match="needs 32 characters"):
            keyed.keys(Settings(hold_key=text))


def test_a_key_shows_its_number_and_no_more() -> None:
    (key,) = keyed.keys(Settings(hold_key="canary-" + "0123456789abcdef" * 2))
    assert key.id in repr(key)
    assert "canary" not in repr(key)
