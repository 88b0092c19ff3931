"""Jobs of the worker: when each is due, and who is doing it just now."""

from peewee import Model

from registry.db.stored import Instant, Text


def up(migrator, db):
    class Job(Model):
        name = Text(primary_key=True)
        due_at = Instant()
        lease = Text(null=True)
        leased_until = Instant(null=True)
        ended_at = Instant(null=True)
        outcome = Text(null=True)

        class Meta:
            database = db
            table_name = "worker_job"

    db.create_tables([Job])


def down(migrator, db):
    migrator.migrate(migrator.drop_table("worker_job"))
