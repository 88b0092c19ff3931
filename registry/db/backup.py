"""A copy of a SQLite database, consistent while others read and write."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from registry.db.engines import Sqlite, database


def backup(to: Path) -> int:
    """Copy the bound database, as of one moment, into the new file `to`; gives its size in bytes.

    The file appears when it is complete, readable for its owner only. Raises FileExistsError rather than write over
    anything, OSError for a folder that cannot be written, TypeError for another engine than SQLite.
    """
    base = database.obj
    if not isinstance(base, Sqlite):
        raise TypeError("Only a SQLite database is a file.")
    if to.exists():  # before the work; the link below is what decides
        raise FileExistsError(to)
    handle, part = tempfile.mkstemp(prefix=f".{to.name}.", dir=to.absolute().parent)
    try:
        base.connection().backup_to_file(part)  # all pages in one step: one snapshot, and no writer waits
        os.fsync(handle)
        os.link(part, to)
        return to.stat().st_size
    finally:
        os.close(handle)
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(part + suffix).unlink(missing_ok=True)
