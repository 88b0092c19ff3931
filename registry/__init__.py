"""Records of processing activities: what is declared, what is observed, and whether the two agree."""

__version__ = "0.1.0"
