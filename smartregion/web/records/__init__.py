"""Records of the graph and their pages."""
