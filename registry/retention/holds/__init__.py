"""Legal holds: what may not be deleted whatever a rule says."""
