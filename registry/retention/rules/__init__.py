"""From a record to its retention rules, and when a period is over. Pure."""
