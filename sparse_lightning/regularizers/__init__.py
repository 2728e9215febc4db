"""Lightning callbacks around the penalties, and the named groups of them."""
