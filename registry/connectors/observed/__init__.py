"""What an observation is, and what each kind of it may say. Pure."""
