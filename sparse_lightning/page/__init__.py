"""The documents that the comparison page is fed with, see docs/reference/page-data.md."""

VERSION = 1
"""The version of these documents."""
