"""Engagements of auditors, and what they read."""

from peewee import BigIntegerField, BlobField, CompositeKey, IntegerField, Model, TextField

from registry.db.stored import Instant, Text


def up(migrator, db):
    class Engagement(Model):
        id = BigIntegerField()
        version = BigIntegerField()
        controller = Text()
        principal = Text()
        ends_at = Instant()
        recorded_at = Instant()
        superseded_at = Instant()
        document = BlobField()

        class Meta:
            database = db
            table_name = "audit_engagement"
            primary_key = CompositeKey("id", "version")
            indexes = ((("superseded_at", "id"), False),)

    class Read(Model):
        audit = BigIntegerField()
        n = BigIntegerField()
        at = Instant()
        who = Text()
        client = Text()
        method = Text()
        target = TextField()
        as_of = TextField(null=True)
        status = IntegerField()
        hash = Text()

        class Meta:
            database = db
            table_name = "audit_read"
            primary_key = CompositeKey("audit", "n")

    db.create_tables([Engagement, Read])


def down(migrator, db):
    migrator.migrate(migrator.drop_table("audit_read"))
    migrator.migrate(migrator.drop_table("audit_engagement"))
