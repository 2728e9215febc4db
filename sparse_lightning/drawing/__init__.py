"""What every figure needs: its style, names that any library can draw, files written whole."""
