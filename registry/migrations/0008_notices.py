"""Published notices."""

from peewee import BigIntegerField, BlobField, CompositeKey, ForeignKeyField, Model

from registry.db.stored import Instant, Text


def up(migrator, db):
    class Declaration(Model):
        class Meta:
            database = db
            table_name = "catalogue_declaration"

    class NoticePublication(Model):
        declaration = ForeignKeyField(Declaration, index=False)
        controller = Text()
        key = Text()
        revision = BigIntegerField()
        version = BigIntegerField()
        effective_from = Instant()
        until = Instant()
        published_at = Instant()
        closed_at = Instant(null=True)
        withdrawn_at = Instant(null=True)
        title = Text()
        language = Text()
        organisation = Text()
        contact = Text(null=True)
        inputs = BlobField()

        class Meta:
            database = db
            table_name = "notice_publication"
            indexes = (
                (("controller", "key", "revision"), True),
                (("closed_at", "controller", "key"), False),
                (("declaration",), False),
            )

    class NoticeText(Model):
        publication = ForeignKeyField(NoticePublication, index=False)
        language = Text()
        document = BlobField()

        class Meta:
            database = db
            table_name = "notice_text"
            primary_key = CompositeKey("publication", "language")

    db.create_tables([NoticePublication, NoticeText])


def down(migrator, db):
    for table in ("notice_text", "notice_publication"):
        migrator.migrate(migrator.drop_table(table))
