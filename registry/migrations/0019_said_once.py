"""Of which data of which register something was ever published, by system."""

import json

from peewee import BlobField, CompositeKey, ForeignKeyField, Model

from registry.db.stored import Text


def up(migrator, db):
    class Publication(Model):
        controller = Text()
        key = Text()

        class Meta:
            database = db
            table_name = "retention_publication"

    class Rule(Model):
        publication = ForeignKeyField(Publication, index=False)
        category = Text()
        data_category = Text(null=True)
        document = BlobField()

        class Meta:
            database = db
            table_name = "retention_rule"

    class SaidOnce(Model):
        controller = Text()
        system = Text()
        key = Text()
        category = Text()
        data_category = Text()

        class Meta:
            database = db
            table_name = "retention_once"
            primary_key = CompositeKey("controller", "system", "key", "category", "data_category")
            indexes = ((("controller", "key"), False),)

    db.create_tables([SaidOnce])
    for publication in Publication.select().order_by(Publication.id):
        for rule in Rule.select().where(Rule.publication == publication.id):
            for name in json.loads(bytes(rule.document))["systems"]:
                SaidOnce.insert(
                    controller=publication.controller,
                    system=name.partition("/")[2],
                    key=publication.key,
                    category=rule.category,
                    data_category=rule.data_category or "",
                ).on_conflict_ignore().execute()


def down(migrator, db):
    migrator.migrate(migrator.drop_table("retention_once"))
