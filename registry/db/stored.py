"""What every model is made of."""

from __future__ import annotations

import peewee

from registry.db.engines import database


class Text(peewee.TextField):
    """Text that is compared and sorted byte by byte, alike on both engines (collation "C" on PostgreSQL)."""

    field_type = "KEY"


class Instant(Text):
    """An instant as `registry.clock` writes it; being fixed in width it sorts as time does."""


class Stored(peewee.Model):
    """The base of everything that is kept in the database."""

    class Meta:
        database = database
        legacy_table_names = False
