"""What has changed, as others follow it: thin events in the order of the journal, which is where they are written."""
