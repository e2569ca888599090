"""Data of the current release for pages."""
