"""Granian, as this service wants it: two processes, many threads, deadlines, nothing but HTTP/1."""

from __future__ import annotations

import logging

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels, logger

from registry.settings import Settings

HEAD_SECONDS = 10  # for a request's head to come, and for a connection to stay idle
HEAD_BYTES = 16 * 1024


def serve(settings: Settings, *, host: str = "127.0.0.1", target: str = "registry.app:create_app") -> None:
    """Serve on `host` and the settings' port until SIGTERM or SIGINT; running requests are finished first.

    `target` names the function that makes the application. Each worker calls it for itself, so settings come from the
    environment and no database connection crosses a fork.
    """
    logger.addFilter(_meant)
    Granian(
        target,
        factory=True,
        address=host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        blocking_threads=settings.threads,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_SECONDS * 1000, max_buffer_size=HEAD_BYTES),
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=30,
        log_level=LogLevels(settings.log_level.lower()),
    ).serve()


def _meant(record: logging.LogRecord) -> bool:
    # Granian warns of more threads than cores; ours mostly wait for slow callers.
    return "Python threads" not in record.getMessage()
