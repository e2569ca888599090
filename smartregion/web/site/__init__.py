"""What every page may need of the current release."""
