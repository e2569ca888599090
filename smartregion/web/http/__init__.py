"""HTTP, whatever is served: negotiation, limits, problems, kept answers."""
