"""What data from outside may be, before anybody asks what it means: strict JSON, strict schemas, faults with codes."""
