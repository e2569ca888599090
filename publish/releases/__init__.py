"""The contract between writing and reading a release."""
