"""Who keeps secrets sealed: each room that does says how to find the keys it needs, and how to seal anew."""

from __future__ import annotations

from collections.abc import Callable

from registry.keys.sealing import Sealer

#: Ids of keys that something is sealed under and that are not here.
Missing = Callable[[Sealer], list[str]]
#: Seals everything under the present key; gives how many secrets were moved.
Reseal = Callable[[Sealer], int]

_rooms: dict[str, tuple[Missing, Reseal]] = {}


def keeps(room: str, *, missing: Missing, reseal: Reseal) -> None:
    """Say that a room keeps sealed secrets. Raises ValueError when it has said so before."""
    if room in _rooms:
        raise ValueError(f"{room} has said how its secrets are sealed anew")
    _rooms[room] = (missing, reseal)


def missing(sealer: Sealer) -> list[str]:
    """Ids of keys that any room needs and that are not here. The application has been imported before."""
    return sorted({key for find, _ in _rooms.values() for key in find(sealer)})


def reseal(sealer: Sealer) -> dict[str, int]:
    """Seal everything of every room under the present key; gives how many secrets of each were moved.

    Raises KeyMissing where an older key is not here, and then nothing of that room was moved.
    """
    return {room: again(sealer) for room, (_, again) in sorted(_rooms.items())}
