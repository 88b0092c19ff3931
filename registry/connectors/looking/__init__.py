"""Looking at systems: one pull, runs side by side, who has claimed them, what is stored, what is not kept for long."""
