"""Answers kept for a day, so that a POST sent twice is done once."""

from peewee import BlobField, CompositeKey, IntegerField, Model

from registry.db.stored import Instant, Text


def up(migrator, db):
    class IdempotentAnswer(Model):
        client_id = Text()
        key_hash = Text()
        request_hash = Text()
        status = IntegerField()
        headers = Text()
        body = BlobField()
        recorded_at = Instant(index=True)

        class Meta:
            database = db
            table_name = "api_idempotency"
            primary_key = CompositeKey("client_id", "key_hash")

    db.create_tables([IdempotentAnswer])


def down(migrator, db):
    migrator.migrate(migrator.drop_table("api_idempotency"))
