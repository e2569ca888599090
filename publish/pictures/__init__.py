"""Maps, charts and what pages show instead of tables."""
