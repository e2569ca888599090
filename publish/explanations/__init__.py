"""What pages tell about the model and the quality of a release."""
