"""Observations as they are stored, and the ways by which people and systems hand them in."""
