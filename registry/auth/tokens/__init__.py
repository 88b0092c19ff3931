"""Access and refresh tokens, and what is turned into them: codes, devices that somebody allowed."""
