"""Search of the records."""
