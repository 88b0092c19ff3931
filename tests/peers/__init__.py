"""Programs that we did not write and that the tests meet, and what a test says where one is not there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest

#: What `make peers` installs.
MODULES = Path(__file__).parent / "node_modules"


def absent(told: str) -> NoReturn:
    """Skip the test for a program that is not on this machine; in CI, which installs them all, it is a failure."""
    if os.environ.get("CI"):
        pytest.fail(told)
    pytest.skip(told)
