"""The checks on another day: what was true and known, what will be, and what would be. Nothing of it is stored."""
