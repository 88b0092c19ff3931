"""A nightly job for another machine: reads the whole journal, verifies it, and keeps its checkpoint. Python 3.11 alone.

    REGISTRY_TOKEN=… python keep_journal.py https://registry.example kept.json

What is verified is written down in docs/journal.md: each entry's hash, the chain, the tree, and that the journal is
still the one whose checkpoint was kept the last time, only longer. Whoever writes the database can write a new journal,
but not what lies here. The token's client sees the whole installation (`registry client add --everything --scope
journal:read`).

Exit status: 0 it fits and is kept, 1 it does not (what was kept stays as it was: show it to somebody), 2 not read.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

Ask = Callable[[str], Any]


class Broken(Exception):
    """The journal is not what it has to be."""


def verified(ask: Ask, kept: dict[str, Any] | None) -> dict[str, Any]:
    """The checkpoint of now, once all entries fit up to it and to the `kept` one. Raises Broken, saying where not."""
    told = ask("/v1/journal/checkpoint")
    size, root = int(told["size"]), str(told["root"])
    if kept is not None and (told["origin"] != kept["origin"] or size < kept["size"]):
        raise Broken(
            f"there were {kept['size']} entries of {kept['origin']}, there are {size} of {told['origin']}"
        )
    peaks: list[bytes] = []
    before = bytes(32)
    number = 0
    marks = {size: root} if kept is None else {size: root, int(kept["size"]): str(kept["root"])}
    for one in _entries(ask):
        if number == size:  # what was written since the checkpoint was given
            break
        number += 1
        entry = one["entry"]
        leaf = hashlib.sha256(b"\x00" + _canonical(entry)).digest()
        if entry["seq"] != number or leaf.hex() != one["leaf"] or entry["prev_hash"] != before.hex():
            raise Broken(f"entry {number} does not fit")
        before = leaf
        _grow(peaks, number, leaf)
        if number in marks and _root(peaks).hex() != marks[number]:
            raise Broken(f"the first {number} entries are not those of the checkpoint")
    if number < size or (kept is not None and kept["size"] == size and kept["root"] != root):
        raise Broken(f"{size} entries were told of, and {number} are there")
    return dict(told)


def _entries(ask: Ask) -> Iterator[dict[str, Any]]:
    cursor = None
    while True:
        page = ask("/v1/journal?" + urlencode({"limit": 200} | ({"cursor": cursor} if cursor else {})))
        yield from page["items"]
        if (cursor := page["next"]) is None:
            return


def _canonical(entry: dict[str, Any]) -> bytes:
    # RFC 8785 for what an entry has: names in ASCII, texts, whole numbers, null.
    return json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _grow(peaks: list[bytes], number: int, leaf: bytes) -> None:
    """The roots of the complete subtrees of so many leaves, the largest first (RFC 9162, 2.1)."""
    top = leaf
    size = number - 1
    while size & 1:
        top = hashlib.sha256(b"\x01" + peaks.pop() + top).digest()
        size >>= 1
    peaks.append(top)


def _root(peaks: Sequence[bytes]) -> bytes:
    if not peaks:
        return hashlib.sha256(b"").digest()
    top = peaks[-1]
    for left in reversed(peaks[:-1]):
        top = hashlib.sha256(b"\x01" + left + top).digest()
    return top


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token goes nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


def asking(url: str, token: str) -> Ask:
    """Asks the registry at `url`, by https or on this machine. Raises ValueError for another URL."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise ValueError("the URL has to be https")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)

    def ask(path: str) -> Any:
        request = urllib.request.Request(  # noqa: S310 -- the scheme was looked at above
            url.rstrip("/") + path, headers={"Authorization": f"Bearer {token}"}
        )
        with opener.open(request, timeout=30) as answer:
            return json.load(answer)

    return ask


def main(arguments: Sequence[str]) -> int:
    """Run it; gives the exit status."""
    if len(arguments) != 2 or not os.environ.get("REGISTRY_TOKEN"):
        print(__doc__, file=sys.stderr)
        return 2
    url, path = arguments[0], Path(arguments[1])
    try:
        kept = json.loads(path.read_text("utf-8")) if path.exists() else None
        told = verified(asking(url, os.environ["REGISTRY_TOKEN"]), kept)
    except Broken as broken:
        print(f"The journal does not fit: {broken}.", file=sys.stderr)
        return 1
    except (OSError, ValueError, KeyError, TypeError, urllib.error.URLError) as error:
        print(f"Not read: {error}", file=sys.stderr)
        return 2
    part = path.with_suffix(".part")
    part.write_text(json.dumps(told), "utf-8")
    part.replace(path)
    print(f"{told['size']} entries fit.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
