"""The catalogue in DCAT, and what describes it."""
