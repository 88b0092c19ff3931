"""What an auditor may see, for how long, and what they read: engagements, and the log of reading."""
