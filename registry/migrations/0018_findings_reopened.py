"""What was said of a register before: found when a finding comes back."""


def up(migrator, db):
    migrator.migrate(migrator.add_index("checks_finding", ("controller", "register", "code", "key", "id")))


def down(migrator, db):
    migrator.migrate(migrator.drop_index("checks_finding", "checks_finding_controller_register_code_key_id"))
