"""People: users, sessions, links that are good once, second factors, known browsers, counts of failures, providers."""

from peewee import BigIntegerField, CompositeKey, ForeignKeyField, IntegerField, Model, TextField

from registry.db.stored import Instant, Text

TABLES = (
    "people_identity", "people_provider", "people_attempt", "people_device", "people_recovery", "people_link",
    "people_session", "people_user",
)  # fmt: skip


def up(migrator, db):
    class User(Model):
        id = Text(primary_key=True)
        email = TextField()
        mailbox = Text(unique=True)
        name = TextField()
        language = Text()
        password = TextField(null=True)
        password_at = Instant(null=True)
        totp = TextField(null=True)
        totp_step = BigIntegerField(null=True)
        created_at = Instant()
        disabled_at = Instant(null=True)

        class Meta:
            database = db
            table_name = "people_user"

    class Session(Model):
        sha256 = Text(primary_key=True)
        user = ForeignKeyField(User, column_name="user_id", on_delete="CASCADE", index=False)
        method = Text()
        agent = TextField()
        created_at = Instant()
        seen_at = Instant()
        expires_at = Instant(index=True)
        ended_at = Instant(null=True)

        class Meta:
            database = db
            table_name = "people_session"
            indexes = ((("user", "expires_at"), False),)

    class Link(Model):
        sha256 = Text(primary_key=True)
        user = ForeignKeyField(User, column_name="user_id", on_delete="CASCADE")
        purpose = Text()
        expires_at = Instant(index=True)
        used_at = Instant(null=True)

        class Meta:
            database = db
            table_name = "people_link"

    class Recovery(Model):
        sha256 = Text(primary_key=True)
        user = ForeignKeyField(User, column_name="user_id", on_delete="CASCADE")
        used_at = Instant(null=True)

        class Meta:
            database = db
            table_name = "people_recovery"

    class KnownBrowser(Model):
        sha256 = Text(primary_key=True)
        user = ForeignKeyField(User, column_name="user_id", on_delete="CASCADE")
        expires_at = Instant(index=True)

        class Meta:
            database = db
            table_name = "people_device"

    class Attempt(Model):
        key = Text(primary_key=True)
        failures = IntegerField()
        until = Instant()
        at = Instant(index=True)

        class Meta:
            database = db
            table_name = "people_attempt"

    class Provider(Model):
        key = Text(primary_key=True)
        name = TextField()
        issuer = Text(unique=True)
        client_id = TextField()
        secret = TextField(null=True)
        audience = TextField(null=True)
        groups_claim = TextField()
        mapping = TextField()
        created_at = Instant()
        disabled_at = Instant(null=True)

        class Meta:
            database = db
            table_name = "people_provider"

    class Identity(Model):
        issuer = Text()
        subject = Text()
        user = ForeignKeyField(User, column_name="user_id", on_delete="CASCADE")
        created_at = Instant()

        class Meta:
            database = db
            table_name = "people_identity"
            primary_key = CompositeKey("issuer", "subject")

    db.create_tables([User, Session, Link, Recovery, KnownBrowser, Attempt, Provider, Identity])


def down(migrator, db):
    for table in TABLES:
        migrator.migrate(migrator.drop_table(table))
