"""Codes, refresh tokens, devices and assertions; on whose behalf a client asks; how often something is tried."""

from peewee import BigIntegerField, CompositeKey, ForeignKeyField, IntegerField, Model, TextField

from registry.db.stored import Instant, Text

CLIENT = ("auth_method", "grant_types", "redirect_uris", "jwks")
TABLES = ("auth_assertion", "auth_device", "auth_refresh", "auth_code", "auth_asked", "rate_limit")


def up(migrator, db):
    class Client(Model):
        client_id = Text(primary_key=True)

        class Meta:
            database = db
            table_name = "auth_client"

    class Family(Model):
        id = Text(primary_key=True)

        class Meta:
            database = db
            table_name = "auth_family"

    class Bucket(Model):
        sha256 = Text(primary_key=True)
        full_at = BigIntegerField(index=True)

        class Meta:
            database = db
            table_name = "rate_limit"

    class Asked(Model):
        sha256 = Text(primary_key=True)
        client = ForeignKeyField(Client, column_name="client_id", on_delete="CASCADE")
        user_id = Text()
        redirect_uri = TextField()
        state = TextField(null=True)
        scope = TextField()
        audience = TextField()
        challenge = Text()
        expires_at = Instant(index=True)

        class Meta:
            database = db
            table_name = "auth_asked"

    class Code(Model):
        sha256 = Text(primary_key=True)
        family = ForeignKeyField(Family, column_name="family_id", on_delete="CASCADE")
        redirect_uri = TextField()
        scope = TextField()
        audience = TextField()
        challenge = Text()
        expires_at = Instant()
        used_at = Instant(null=True)

        class Meta:
            database = db
            table_name = "auth_code"

    class Refresh(Model):
        sha256 = Text(primary_key=True)
        family = ForeignKeyField(Family, column_name="family_id", on_delete="CASCADE")
        scope = TextField()
        audience = TextField()
        expires_at = Instant()
        used_at = Instant(null=True)

        class Meta:
            database = db
            table_name = "auth_refresh"

    class Device(Model):
        sha256 = Text(primary_key=True)
        user_code_sha256 = Text(unique=True)
        client = ForeignKeyField(Client, column_name="client_id", on_delete="CASCADE")
        scope = TextField()
        audience = TextField()
        expires_at = Instant(index=True)
        interval = IntegerField()
        next_at = Instant()
        state = Text()
        family = ForeignKeyField(Family, column_name="family_id", on_delete="CASCADE", null=True)

        class Meta:
            database = db
            table_name = "auth_device"

    class Assertion(Model):
        client = ForeignKeyField(Client, column_name="client_id", on_delete="CASCADE", index=False)
        jti_sha256 = Text()
        expires_at = Instant(index=True)

        class Meta:
            database = db
            table_name = "auth_assertion"
            primary_key = CompositeKey("client", "jti_sha256")

    # Clients registered before have a secret and no other grant.
    migrator.migrate(
        migrator.add_column("auth_client", "auth_method", Text(default="client_secret")),
        migrator.add_column("auth_client", "grant_types", TextField(default="client_credentials")),
        migrator.add_column("auth_client", "redirect_uris", TextField(default="")),
        migrator.add_column("auth_client", "jwks", TextField(null=True)),
        migrator.add_column("auth_family", "user_id", Text(null=True)),
        migrator.add_index("auth_family", ("user_id",), False),
    )
    db.create_tables([Bucket, Asked, Code, Refresh, Device, Assertion])


def down(migrator, db):
    for table in TABLES:
        migrator.migrate(migrator.drop_table(table))
    migrator.migrate(
        migrator.drop_index("auth_family", "auth_family_user_id"),
        migrator.drop_column("auth_family", "user_id"),
    )
    for column in CLIENT:
        migrator.migrate(migrator.drop_column("auth_client", column))
