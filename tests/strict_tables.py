"""Columns that decide nothing for themselves: numbers without a gap, as the tests of faults use."""


def strict(*names):
    """Fields of `table` that make these columns numbers of which no value may be missing."""
    return {"columns": dict.fromkeys(names, "number"), "missing": "error"}


def strict_of(content):
    """The same for all columns of the text of a CSV file."""
    return strict(*filter(None, content.partition("\n")[0].split(",")))
