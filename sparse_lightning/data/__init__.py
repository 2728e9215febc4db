"""A table in, arrays out: packaged tables and users' files, scaled and back again."""
