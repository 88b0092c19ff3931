"""How long: what other systems may delete by, worked out once when a register is published and served as stored."""
