"""Connectors as they are configured: states, and secrets that only go in."""
