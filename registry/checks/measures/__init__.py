"""How much a record says of what the law and the authorities ask of it. Pure."""
