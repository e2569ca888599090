"""Interfaces for platforms, crawlers and feed readers."""
