"""What the API tells of connectors and observations."""
