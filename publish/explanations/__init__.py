"""Data for pages about the model and the quality of a release."""
