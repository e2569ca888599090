"""Tables: headers, and rows below them."""
