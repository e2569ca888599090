"""Checks of files that somebody sends."""
