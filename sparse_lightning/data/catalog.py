"""The tables there are: the packaged ones by name, and users' files by path."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd

from sparse_lightning._text import did_you_mean
from sparse_lightning.data import readers
from sparse_lightning.data.column_types import check_varying, judged
from sparse_lightning.data.csv_files import read_csv
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.data.gaps import dropped_text, gap_faults, has_values, most_dropped
from sparse_lightning.data.preparation import check_steps, drop_rare, recodings
from sparse_lightning.data.raw_table import RawTable, keep
from sparse_lightning.data.selection import check_known
from sparse_lightning.data.suspicions import suspicions
from sparse_lightning.data.target import ClassTarget
from sparse_lightning.errors import TableError
from sparse_lightning.project.settings import TableSettings


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


@dataclass(frozen=True, eq=False)
class Table:
    """A table as it is used.

    Attributes:
        name: the packaged table's name, or the file's name without its suffix.
        source: the packaged table's DOI, or the file's absolute path.
        frame: no value is missing; 64-bit floats, or text where the project's steps recode it.
        digest: the SHA-256 of the whole table's bytes, uncompressed.
        rows_missing: how many rows were left out because a used column has no value in them.
        rows_rare: how many were left out after that because they hold a rare level.
        target: the column to predict, text or 64-bit floats; None without one.
        suspicions: sentences on what may not have been meant, such as ids and totals.
    """

    name: str
    source: str
    frame: pd.DataFrame
    encoding: Encoding
    digest: str
    rows_missing: int = 0
    rows_rare: int = 0
    target: pd.Series | None = None
    suspicions: tuple[str, ...] = ()

    @property
    def rows_dropped(self) -> int:
        return self.rows_missing + self.rows_rare


def names() -> tuple[str, ...]:
    """The names of the packaged tables."""
    return tuple(PACKAGED)


def describe(name: str) -> PackagedTable:
    """What is known of a packaged table; raises `TableError` if there is none of that name."""
    if name not in PACKAGED:
        hint = did_you_mean(name, PACKAGED)
        raise TableError(f"{name!r} is no packaged table{hint} (packaged: {', '.join(PACKAGED)})")
    return PACKAGED[name]


def load_table(table: TableSettings, folder: Path) -> Table:
    """Read a table and check that networks can be trained on it.

    Booleans become 0 and 1. Text is allowed in the target and in columns that `table.prepare`
    recodes; dates never are. `table.missing: drop` leaves out the rows where a used column has no
    value, the step `drop_rare` those that hold rare levels. Relative paths start at `folder`.
    Raises `TableError` if the table cannot be used; the message names the table, and where it
    applies the column and the row, counted from 1 without the header.
    """
    with _naming(table.source):
        if table.source in PACKAGED:
            entry = PACKAGED[table.source]
            return _used(table, _packaged(entry), entry.name, entry.source, entry)
        path = _path(table.source, folder)
        name = path.name
        for suffix in readers.SUFFIXES:
            name = name[: -len(suffix)] if name.lower().endswith(suffix) else name
        return _used(table, readers.read_table(path), name, str(path))


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


def _used(
    settings: TableSettings,
    raw: RawTable,
    name: str,
    source: str,
    entry: PackagedTable | None = None,
) -> Table:
    everything = entry.columns if entry else raw.names
    chosen = everything if settings.columns == "all" else settings.columns
    columns = [column for column in chosen if column != settings.target]
    if not columns:
        raise TableError(f"has no column but table.target, {settings.target!r}")
    used = columns if settings.target is None else [*columns, settings.target]
    check_known(used, raw.names)
    check_steps(settings.prepare, used)
    leveled = {*recodings(settings.prepare), settings.target}
    frame, faults = judged(raw.read(used, leveled), leveled, raw.place, parse=raw.is_text)
    faults.add(gap_faults(frame, raw.place, dropped=settings.missing == "drop"))
    if faults.found and settings.scale != "none":
        with faults.gathered():
            check_varying(frame.loc[:, [name for name in frame if name not in leveled]])
    faults.raise_all()
    dropped, most = dropped_text(frame), most_dropped(frame)
    with _after(dropped, most):
        has_all = has_values(frame)
        complete = keep(frame, has_all)
        rare = drop_rare(complete, settings.prepare)
        missing = len(frame) - len(complete)
        frame = keep(complete, ~rare)
        if len(frame) < 2:
            gone = missing + int(rare.sum())
            left = f" left after dropping {gone}" if gone else ""
            raise TableError(f"must have at least 2 rows, got {len(frame)}{left}")
        # Whatever would stop the training is found here, where the message can name the table.
        target = None if settings.target is None else frame.pop(settings.target)
        if target is not None:
            with faults.gathered():
                ClassTarget.fit(target)
        with faults.gathered():
            encoding = Encoding.fit(frame, settings.scale, settings.prepare)
            encoding.check(frame)
        faults.raise_all()
    used_rows = np.flatnonzero(has_all)[~rare]
    told = suspicions(frame, encoding, target, lambda row: raw.place(int(used_rows[row])))
    return Table(
        name,
        source,
        frame,
        encoding,
        raw.digest,
        missing,
        int(rare.sum()),
        target,
        (*([dropped] if most else []), *told),
    )


@contextmanager
def _after(dropped: str, most: bool) -> Iterator[None]:
    """Messages of what is done inside say what was dropped before, first where it was most rows."""
    try:
        yield
    except TableError as error:
        if not dropped:
            raise
        texts = (dropped, f"of the rows that are left: {error}") if most else (error, dropped)
        raise TableError("\n".join(map(str, texts))) from error.__cause__
