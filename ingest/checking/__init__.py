"""Checks of what somebody sends, and templates for it."""
