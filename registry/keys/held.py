"""Sealed secrets as they are kept: each room that keeps some says where they lie; here they are sealed, opened and
sealed anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from registry import errors
from registry.db import Stored, writes
from registry.keys.sealing import KeyMissing, Sealer, Tampered, key_of


@dataclass(frozen=True, slots=True)
class Kept:
    """A secret that lies in a column of a row, sealed for `bound`."""

    row: Stored
    bound: str
    column: str = "sealed"

    @property
    def text(self) -> str:
        """As it lies there."""
        return str(getattr(self.row, self.column))

    def put(self, text: str) -> None:
        """Put another text in its place."""
        setattr(self.row, self.column, text)
        self.row.save(only=[self.column])


#: Every sealed secret of a room.
Find = Callable[[], Iterable[Kept]]
_rooms: dict[str, Find] = {}


def keeps(room: str) -> Callable[[Find], Find]:
    """Decorator: this function finds the sealed secrets of a room. Raises ValueError when another does already."""

    def take(find: Find) -> Find:
        if room in _rooms:
            raise ValueError(f"{room} has said where its secrets lie")
        _rooms[room] = find
        return find

    return take


def missing(sealer: Sealer) -> list[str]:
    """Ids of keys that something is sealed under and that are not here. The application has been imported before."""
    return sorted({key_of(one.text) for find in _rooms.values() for one in find()} - set(sealer.ids))


def reseal(sealer: Sealer) -> dict[str, int]:
    """Seal everything of every room under the present key, so that an older one can go; gives how many secrets of each
    were moved.

    Raises KeyMissing where an older key is not here, and then nothing of that room was moved.
    """
    return {room: _reseal(find, sealer) for room, find in sorted(_rooms.items())}


@writes(journalled=False, why="the same secrets under a newer key")
def _reseal(find: Find, sealer: Sealer) -> int:
    moved = 0
    for one in list(find()):
        again = sealer.reseal(one.text, bound=one.bound)
        if again != one.text:
            one.put(again)
            moved += 1
    return moved


def seal(secret: str, sealer: Sealer, *, bound: str, field: str | None = None) -> str:
    """A secret that somebody gave, sealed. Raises errors.Invalid (`no_secret_key`) at the field that it came in."""
    try:
        return sealer.seal(secret.encode(), bound=bound)
    except KeyMissing:
        raise errors.Invalid(
            "This deployment has no key to seal secrets with: its operator makes one (`registry keys new sealing`) and "
            "names its file in REGISTRY_SECRET_KEY_FILE.",
            code="no_secret_key",
            field=field,
        ) from None


def unseal(sealed: str, sealer: Sealer, *, bound: str) -> str:
    """A secret in the clear, to be used. Raises errors.Unavailable: `secret_key_missing`, `secret_tampered`."""
    try:
        return sealer.unseal(sealed, bound=bound).decode()
    except KeyMissing as absent:
        raise errors.Unavailable(str(absent), code="secret_key_missing") from None
    except Tampered as changed:
        raise errors.Unavailable(str(changed), code="secret_tampered") from None
