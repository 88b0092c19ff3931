"""Rules that would delete sooner: they wait for a second person, and then for a delay."""
