"""A study on a disk of its own that fills up or turns read-only, as one process of a test.

    unshare --user --map-root-user --mount python tests/full_disk_job.py CASE DISK STORE

DISK is an empty folder, where a small disk is mounted that ends with the process; STORE is an empty
tracking store. Prints one JSON line of what happened.
"""

import gc
import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine
from studies import WINE

import sparse_lightning as sl
from sparse_lightning.training import grid_training
from sparse_lightning.training.progress import SilentProgress

CASES = ("store", "store and report", "artifacts", "report", "read-only")


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def let_go() -> None:
    """Close idle connections: they keep a disk from being remounted, and what it was before."""
    for engine in [one for one in gc.get_objects() if type(one) is Engine]:
        engine.dispose()


class Filling(SilentProgress):
    """Fills the disk, or makes it read-only, when training begins; both can be undone."""

    def __init__(self, disk: Path, read_only: bool):
        self.disk, self.read_only, self.ballast = disk, read_only, disk / "ballast"

    def start(self, stage: str, epochs: int, replicas: int) -> None:
        if self.read_only:
            let_go()
            mount("-o", "remount,ro", str(self.disk))
        elif not self.ballast.exists():
            with self.ballast.open("wb", buffering=0) as file:
                try:
                    while True:
                        file.write(bytes(4096))
                except OSError:
                    pass

    def undo(self) -> None:
        if self.read_only:
            mount("-o", "remount,rw", str(self.disk))
            let_go()
        else:
            self.ballast.unlink()


def told_by(project, uri: str, report: Path, progress: SilentProgress) -> tuple[str, int]:
    """What the study says, and its exit status."""
    try:
        sl.run(project, uri, report, progress)
    except (sl.SparseLightningError, OSError) as error:
        return f"{type(error).__name__}: {error}", getattr(error, "exit_status", 1)
    return "", 0


def main(case: str, disk: Path, store: Path) -> None:
    mount("-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk))
    roomy = Path.cwd()
    place = dict.fromkeys(("store", "artifacts", "report"), roomy)
    parts = {"read-only": "store and artifacts"}.get(case, case).split(" and ")
    place |= dict.fromkeys(parts, disk)
    database = Path(shutil.copy(store, place["store"]))
    report = place["report"] / "report"
    uri = f"sqlite:///{database}"
    # What does not pass by itself is waited for by nobody, however patient.
    project = sl.Project.parse(WINE, ["regularizers.groups={L1: {}}", "tracking.patience=36000"])
    import mlflow

    client = mlflow.MlflowClient(uri)
    client.create_experiment(project.name, (place["artifacts"] / "artifacts").as_uri())
    filling = Filling(disk, case == "read-only")
    told, status = told_by(project, uri, report, filling)
    filling.undo()
    with closing(sqlite3.connect(database)) as sql:
        integrity = sql.execute("PRAGMA integrity_check").fetchone()[0]
        left = sql.execute("SELECT count(*) FROM runs").fetchone()[0]
    partial = [path.name for path in (*disk.rglob(".*"), *roomy.rglob(".*")) if path.is_file()]
    trained, fit = [], grid_training.fit
    grid_training.fit = lambda *arguments: [trained.append(1), fit(*arguments)]
    again = told_by(project, uri, report, SilentProgress())
    runs = client.search_runs([client.get_experiment_by_name(project.name).experiment_id])
    studies = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    print(
        json.dumps(
            {
                "told": told,
                "status": status,
                "integrity": integrity,
                "runs_then": left,
                "partial": partial,
                "again": again,
                "trained_again": bool(trained),
                "networks": len(runs) - len(studies),
                "statuses": sorted({run.info.status for run in runs}),
                "study": studies[0].info.run_id,
                "report": (report / "report.html").is_file(),
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
