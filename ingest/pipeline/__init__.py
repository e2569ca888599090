"""Reads sources into records and findings."""
