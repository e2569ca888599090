"""Search in the records."""
