"""Lightning callbacks around the penalties, and the named groups made of them."""
