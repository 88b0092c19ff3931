"""The rules of published versions: worked out once, stored, and served as stored."""
