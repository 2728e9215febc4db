"""Small finished studies whose stores can be damaged and made whole again."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from studies import Job

STUDIES = {
    "sae": "table: {source: my.csv, columns: [a, b, c]}\nnetwork: {units: [3, 2]}\n",
    "classifier": "table: {source: my.csv, target: kind}\nnetwork: {units: [2]}\n",
    "regressor": "table: {source: my.csv, columns: [a, b], target: [c]}\nnetwork: {units: [2]}\n",
    "pca": "table: {source: my.csv, columns: [a, b, c]}\nnetwork: {units: [2]}\n",
}
"""A study of each task, but for what is common."""

COMMON = """\
evaluation: {validation: 0, test: 0}
training:
  {epochs: 30, learning_rate: 0.05, batch_size: 8, seeds: [1, 2], accelerator: cpu,
   floor: {max_cycles: 1}}
regularizers: {l1_weights: [0.001], groups: {L1: {}, sL1: {}}}
report: {bootstrap: 20}
"""


@dataclass(frozen=True)
class Stored:
    """A finished study whose store can be damaged and made whole again."""

    job: Job

    @property
    def database(self) -> Path:
        return self.job.folder / "mlflow.db"

    @property
    def artifacts(self) -> list[Path]:
        """Every file of every run but for reports and models."""
        folder = self.job.folder / "mlruns"
        found = [file for file in folder.rglob("*") if file.is_file()]
        return sorted(file for file in found if file.parent.name == "artifacts")

    @contextmanager
    def damaged(self) -> Iterator[sqlite3.Connection]:
        """Its database, open for damage; the database and the files are whole again afterwards."""
        files = {file: file.read_bytes() for file in self.artifacts}
        with (
            closing(sqlite3.connect(":memory:")) as kept,
            closing(sqlite3.connect(self.database, isolation_level=None)) as live,
        ):
            live.backup(kept)
            try:
                yield live
            finally:
                kept.backup(live)
                for file, content in files.items():
                    if file.is_dir() and not file.is_symlink():
                        shutil.rmtree(file)
                    else:
                        file.unlink(missing_ok=True)
                    file.write_bytes(content)
