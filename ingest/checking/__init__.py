"""Checks of submitted files, and templates for them."""
