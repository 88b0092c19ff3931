"""The rules of a publication as one stored text, for those that wait for nothing."""

import hashlib

from peewee import BlobField, ForeignKeyField, IntegerField, Model

from registry.db.stored import Text


def up(migrator, db):
    class Publication(Model):
        class Meta:
            database = db
            table_name = "retention_publication"

    class Rule(Model):
        publication = ForeignKeyField(Publication, index=False)
        position = IntegerField()
        digest = Text()
        document = BlobField()
        silent = IntegerField()
        change = IntegerField(null=True)

        class Meta:
            database = db
            table_name = "retention_rule"

    class Together(Model):
        publication = ForeignKeyField(Publication, primary_key=True)
        rules = IntegerField()
        digest = Text()
        document = BlobField()

        class Meta:
            database = db
            table_name = "retention_together"

    db.create_tables([Together])
    for publication in Publication.select(Publication.id).order_by(Publication.id):
        rows = list(Rule.select().where(Rule.publication == publication.id).order_by(Rule.position))
        if any(row.change is not None for row in rows):
            continue
        Together.insert(
            publication=publication.id,
            rules=len(rows),
            digest=hashlib.blake2b("".join(row.digest for row in rows).encode(), digest_size=15).hexdigest(),
            document=b",".join(bytes(row.document) for row in rows if not row.silent),
        ).execute()


def down(migrator, db):
    migrator.migrate(migrator.drop_table("retention_together"))
