"""Checks of submitted files."""
