"""The authorization server: /oauth, its pages and its metadata."""
