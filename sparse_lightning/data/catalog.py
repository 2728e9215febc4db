"""The tables there are: the packaged ones by name, and users' files by path."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pandas as pd

from sparse_lightning.data import files
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.data.numeric import check_complete, numbers, select
from sparse_lightning.errors import TableError
from sparse_lightning.project.settings import TableSettings
from sparse_lightning.suggestions import did_you_mean


@dataclass(frozen=True, eq=False)
class Table:
    """A table as it is used.

    Attributes:
        name: the packaged table's name, or the file's name without its suffix.
        source: the packaged table's DOI, or the file's absolute path.
        frame: the columns as used, all 64-bit floats, no value missing.
        digest: the SHA-256 of the whole table's bytes, uncompressed.
        rows_dropped: how many rows were left out because a used column has no value in them.
        targets: what the packaged table declares as targets, row by row; None without any.
    """

    name: str
    source: str
    frame: pd.DataFrame
    digest: str
    rows_dropped: int = 0
    targets: pd.DataFrame | None = None


@dataclass(frozen=True)
class PackagedTable:
    """What is known of a packaged table.

    Attributes:
        name: what project files call it.
        title: what its authors call it.
        file: in the folder `tables`.
        digest: the SHA-256 of the file's bytes, uncompressed.
        rows: how many.
        columns: its features, in order; what `columns: all` means.
        targets: the columns that are no features.
        source: its DOI.
        licence: under which it may be used.
        citation: as its authors ask for.
    """

    name: str
    title: str
    file: str
    digest: str
    rows: int
    columns: tuple[str, ...]
    targets: tuple[str, ...]
    source: str
    licence: str
    citation: str


_WINE = PackagedTable(
    name="wine",
    title="Wine Quality, red wine",
    file="wine.csv.gz",
    digest="d22f4f11db0456ff21745d2fa96d26fa348a8cdb889efda65bde802085be45fd",
    rows=1599,
    columns=(
        *("fixed acidity", "volatile acidity", "citric acid", "residual sugar", "chlorides"),
        *("free sulfur dioxide", "total sulfur dioxide", "density", "pH", "sulphates"),
        *("alcohol", "quality"),
    ),
    targets=(),
    source="https://doi.org/10.24432/C56S3T",
    licence="CC BY 4.0",
    citation="Cortez, P., Cerdeira, A., Almeida, F., Matos, T., & Reis, J. (2009). Wine Quality "
    "[Dataset]. UCI Machine Learning Repository. https://doi.org/10.24432/C56S3T",
)

_CTG = PackagedTable(
    name="ctg",
    title="Cardiotocography",
    file="ctg.csv.gz",
    digest="328e7c0bdae051d6a0c23085e254f25d161638192fbcab52715dca74f658c3d8",
    rows=2126,
    columns=(
        *("LB", "AC", "FM", "UC", "DL", "DS", "DP", "ASTV", "MSTV", "ALTV", "MLTV"),
        *("Width", "Min", "Max", "Nmax", "Nzeros", "Mode", "Mean", "Median", "Variance"),
        "Tendency",
    ),
    targets=("CLASS", "NSP"),
    source="https://doi.org/10.24432/C51S4N",
    licence="CC BY 4.0",
    citation="Campos, D. & Bernardes, J. (2000). Cardiotocography [Dataset]. UCI Machine Learning "
    "Repository. https://doi.org/10.24432/C51S4N",
)

_PACKAGED = {table.name: table for table in (_WINE, _CTG)}


def names() -> tuple[str, ...]:
    """The names of the packaged tables."""
    return tuple(_PACKAGED)


def describe(name: str) -> PackagedTable:
    """What is known of a packaged table.

    Raises:
        TableError: there is none of that name.
    """
    if name not in _PACKAGED:
        hint = did_you_mean(name, _PACKAGED)
        raise TableError(f"{name!r} is no packaged table{hint} (packaged: {', '.join(_PACKAGED)})")
    return _PACKAGED[name]


def load_table(table: TableSettings, folder: Path) -> Table:
    """Read a table and see to it that networks can be trained on it.

    Booleans become 0 and 1; text, dates and categories are refused. Nothing else is changed but by
    `table.missing: drop`, which leaves out the rows where a used column has no value.

    Args:
        table: the project's section.
        folder: where a relative path starts.

    Raises:
        TableError: the table cannot be used as it is; the message names the table, and where it
            applies the column and the row, counted from 1 without the header.
    """
    with _naming(table.source):
        if table.source in _PACKAGED:
            entry = _PACKAGED[table.source]
            return _used(table, _packaged(entry), entry.name, entry.source, entry)
        path = _path(table.source, folder)
        name = path.name
        for suffix in files.SUFFIXES:
            name = name[: -len(suffix)] if name.lower().endswith(suffix) else name
        return _used(table, files.read_file(path), name, str(path))


@contextmanager
def _naming(source: str) -> Iterator[None]:
    """Begin the messages of what is done inside with the table's name."""
    try:
        yield
    except TableError as error:
        raise TableError(f"{source}: {error}") from error.__cause__


def _path(source: str, folder: Path) -> Path:
    try:
        path = Path(os.path.abspath(folder / Path(source).expanduser()))
    except RuntimeError as error:  # ~name of a user that there is not
        raise TableError(str(error)) from error
    if not os.path.exists(path):
        packaged = f"a packaged table ({', '.join(_PACKAGED)})"
        hint = did_you_mean(source, _PACKAGED)
        raise TableError(f"is neither {packaged} nor a file: there is no {path}{hint}")
    return path


def _packaged(entry: PackagedTable) -> files.RawTable:
    compressed = (
        resources.files("sparse_lightning.data").joinpath("tables", entry.file).read_bytes()
    )
    content = files.decompress(compressed)
    found = hashlib.sha256(content).hexdigest()
    if found != entry.digest:
        raise TableError(
            f"{entry.file} was changed (SHA-256 {found}, not {entry.digest}): install again"
        )
    return files.read_csv(content)


def _used(
    settings: TableSettings,
    raw: files.RawTable,
    name: str,
    source: str,
    entry: PackagedTable | None = None,
) -> Table:
    everything = entry.columns if entry else tuple(raw.frame.columns)
    columns = everything if settings.columns == "all" else settings.columns
    frame = numbers(select(raw.frame, columns), raw.place, parse=raw.lines is not None)
    complete = frame.notna().all(axis=1)
    if settings.missing == "error":
        _refuse_missing(frame, raw)
    frame = frame.loc[complete].reset_index(drop=True)
    dropped = len(complete) - len(frame)
    if len(frame) < 2:
        left = f" left after dropping {dropped}" if dropped else ""
        raise TableError(f"must have at least 2 rows, got {len(frame)}{left}")
    # Whatever would stop the training is found here, where the message can name the table.
    Encoding.fit(frame, settings.scale).transform(frame)
    targets = None
    if entry and entry.targets:
        targets = raw.frame.loc[complete, list(entry.targets)].reset_index(drop=True)
    return Table(name, source, frame, raw.digest, dropped, targets)


def _refuse_missing(frame: pd.DataFrame, raw: files.RawTable) -> None:
    try:
        check_complete(frame, raw.place)
    except TableError as error:
        raise TableError(f"{error}; table.missing drop leaves such rows out") from None
