"""When it is tried again: each message by the schedule of Standard Webhooks, each receiver with patience of its own."""

from __future__ import annotations

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600

#: Seconds between one try of a message and the next; in all a little more than three days.
GAPS = (5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
TRIES = len(GAPS) + 1
#: So much longer at most, by chance, so that not everything comes back at once.
SPREAD = 0.19
#: A receiver that has failed so often in a row is left alone for a while, whatever messages wait for it …
PATIENCE = 3
#: … for an hour at most, seconds …
LONGEST_PAUSE = HOUR
#: … and one that has answered nothing well for so long is sent nothing any more, seconds.
GIVEN_UP_AFTER = 5 * DAY


def gap(tries: int, chance: float, asked: float | None = None) -> float | None:
    """Seconds from one try to the next when there were so many `tries`; None when that was the last.

    `chance` is from 0 to 1. `asked`: so long the receiver asks us to wait (Retry-After), which counts up to a day.
    """
    if tries >= TRIES:
        return None
    return max(GAPS[tries - 1] * (1 + SPREAD * chance), min(asked or 0.0, DAY))


def pause(failures: int, chance: float) -> float:
    """Seconds for which a receiver that failed so often in a row is left alone; 0: not yet."""
    if failures < PATIENCE:
        return 0.0
    return min(MINUTE * 2.0 ** min(failures - PATIENCE, 10), LONGEST_PAUSE) * (1 + SPREAD * chance)
