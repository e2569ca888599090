"""Maps, charts and other data for pages."""
