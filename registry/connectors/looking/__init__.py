"""Looking at systems: one pull, runs side by side, and what is not kept for long."""
