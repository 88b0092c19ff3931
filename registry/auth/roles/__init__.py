"""What holders may do in a controller: the roles, who has which, and what a token then comes to at a door."""
