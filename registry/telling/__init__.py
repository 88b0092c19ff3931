"""What people are told: a record becomes a notice, a value in one language. Publishing it is for registry.notices."""
