"""What the command line tells of the checks."""
