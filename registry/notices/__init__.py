"""What is published: notices (registry.telling) as pages and data that people want to read, kept and witnessed."""
