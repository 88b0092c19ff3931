"""Records of processing activities: what is declared, what is observed, and whether the two agree."""
