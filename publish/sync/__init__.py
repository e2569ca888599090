"""What platforms, crawlers and feed readers fetch."""
