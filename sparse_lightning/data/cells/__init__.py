"""What the cells of a column say: levels, numbers, dates, and what is wrong with them."""
