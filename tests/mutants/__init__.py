"""Mutation scores: what the tests would notice if the code were a little different (docs/proof.md)."""
