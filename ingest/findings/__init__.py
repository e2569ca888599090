"""Findings about a record or a file."""
