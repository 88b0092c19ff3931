"""What is declared: controllers, systems and registers in immutable versions, and the record that they hold."""
