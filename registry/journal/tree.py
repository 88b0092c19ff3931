"""https://www.rfc-editor.org/rfc/rfc9162#section-2.1: the Merkle tree over the entries, as functions of hashes.

A tree of n leaves is kept as its *peaks*: the roots of the complete subtrees that n splits into, the largest first,
one for each set bit of n. A node is (level, position): level 0 are the leaves, and node (l, p) is over the leaves
p·2^l up to (p+1)·2^l. A complete subtree never changes again, so proofs can be read from stored nodes at any time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

#: The root of the tree without leaves.
EMPTY = hashlib.sha256(b"").digest()
WIDTH = 32

Node = tuple[int, int, bytes]


def leaf(entry: bytes) -> bytes:
    """The hash of an entry as a leaf."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def append(size: int, peaks: Sequence[bytes], added: bytes) -> tuple[tuple[bytes, ...], list[Node]]:
    """Add a leaf to a tree of `size` leaves: the new peaks, and the subtrees it completed (level 1 and up, in order).

    Raises ValueError when there are not as many peaks as `size` has.
    """
    if len(peaks) != size.bit_count():
        raise ValueError(f"{len(peaks)} peaks for {size} leaves")
    left, made, top, level = list(peaks), [], added, 0
    while size >> level & 1:
        top = node(left.pop(), top)
        level += 1
        made.append((level, size >> level, top))
    return (*left, top), made


def root(peaks: Sequence[bytes]) -> bytes:
    """The root over peaks (EMPTY without any)."""
    if not peaks:
        return EMPTY
    top = peaks[-1]
    for peak in reversed(peaks[:-1]):
        top = node(peak, top)
    return top


def covering(size: int) -> list[tuple[int, int]]:
    """The (level, position) of the peaks of a tree of `size` leaves, the largest first."""
    found, before = [], 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            found.append((level, before >> level))
            before += 1 << level
    return found


def last_leaf(level: int, position: int) -> int:
    """How many leaves the tree had when node (level, position) was completed: the number of its last entry."""
    return (position + 1) << level
