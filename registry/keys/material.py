"""Key material as the operator hands it over: a file of one key a line, or the environment; the newest first."""

from __future__ import annotations

import functools
import logging
import stat
from pathlib import Path

log = logging.getLogger(__name__)


@functools.lru_cache(maxsize=32)
def lines(name: str, file: str, text: str) -> tuple[str, ...]:
    """The keys of a setting, the present one first; none where none is set.

    `name` is the setting's (``hold_key``); `file` its path, `text` the key itself where there is no file. Raises
    ValueError, saying the setting and never a key, for a file that cannot be read, that others may change, or that is
    no ASCII text. One that others may read is warned of: where secrets are mounted into containers it cannot be helped.
    """
    setting = f"REGISTRY_{name.upper()}"
    if file:
        setting += "_FILE"
        try:
            mode = Path(file).stat().st_mode
            if mode & (stat.S_IWGRP | stat.S_IWOTH):
                raise ValueError(f"{setting} may be changed by others than its owner: chmod 600")
            if mode & stat.S_IROTH:
                log.warning("the file of %s may be read by everybody on this machine: chmod 600 it", setting)
            text = Path(file).read_text("ascii")
        except (OSError, UnicodeDecodeError):
            raise ValueError(f"{setting} cannot be read, or is no ASCII text") from None
    found = tuple(line.strip() for line in text.splitlines() if line.strip())
    if file and not found:
        raise ValueError(f"{setting} is empty")
    if len(set(found)) < len(found):
        raise ValueError(f"{setting} has a key twice")
    return found
