"""The database: which engine, the connection of a thread, the base of every model, the write transaction, the
migrations.

A read is a select, anywhere. A write happens inside a verb marked `@writes`, which is one transaction with its
journal entry; the engine refuses any other. A server calls `request_begin` and `request_end` around each request.
"""

from registry.db.backup import backup
from registry.db.engines import (
    Unjournalled,
    WriteOutside,
    close,
    connection,
    database,
    engine,
    execute,
    open,
    request_begin,
    request_end,
)
from registry.db.failures import failure
from registry.db.shape import drift, generate, migrate, migrations, models, pending, standing
from registry.db.stored import Instant, Stored, Text
from registry.db.verbs import lightly, noted, snapshot, work, writes, writing

__all__ = [
    "Instant",
    "Stored",
    "Text",
    "Unjournalled",
    "WriteOutside",
    "backup",
    "close",
    "connection",
    "database",
    "drift",
    "engine",
    "execute",
    "failure",
    "generate",
    "lightly",
    "migrate",
    "migrations",
    "models",
    "noted",
    "open",
    "pending",
    "request_begin",
    "request_end",
    "snapshot",
    "standing",
    "work",
    "writes",
    "writing",
]
