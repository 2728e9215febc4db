"""The tables there are: the packaged ones by name, and users' files by path."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api import types

from sparse_lightning._text import did_you_mean
from sparse_lightning.data.cells.numerals import PLAIN
from sparse_lightning.data.cells.spellings import spelled
from sparse_lightning.data.files import readers
from sparse_lightning.data.files.csv_files import read_csv
from sparse_lightning.data.files.frames import read_frame
from sparse_lightning.data.number_target import read_target
from sparse_lightning.data.raw_table import RawTable
from sparse_lightning.data.rows.splits import ALL_ROWS
from sparse_lightning.data.selection import check_known
from sparse_lightning.data.table import Table, used_table
from sparse_lightning.data.target import is_measure
from sparse_lightning.errors import TableError
from sparse_lightning.project.settings import EvaluationSettings, TableSettings


@dataclass(frozen=True)
class PackagedTable:
    """What is known of a packaged table.

    Attributes:
        title: what its authors call it.
        file: its name in the folder `tables`.
        digest: the SHA-256 of the file's bytes, uncompressed.
        columns: its features, in order; what `columns: all` means.
        targets: the columns that are no features.
        settings: the section `table` with which it can be used as it is.
        rows_used: how many rows these settings leave.
        inputs: how many inputs a network has by these settings.
        source: its DOI.
    """

    title: str
    file: str
    digest: str
    rows: int
    columns: tuple[str, ...]
    targets: tuple[str, ...]
    settings: TableSettings
    rows_used: int
    inputs: int
    source: str
    licence: str
    citation: str

    @property
    def name(self) -> str:
        return self.settings.source


_WINE = PackagedTable(
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
    settings=TableSettings(source="wine"),
    rows_used=1599,
    inputs=12,
    source="https://doi.org/10.24432/C56S3T",
    licence="CC BY 4.0",
    citation="Cortez, P., Cerdeira, A., Almeida, F., Matos, T., & Reis, J. (2009). Wine Quality "
    "[Dataset]. UCI Machine Learning Repository. https://doi.org/10.24432/C56S3T",
)

_CTG = PackagedTable(
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
    settings=TableSettings(source="ctg"),
    rows_used=2126,
    inputs=21,
    source="https://doi.org/10.24432/C51S4N",
    licence="CC BY 4.0",
    citation="Campos, D. & Bernardes, J. (2000). Cardiotocography [Dataset]. UCI Machine Learning "
    "Repository. https://doi.org/10.24432/C51S4N",
)

_CENSUS_LEVELS = ["workclass", "education", "marital-status", "occupation", "relationship", "race"]

_CENSUS = PackagedTable(
    title="Adult (Census Income)",
    file="census.csv.gz",
    digest="d99d5b2c07ff6c7e09b6e0cefe115f6835d5c7b6efebdb9276238f1243c6369b",
    rows=48842,
    columns=(
        *("age", "workclass", "fnlwgt", "education", "education-num", "marital-status"),
        *("occupation", "relationship", "race", "sex", "capital-gain", "capital-loss"),
        *("hours-per-week", "native-country", "income"),
    ),
    targets=(),
    settings=TableSettings.model_validate(
        {
            "source": "census",
            "columns": "all",
            "missing": "drop",
            "prepare": [
                {"drop_rare": {"columns": _CENSUS_LEVELS, "below": 50}},
                {"binarize": {"sex": "Male", "native-country": "United-States", "income": ">50K"}},
                {"dummies": {"columns": _CENSUS_LEVELS}},
            ],
        }
    ),
    rows_used=45155,
    inputs=61,
    source="https://doi.org/10.24432/C5XW20",
    licence="CC BY 4.0",
    citation="Becker, B. & Kohavi, R. (1996). Adult [Dataset]. UCI Machine Learning Repository. "
    "https://doi.org/10.24432/C5XW20",
)

PACKAGED = {table.name: table for table in (_WINE, _CTG, _CENSUS)}
"""The packaged tables by name."""


def names() -> tuple[str, ...]:
    """The names of the packaged tables."""
    return tuple(PACKAGED)


def describe(name: str) -> PackagedTable:
    """What is known of a packaged table; raises `TableError` if there is none of that name."""
    if name not in PACKAGED:
        hint = did_you_mean(name, PACKAGED)
        raise TableError(f"{name!r} is no packaged table{hint} (packaged: {', '.join(PACKAGED)})")
    return PACKAGED[name]


def load_table(
    table: TableSettings,
    folder: Path,
    evaluation: EvaluationSettings = ALL_ROWS,
    stratified: bool = True,
) -> Table:
    """Read a table and check that networks can be trained on it.

    `evaluation` cuts its rows into parts, by default not at all; `stratified` ones have the same
    shares of the target's values.

    Booleans become 0 and 1. Text is allowed in the target and in columns that `table.prepare`
    recodes; dates never are. `table.missing: drop` leaves out the rows where a used column has no
    value, the step `drop_rare` those that hold rare levels. Relative paths start at `folder`.
    Raises `TableError` if the table cannot be used; the message names the table, and where it
    applies the column and the row, counted from 1 without the header.
    """
    with _naming(table.source):
        raw, name, source, columns = _opened(table, folder)
        return used_table(table, raw, name, source, columns, evaluation, stratified)


def has_measures(table: TableSettings, folder: Path) -> bool:
    """Whether the first target is rather measured than classes; nothing but it is read.

    Numbers that are written badly, or with their unit in a row below the names, are meant as
    numbers. Raises `TableError` if there is no such table or column.
    """
    with _naming(table.source):
        raw, *_ = _opened(table, folder)
        name = table.targets[0]
        check_known([name], raw.names)
        column: Any = raw.read([name], set())[name].dropna()
        if types.is_string_dtype(column.dtype) and spelled(column).kind != "numbers":
            return False
        spelling = None if raw.spellings is None else raw.spellings.get(name, PLAIN)
        try:
            numbers = pd.Series(read_target(name, column, raw.place, spelling))
        except TableError:
            return types.is_string_dtype(column.dtype) and is_measure(column)
        return is_measure(numbers.dropna())


def _opened(table: TableSettings, folder: Path) -> tuple[RawTable, str, str, tuple[str, ...]]:
    """A table before anything is chosen, its name, its source, and what all its columns are."""
    if table.source in PACKAGED:
        entry = PACKAGED[table.source]
        if table.dialect is not None or table.sheet is not None:
            field, files = ("sheet", "Excel") if table.dialect is None else ("dialect", "text")
            raise TableError(f"table.{field} is of {files} files, and this table is packaged")
        return _packaged(entry), entry.name, entry.source, entry.columns
    path = _path(table.source, folder)
    name = path.name
    for suffix in readers.SUFFIXES:
        name = name[: -len(suffix)] if name.lower().endswith(suffix) else name
    raw = readers.read_table(path, table.dialect, table.sheet)
    return raw, name, str(path), raw.names


def frame_table(
    table: TableSettings,
    frame: object,
    name: str,
    evaluation: EvaluationSettings = ALL_ROWS,
    stratified: bool = True,
) -> Table:
    """A frame of pandas, polars or pyarrow as `load_table` gives a file, under a name."""
    with _naming(name):
        for field in ("dialect", "sheet"):
            if getattr(table, field) is not None:
                raise TableError(f"table.{field} is of files, and a frame is given")
        raw = read_frame(frame)
        return used_table(table, raw, name, "", raw.names, evaluation, stratified)


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
        packaged = f"a packaged table ({', '.join(PACKAGED)})"
        hint = did_you_mean(source, PACKAGED)
        raise TableError(f"is neither {packaged} nor a file: there is no {path}{hint}")
    return path


def _packaged(entry: PackagedTable) -> RawTable:
    compressed = (
        resources.files("sparse_lightning.data").joinpath("tables", entry.file).read_bytes()
    )
    content = readers.decompress(compressed)
    found = hashlib.sha256(content).hexdigest()
    if found != entry.digest:
        raise TableError(
            f"{entry.file} was changed (SHA-256 {found}, not {entry.digest}): install again"
        )
    return read_csv(content)
