"""A PDF read in a process apart: what it says, or a stable code of why not. Nothing that the file does reaches us.

pdf_encrypted         takes a password to open
pdf_no_text           pictures of pages, without letters
pdf_letters_unknown   does not say which letters it draws (some of them, where the text is told all the same)
pdf_damaged           cut short, or not as a PDF is (in part, where the text is told all the same)
pdf_too_long          more pages or letters than a notice has (the first pages, where the text is told)
pdf_too_much          more memory than a notice takes
pdf_too_slow          more time than a notice takes
pdf_reader_failed     the process ended in a way of its own
"""

from __future__ import annotations

import dataclasses
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

SECONDS = 30.0  # on the clock
#: So many are read at once, however many connectors run side by side: each may take half a gigabyte.
_PLACES = threading.BoundedSemaphore(2)
#: A process of its own, and not a fork: threads may be holding locks.
PROGRAM = (sys.executable, "-E", "-s", "-m", "registry.connectors.reading.pdf.process")
_MOST = 4 * 1024 * 1024
_ROOT = Path(__file__).parents[4]  # where the package is
#: What the process says itself.
CODES = frozenset(
    {"pdf_encrypted", "pdf_no_text", "pdf_letters_unknown", "pdf_damaged", "pdf_too_long", "pdf_too_much"}
)
_PARTS = frozenset({"text", "heading", "beside"})
_SLOW = (-signal.SIGXCPU, -signal.SIGKILL)  # the processor's limit, and ours


class Unreadable(Exception):
    """Nothing can be told of the text of a PDF, by a stable code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclasses.dataclass(frozen=True, slots=True)
class Printed:
    """What a PDF says: its blocks with the part each is of, its language if it says, its links; what is not whole.

    `guessed`: where blocks begin and end is no part of the file, but taken from where its lines stand.
    """

    blocks: tuple[tuple[str, str], ...]
    guessed: bool
    language: str | None
    links: tuple[str, ...]
    faults: tuple[str, ...]


def read(body: bytes, seconds: float = SECONDS) -> Printed:
    """What a PDF says, within `seconds`. Raises Unreadable."""
    begun = time.monotonic()
    if not _PLACES.acquire(timeout=seconds):
        raise Unreadable("pdf_too_slow")
    try:
        code, said = _run(body, min(seconds - (time.monotonic() - begun), SECONDS))
    finally:
        _PLACES.release()
    if code in _SLOW:
        raise Unreadable("pdf_too_slow")
    try:
        told = json.loads(said)
    except ValueError:
        raise Unreadable("pdf_reader_failed") from None
    if code != 0 or not isinstance(told, dict):
        raise Unreadable("pdf_reader_failed")
    if "failed" in told:
        raise Unreadable(told["failed"] if told["failed"] in CODES else "pdf_reader_failed")
    return _understood(told)


def _run(body: bytes, seconds: float) -> tuple[int, bytes]:
    """How the process ended, and what it wrote. A file takes what it writes: no pipe can fill, and none waits."""
    try:
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
            given.write(body)
            given.seek(0)
            process = subprocess.Popen(
                PROGRAM,
                stdin=given, stdout=said, stderr=subprocess.DEVNULL, env={}, cwd=_ROOT, start_new_session=True,
            )  # fmt: skip
            try:
                process.wait(max(0.1, seconds))
            except subprocess.TimeoutExpired:
                pass
            finally:
                process.kill()
                code = process.wait()
            said.seek(0)
            return code, said.read(_MOST)
    except OSError:  # no memory or no room for a process of our own
        raise Unreadable("pdf_reader_failed") from None


def _understood(told: dict[str, Any]) -> Printed:
    """What the process told, believed no further than its form."""
    try:
        blocks = tuple((part, text) for part, text in told["blocks"])
        links, language = tuple(told["links"]), told["language"]
        faults, guessed = tuple(told["faults"]), told["guessed"] is not False
    except (KeyError, TypeError, ValueError):
        raise Unreadable("pdf_reader_failed") from None
    texts = (*(text for _, text in blocks), *links, *([] if language is None else [language]))
    if (
        not all(isinstance(one, str) for one in texts)
        or not {part for part, _ in blocks} <= _PARTS
        or not set(faults) <= CODES
        or any("\ud800" <= char <= "\udfff" for text in texts for char in text)  # half a character
    ):
        raise Unreadable("pdf_reader_failed")
    return Printed(blocks, guessed, language, links, faults)
