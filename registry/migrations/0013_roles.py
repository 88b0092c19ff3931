"""Roles per controller, in the place of the controllers that a client sees."""

from peewee import BigIntegerField, ForeignKeyField, Model, TextField

from registry.db.stored import Instant, Text

# As the roles were when they came: the one that may do least and all that the client may.
READS = {
    f"{noun}:read"
    for noun in (
        "controllers", "systems", "registers", "observations", "findings", "retention", "holds", "notices", "changes",
    )
}  # fmt: skip
LEAST = (("reader", READS | {"journal:read"}), ("editor", READS | {"registers:write", "findings:write"}))


def _least(scopes):
    for role, most in LEAST:
        if scopes <= most:
            return role
    return "owner" if "clients:write" in scopes else "dpo"


def up(migrator, db):
    class Client(Model):
        client_id = Text(primary_key=True)
        scopes = TextField()
        created_at = Instant()

        class Meta:
            database = db
            table_name = "auth_client"

    class Grant(Model):
        client = ForeignKeyField(Client, index=False)
        controller = Text()

        class Meta:
            database = db
            table_name = "auth_grant"

    class Role(Model):
        id = BigIntegerField(primary_key=True)
        principal = Text()
        controller = Text()
        role = Text()
        registers = TextField(null=True)
        systems = TextField(null=True)
        since = Instant(null=True)
        until = Instant(null=True)
        scopes = TextField(null=True)
        audit = BigIntegerField(null=True)
        ends_at = Instant(null=True)
        given_by = Text()
        given_at = Instant()
        taken_by = Text(null=True)
        taken_at = Instant(null=True)

        class Meta:
            database = db
            table_name = "auth_role"
            indexes = ((("principal", "taken_at"), False), (("controller", "taken_at", "id"), False))

    db.create_tables([Role])
    rows = (
        Grant.select(Grant, Client)
        .join(Client)
        .order_by(Client.created_at, Client.client_id, Grant.controller)
    )
    for number, row in enumerate(list(rows), 1):
        Role.insert(
            id=number,
            principal=f"client/{row.client.client_id}",
            controller=row.controller,
            role=_least(set(row.client.scopes.split())),
            given_by="migration",
            given_at=row.client.created_at,
        ).execute()
    migrator.migrate(migrator.drop_table("auth_grant"))


def down(migrator, db):
    class Client(Model):
        client_id = Text(primary_key=True)

        class Meta:
            database = db
            table_name = "auth_client"

    class Grant(Model):
        client = ForeignKeyField(Client, on_delete="CASCADE", index=False)
        controller = Text()

        class Meta:
            database = db
            table_name = "auth_grant"
            indexes = ((("client", "controller"), True),)

    class Role(Model):
        principal = Text()
        controller = Text()
        registers = TextField(null=True)
        systems = TextField(null=True)
        audit = BigIntegerField(null=True)
        taken_at = Instant(null=True)

        class Meta:
            database = db
            table_name = "auth_role"
            primary_key = False

    db.create_tables([Grant])
    # Who was limited within a controller sees none of it: before there were roles nobody could be.
    whole = Role.taken_at.is_null() & Role.registers.is_null() & Role.systems.is_null() & Role.audit.is_null()
    pairs = Role.select(Role.principal, Role.controller).where(whole).distinct().tuples()
    known = {client for (client,) in Client.select(Client.client_id).tuples()}
    for principal, controller in list(pairs):
        kind, _, name = principal.partition("/")
        if kind == "client" and name in known:
            Grant.insert(client=name, controller=controller).execute()
    migrator.migrate(migrator.drop_table("auth_role"))
