"""Cells to values, rows to records."""
