"""A trained network made readable: structure, mappings, losses, sentences and diagrams."""
