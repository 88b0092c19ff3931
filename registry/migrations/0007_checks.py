"""Findings, when each register was checked, and runs."""

from peewee import BigIntegerField, BlobField, CompositeKey, Model

from registry.db.stored import Instant, Text


def up(migrator, db):
    class StoredFinding(Model):
        id = BigIntegerField(primary_key=True)
        finding = BigIntegerField()
        controller = Text()
        register = Text()
        code = Text()
        key = Text()
        kind = Text()
        severity = Text()
        first_seen = Instant()
        since = Instant()
        until = Instant(null=True)
        opened_in = BigIntegerField()
        ended_in = BigIntegerField()
        document = BlobField()

        class Meta:
            database = db
            table_name = "checks_finding"
            indexes = (
                (("ended_in", "controller", "register", "code", "key", "id", "kind", "severity"), False),
                (("ended_in", "kind", "controller", "register", "code", "key", "id"), False),
                (("ended_in", "code", "controller", "register", "key", "id"), False),
                (("opened_in", "id"), False),
                (("finding", "id"), False),
            )

    class Checked(Model):
        controller = Text()
        register = Text()
        checked_at = Instant()
        version = BigIntegerField()
        digest = Text()

        class Meta:
            database = db
            table_name = "checks_checked"
            primary_key = CompositeKey("controller", "register")

    class Part(Model):
        id = BigIntegerField(primary_key=True)
        controller = Text()
        recorded_at = Instant()
        document = BlobField()

        class Meta:
            database = db
            table_name = "checks_part"

    class Run(Model):
        id = BigIntegerField(primary_key=True)
        controller = Text()
        actor = Text()
        finished_at = Instant()
        document = BlobField()

        class Meta:
            database = db
            table_name = "checks_run"
            indexes = ((("controller", "id"), False), (("actor", "id"), False))

    db.create_tables([StoredFinding, Checked, Part, Run])


def down(migrator, db):
    for table in ("checks_finding", "checks_checked", "checks_part", "checks_run"):
        migrator.migrate(migrator.drop_table(table))
