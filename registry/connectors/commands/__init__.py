"""What the command line does with connectors and observations."""
