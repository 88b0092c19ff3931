"""When the next planned version takes effect, of all that are declared: until then lists stay what they are."""


def up(migrator, db):
    migrator.migrate(migrator.add_index("catalogue_version", ("effective_from",)))


def down(migrator, db):
    migrator.migrate(migrator.drop_index("catalogue_version", "catalogue_version_effective_from"))
