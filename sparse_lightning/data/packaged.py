"""What is known of the packaged tables, whose files are in the folder `tables`."""

from dataclasses import dataclass

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
