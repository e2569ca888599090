"""The catalogue, its datasets and their files."""
