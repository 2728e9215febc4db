"""The documents that the comparison page is fed with, as docs/page-data.md describes them."""

VERSION = 1
"""Of the documents."""
