"""Waivers, in states; and what a register was checked by, so that what has not changed need not be checked again."""

from peewee import BigIntegerField, BlobField, BooleanField, CompositeKey, Model

from registry.db.stored import Instant, Text


def up(migrator, db):
    class Waiver(Model):
        id = BigIntegerField()
        version = BigIntegerField()
        controller = Text()
        register = Text()
        code = Text()
        key = Text()
        state = Text()
        approved = BooleanField()
        ends = Instant()
        recorded_at = Instant()
        superseded_at = Instant()
        document = BlobField()

        class Meta:
            database = db
            table_name = "checks_waiver"
            primary_key = CompositeKey("id", "version")
            indexes = (
                (("superseded_at", "controller", "register", "code", "key"), False),
                (("superseded_at", "id"), False),
            )

    class Basis(Model):
        controller = Text()
        register = Text()
        day = Text()
        inputs = Text()
        dated = Text()

        class Meta:
            database = db
            table_name = "checks_basis"
            primary_key = CompositeKey("controller", "register")

    db.create_tables([Waiver, Basis])


def down(migrator, db):
    for table in ("checks_waiver", "checks_basis"):
        migrator.migrate(migrator.drop_table(table))
