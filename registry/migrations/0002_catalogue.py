"""Catalogue."""

from peewee import BigIntegerField, BlobField, BooleanField, CompositeKey, ForeignKeyField, Model

from registry.db.stored import Instant, Text


def up(migrator, db):
    class Declaration(Model):
        kind = Text()
        controller = Text()
        key = Text()
        version = BigIntegerField()

        class Meta:
            database = db
            table_name = "catalogue_declaration"
            indexes = ((("kind", "controller", "key"), True),)

    db.create_tables([Declaration])

    class Version(Model):
        declaration = ForeignKeyField(Declaration, index=False)
        version = BigIntegerField()
        effective_from = Instant()
        recorded_at = Instant()
        ended = BooleanField()
        document = BlobField()

        class Meta:
            database = db
            table_name = "catalogue_version"
            indexes = (
                (("declaration", "version"), True),
                (("declaration", "effective_from", "version"), True),
            )

    db.create_tables([Version])

    class Facet(Model):
        kind = Text()
        name = Text()
        value = Text()
        controller = Text()
        key = Text()
        version = ForeignKeyField(Version, index=False)

        class Meta:
            database = db
            table_name = "catalogue_facet"
            primary_key = CompositeKey("kind", "name", "value", "controller", "key", "version")
            indexes = ((("version", "name", "value"), False),)

    db.create_tables([Facet])


def down(migrator, db):
    migrator.migrate(migrator.drop_table("catalogue_facet"))
    migrator.migrate(migrator.drop_table("catalogue_version"))
    migrator.migrate(migrator.drop_table("catalogue_declaration"))
