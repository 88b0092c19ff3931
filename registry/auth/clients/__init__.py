"""The programs that may ask, as they are registered and kept."""
