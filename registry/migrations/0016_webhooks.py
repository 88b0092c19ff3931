"""Webhooks: endpoints, their sealed secrets, how each stands, and the messages on their way."""

from peewee import BigIntegerField, BlobField, BooleanField, CompositeKey, IntegerField, Model, TextField

from registry.db.stored import Instant, Text


def up(migrator, db):
    class Endpoint(Model):
        id = BigIntegerField()
        version = BigIntegerField()
        controller = Text()
        state = Text()
        current = BooleanField()
        recorded_at = Instant()
        document = BlobField()

        class Meta:
            database = db
            table_name = "webhooks_endpoint"
            primary_key = CompositeKey("id", "version")
            indexes = ((("current", "id"), False), (("controller", "current"), False))

    class EndpointSecret(Model):
        endpoint = BigIntegerField()
        number = IntegerField()
        sealed = TextField()
        until = Instant(null=True)

        class Meta:
            database = db
            table_name = "webhooks_secret"
            primary_key = CompositeKey("endpoint", "number")

    class Standing(Model):
        endpoint = BigIntegerField(primary_key=True)
        position = BigIntegerField()
        failures = IntegerField()
        failing_since = Instant(null=True)
        resume_at = Instant(null=True)
        delivered_at = Instant(null=True)
        lease = Text(null=True)
        leased_until = Instant(null=True)

        class Meta:
            database = db
            table_name = "webhooks_standing"

    class Delivery(Model):
        endpoint = BigIntegerField()
        seq = BigIntegerField()
        message = Text()
        kind = Text()
        state = Text()
        tries = IntegerField()
        next_at = Instant(null=True)
        tried_at = Instant(null=True)
        status = IntegerField(null=True)
        code = Text(null=True)
        body = BlobField()

        class Meta:
            database = db
            table_name = "webhooks_delivery"
            primary_key = CompositeKey("endpoint", "seq")
            indexes = ((("endpoint", "state", "next_at"), False),)

    db.create_tables([Endpoint, EndpointSecret, Standing, Delivery])


def down(migrator, db):
    tables = (
        "webhooks_delivery", "webhooks_standing", "webhooks_secret", "webhooks_endpoint",
    )  # fmt: skip
    for table in tables:
        migrator.migrate(migrator.drop_table(table))
