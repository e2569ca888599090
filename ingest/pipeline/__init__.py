"""Sources to records with what is wrong with them."""
