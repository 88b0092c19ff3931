"""Clients and tokens."""

from peewee import ForeignKeyField, Model, TextField

from registry.db.stored import Instant, Text


def up(migrator, db):
    class Client(Model):
        client_id = Text(primary_key=True)
        name = TextField()
        secret_sha256 = Text()
        scopes = TextField()
        created_at = Instant()
        disabled_at = Instant(null=True)

        class Meta:
            database = db
            table_name = "auth_client"

    db.create_tables([Client])

    class Family(Model):
        id = Text(primary_key=True)
        client = ForeignKeyField(Client, on_delete="CASCADE", index=False)
        expires_at = Instant()
        revoked_at = Instant(null=True)

        class Meta:
            database = db
            table_name = "auth_family"
            indexes = ((("client", "expires_at"), False),)

    db.create_tables([Family])

    class Grant(Model):
        client = ForeignKeyField(Client, on_delete="CASCADE", index=False)
        controller = Text()

        class Meta:
            database = db
            table_name = "auth_grant"
            indexes = ((("client", "controller"), True),)

    db.create_tables([Grant])

    class Token(Model):
        sha256 = Text(primary_key=True)
        family = ForeignKeyField(Family, on_delete="CASCADE")
        scope = TextField()
        audience = TextField()
        issued_at = Instant()
        expires_at = Instant()
        revoked_at = Instant(null=True)

        class Meta:
            database = db
            table_name = "auth_token"

    db.create_tables([Token])


def down(migrator, db):
    migrator.migrate(migrator.drop_table("auth_token"))
    migrator.migrate(migrator.drop_table("auth_grant"))
    migrator.migrate(migrator.drop_table("auth_family"))
    migrator.migrate(migrator.drop_table("auth_client"))
