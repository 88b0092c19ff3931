"""Keys of the deployment: where they are read from, what is sealed with them and what is signed. None has a default."""
