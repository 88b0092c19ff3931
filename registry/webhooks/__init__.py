"""Being told: what has changed, posted to receivers of a controller's own as Standard Webhooks has it."""
