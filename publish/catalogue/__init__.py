"""The catalogue in DCAT and its descriptions."""
