"""Pages about the service and the model."""
