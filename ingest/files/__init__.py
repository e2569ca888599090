"""Files as grids of text cells."""
