"""Retention rules that wait for a second person and a delay; legal holds."""

from peewee import BigIntegerField, BlobField, BooleanField, CompositeKey, Model

from registry.db.stored import Instant, Text


def up(migrator, db):
    class Change(Model):
        id = BigIntegerField()
        version = BigIntegerField()
        controller = Text()
        register = Text()
        revision = BigIntegerField()
        state = Text()
        begins = Instant()
        recorded_at = Instant()
        superseded_at = Instant()
        document = BlobField()

        class Meta:
            database = db
            table_name = "retention_change"
            primary_key = CompositeKey("id", "version")
            indexes = (
                (("superseded_at", "id"), False),
                (("superseded_at", "controller", "register"), False),
            )

    class Hold(Model):
        id = BigIntegerField()
        version = BigIntegerField()
        controller = Text()
        state = Text()
        targets = Text()
        recorded_at = Instant()
        superseded_at = Instant()
        document = BlobField()

        class Meta:
            database = db
            table_name = "retention_hold"
            primary_key = CompositeKey("id", "version")
            indexes = (
                (("superseded_at", "id"), False),
                (("superseded_at", "controller", "state"), False),
            )

    class HeldSubject(Model):
        controller = Text()
        digest = Text()
        hold = BigIntegerField()
        key_id = Text()

        class Meta:
            database = db
            table_name = "retention_held_subject"
            primary_key = CompositeKey("controller", "digest", "hold")
            indexes = ((("hold",), False),)

    db.create_tables([Change, Hold, HeldSubject])
    migrator.migrate(
        migrator.add_column("retention_rule", "silent", BooleanField(default=False)),
        migrator.add_column("retention_rule", "change", BigIntegerField(null=True)),
        migrator.add_column("retention_rule", "comes", BooleanField(default=False)),
    )


def down(migrator, db):
    for column in ("silent", "change", "comes"):
        migrator.migrate(migrator.drop_column("retention_rule", column))
    for table in ("retention_change", "retention_hold", "retention_held_subject"):
        migrator.migrate(migrator.drop_table(table))
