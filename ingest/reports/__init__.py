"""What was found in files, told in the forms that people and programs read."""
