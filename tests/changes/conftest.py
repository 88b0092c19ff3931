"""The two controllers of the tests of retention, and whoever publishes there."""

from tests.retention.conftest import controllers, keeper

__all__ = ["controllers", "keeper"]
