"""The documents that the comparison page is fed with, see docs/reference/page-data.md."""

VERSION = 1
"""Of the documents."""
