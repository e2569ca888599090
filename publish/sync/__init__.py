"""Files for platforms, crawlers and feed readers."""
