"""The tree against the recursive definition of RFC 9162 and the vectors of Certificate Transparency."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.journal import tree

LEAVES = st.lists(st.binary(max_size=8), max_size=70)


def definition(entries: list[bytes]) -> bytes:
    """MTH of RFC 9162, 2.1.1, as it is written there."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    split = 1 << (len(entries) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + definition(entries[:split]) + definition(entries[split:])).digest()


def grown(entries: list[bytes]) -> tuple[tuple[bytes, ...], dict[tuple[int, int], bytes]]:
    """Peaks, and every node that was made on the way (with the leaves as level 0)."""
    peaks: tuple[bytes, ...] = ()
    nodes: dict[tuple[int, int], bytes] = {}
    for size, entry in enumerate(entries):
        nodes[0, size] = tree.leaf(entry)
        peaks, made = tree.append(size, peaks, tree.leaf(entry))
        for level, position, value in made:
            assert (level, position) not in nodes
            assert tree.last_leaf(level, position) == size + 1
            nodes[level, position] = value
    return peaks, nodes


@given(LEAVES)
def test_the_root_over_the_peaks_is_the_root_by_definition(entries: list[bytes]) -> None:
    peaks, _ = grown(entries)
    assert tree.root(peaks) == definition(entries)
    assert len(peaks) == len(entries).bit_count()


@given(LEAVES)
def test_every_complete_subtree_is_made_once_and_right(entries: list[bytes]) -> None:
    _, nodes = grown(entries)
    expected = {
        (level, at): definition(entries[at << level : (at + 1) << level])
        for level in range(8)
        for at in range(len(entries) >> level)
    }
    assert nodes == expected


@given(LEAVES, st.data())
def test_the_root_at_any_earlier_size_comes_from_the_nodes(entries: list[bytes], data: st.DataObject) -> None:
    size = data.draw(st.integers(0, len(entries)))
    _, nodes = grown(entries)
    assert tree.root([nodes[place] for place in tree.covering(size)]) == definition(entries[:size])


VECTORS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("size", range(1, 9))
def test_the_vectors_of_certificate_transparency(size: int) -> None:
    peaks, _ = grown([bytes.fromhex(entry) for entry in VECTORS[:size]])
    assert tree.root(peaks).hex() == ROOTS[size - 1]


def test_a_leaf_is_no_node_and_no_leaves_are_something_else() -> None:
    left, right = tree.leaf(b"l"), tree.leaf(b"r")
    assert tree.leaf(left + right) != tree.node(left, right)
    assert tree.root(()) == tree.EMPTY != tree.leaf(b"")


@pytest.mark.parametrize(("size", "peaks"), [(0, (b"x",)), (1, ()), (2, (b"x", b"y")), (3, (b"x",))])
def test_peaks_that_cannot_be_of_that_size_are_refused(size: int, peaks: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match="peaks"):
        tree.append(size, peaks, tree.leaf(b""))
