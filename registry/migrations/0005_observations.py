"""Observations of systems."""

from peewee import BigIntegerField, BlobField, Model

from registry.db.stored import Instant, Text


def up(migrator, db):
    class StoredObservation(Model):
        id = BigIntegerField(primary_key=True)
        controller = Text()
        system = Text()
        kind = Text()
        about = Text()
        taken_at = Instant()
        recorded_at = Instant()
        digest = Text()
        document = BlobField()

        class Meta:
            database = db
            table_name = "connectors_observation"
            indexes = (
                (("controller", "system", "kind", "about", "taken_at", "id"), False),
                (("controller", "taken_at", "id"), False),
                (("taken_at", "id"), False),
            )

    db.create_tables([StoredObservation])


def down(migrator, db):
    migrator.migrate(migrator.drop_table("connectors_observation"))
