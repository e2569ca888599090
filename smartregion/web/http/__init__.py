"""HTTP for all pages and files: negotiation, limits, problems, cached answers."""
