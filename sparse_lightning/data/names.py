"""The names of a file's columns."""

from collections import Counter
from collections.abc import Sequence

from sparse_lightning.errors import TableError


def check_names(names: Sequence[str]) -> None:
    """See to it that every column has a name of its own.

    Raises:
        TableError: there are no columns, or a name is empty or repeated.
    """
    if not names:
        raise TableError("has no columns")
    for place, name in enumerate(names, start=1):
        if not name.strip():
            raise TableError(
                f"column {place} has no name: name it, or leave it out of the file "
                "(pandas writes such a column for the index: to_csv(index=False))"
            )
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        places = ", ".join(str(place) for place, name in enumerate(names, 1) if name == repeated[0])
        raise TableError(
            f"several columns are named {repeated[0]!r} (columns {places}): rename them"
        )
