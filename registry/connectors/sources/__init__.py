"""The sources, a file each. Dropping one in here is all it takes; registry.connectors.source says what one holds."""
