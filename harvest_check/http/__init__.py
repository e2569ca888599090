"""An HTTP client with limits, which behaves like a harvester."""
