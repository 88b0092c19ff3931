"""Connectors, their sealed secrets, and how each stands."""

from peewee import BigIntegerField, BlobField, BooleanField, CompositeKey, IntegerField, Model, TextField

from registry.db.stored import Instant, Text


def up(migrator, db):
    class Connector(Model):
        id = BigIntegerField()
        version = BigIntegerField()
        controller = Text()
        system = Text()
        kind = Text()
        state = Text()
        current = BooleanField()
        recorded_at = Instant()
        document = BlobField()

        class Meta:
            database = db
            table_name = "connectors_connector"
            primary_key = CompositeKey("id", "version")
            indexes = ((("current", "id"), False), (("controller", "system", "current"), False))

    class ConnectorSecret(Model):
        connector = BigIntegerField()
        name = Text()
        sealed = TextField()

        class Meta:
            database = db
            table_name = "connectors_secret"
            primary_key = CompositeKey("connector", "name")

    class ConnectorRun(Model):
        connector = BigIntegerField(primary_key=True)
        due_at = Instant(null=True)
        lease = Text(null=True)
        leased_until = Instant(null=True)
        failed = IntegerField()
        document = BlobField(null=True)

        class Meta:
            database = db
            table_name = "connectors_run"
            indexes = ((("due_at",), False),)

    db.create_tables([Connector, ConnectorSecret, ConnectorRun])


def down(migrator, db):
    for table in ("connectors_run", "connectors_secret", "connectors_connector"):
        migrator.migrate(migrator.drop_table(table))
