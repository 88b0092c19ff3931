"""Findings as they are kept: what stands, since when, by what it was checked, and who answers for it."""
