"""Reports on checked files, for people and programs."""
