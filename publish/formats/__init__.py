"""The formats of dumps."""
