"""HTTP as a harvester does it, within limits."""
