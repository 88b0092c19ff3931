"""The journal: entries, the nodes of their tree, and the head."""

from peewee import BigIntegerField, BlobField, CompositeKey, IntegerField, Model

from registry.db.stored import Instant, Text


def tables(db):
    class JournalEntry(Model):
        seq = BigIntegerField(primary_key=True)
        entry = BlobField()
        leaf = BlobField()
        payload = BlobField(null=True)
        salt = BlobField(null=True)
        recorded_at = Instant()
        actor = Text()
        action = Text()
        object = Text()
        version = BigIntegerField(null=True)
        controller = Text(null=True)

        class Meta:
            database = db
            table_name = "journal_entry"
            indexes = ((("object", "seq"), False), (("controller", "seq"), False), (("action", "seq"), False))

    class JournalNode(Model):
        level = IntegerField()
        position = BigIntegerField()
        hash = BlobField()

        class Meta:
            database = db
            table_name = "journal_node"
            primary_key = CompositeKey("level", "position")

    class JournalHead(Model):
        id = IntegerField(primary_key=True)
        size = BigIntegerField()
        root = BlobField()
        leaf = BlobField()
        peaks = BlobField()
        recorded_at = Instant()

        class Meta:
            database = db
            table_name = "journal_head"

    return [JournalEntry, JournalNode, JournalHead]


def up(migrator, db):
    db.create_tables(tables(db))


def down(migrator, db):
    db.drop_tables(tables(db))
