"""Who may ask: clients, their tokens, the authorization server, and the guard at every door."""
