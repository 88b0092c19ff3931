"""`make demo-connectors` shows an agreement and a difference of each of its systems, and nothing else goes wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.connectors import demonstration
from tests.peers import slapd


def test_the_demonstration_shows_what_it_says() -> None:
    with slapd.serving():  # says so where there is none
        pass
    told = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
    ran = subprocess.run(
        [sys.executable, "-m", "tests.connectors.demonstration"],
        cwd=Path(__file__).parents[2], env=told, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    _, _, short = ran.stdout.partition("In short")
    for kind, change in demonstration.SYSTEMS.items():
        assert f"acme/{kind.replace('_', '-')}: {change}\n" in short
    assert short.count("as at first\n") == len(demonstration.SYSTEMS)
