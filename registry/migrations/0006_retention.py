"""Retention rules as served."""

from peewee import (
    BigIntegerField,
    BlobField,
    BooleanField,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    Model,
)

from registry.db.stored import Instant, Text


def up(migrator, db):
    class Declaration(Model):
        class Meta:
            database = db
            table_name = "catalogue_declaration"

    class Publication(Model):
        declaration = ForeignKeyField(Declaration, index=False)
        controller = Text()
        key = Text()
        revision = BigIntegerField()
        version = BigIntegerField()
        effective_from = Instant()
        until = Instant()
        published_at = Instant()
        closed_at = Instant(null=True)

        class Meta:
            database = db
            table_name = "retention_publication"
            indexes = ((("controller", "key", "revision"), True), (("declaration",), False))

    class ServedRule(Model):
        publication = ForeignKeyField(Publication, index=False)
        position = IntegerField()
        category = Text()
        data_category = Text(null=True)
        period = Text(null=True)
        ends = Text()
        conflict = BooleanField()
        digest = Text()
        document = BlobField()

        class Meta:
            database = db
            table_name = "retention_rule"
            indexes = ((("publication", "position"), True),)

    class ServedSystem(Model):
        controller = Text()
        system = Text()
        publication = ForeignKeyField(Publication)

        class Meta:
            database = db
            table_name = "retention_system"
            primary_key = CompositeKey("controller", "system", "publication")

    db.create_tables([Publication, ServedRule, ServedSystem])


def down(migrator, db):
    for table in ("retention_system", "retention_rule", "retention_publication"):
        migrator.migrate(migrator.drop_table(table))
