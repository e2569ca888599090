"""Validation of records against the SHACL shapes."""
