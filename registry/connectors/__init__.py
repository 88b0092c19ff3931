"""What is observed: what systems were seen to be configured as, stored as it came; the checks decide what it means."""
