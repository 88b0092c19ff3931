"""What the API tells of the checks."""
