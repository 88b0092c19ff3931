"""Connectors and endpoints say when a state was superseded, as everything else that is kept in states."""

from peewee import BooleanField

from registry.clock import ENDLESS
from registry.db.stored import Instant

# By what the states of each are found besides their number: until now, and from now on.
FOUND = {
    "connectors_connector": (("controller", "system", "current"), ("superseded_at", "controller", "system")),
    "webhooks_endpoint": (("controller", "current"), ("superseded_at", "controller")),
}
# What was current stands, also where somebody meddled: what did not fit together does not fit afterwards.
SUPERSEDED = """UPDATE {0} SET superseded_at = COALESCE(
    (SELECT n.recorded_at FROM {0} n WHERE n.id = {0}.id AND n.version = {0}.version + 1), recorded_at
) WHERE NOT current"""
CURRENT = "UPDATE {0} SET current = (superseded_at = '{1}')"


def up(migrator, db):
    for table, (_, found) in FOUND.items():
        migrator.migrate(migrator.add_column(table, "superseded_at", Instant(default=ENDLESS)))
        db.execute_sql(SUPERSEDED.format(table))
        _drop(migrator, db, table, "current")
        migrator.migrate(*(migrator.add_index(table, some) for some in (("superseded_at", "id"), found)))


def down(migrator, db):
    for table, (found, _) in FOUND.items():
        migrator.migrate(migrator.add_column(table, "current", BooleanField(default=False)))
        db.execute_sql(CURRENT.format(table, ENDLESS))
        _drop(migrator, db, table, "superseded_at")
        migrator.migrate(*(migrator.add_index(table, some) for some in (("current", "id"), found)))


def _drop(migrator, db, table, column):
    over = [one.name for one in db.get_indexes(table) if column in one.columns]
    migrator.migrate(
        *(migrator.drop_index(table, name) for name in over), migrator.drop_column(table, column)
    )
