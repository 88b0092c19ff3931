"""People: who they are, how they prove it (password, second factor, their organisation's provider), their sessions."""
