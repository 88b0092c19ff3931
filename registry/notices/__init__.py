"""What is published: a record becomes a notice that people want to read, in every language that has a label file."""
