"""Running the checks over registers: one, those of a controller, or all."""
