"""What share of a study's time its checkpoints take.

    python benchmarks/checkpoints.py [--project projects/wine_sae.yaml] [--set training.epochs=50]

Runs the study into a SQLite store in a folder of its own and prints one JSON line: how many states
were kept and of which size, the seconds that this took (gathering, writing, waiting for the disk),
those of the whole job in this process, and the share of the one in the other.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sparse_lightning import Project, run
from sparse_lightning.training.checkpoints import FolderCheckpoints
from sparse_lightning.training.fitting import FitCheckpoint


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--project", default="projects/wine_sae.yaml")
    parser.add_argument("--set", action="append", default=[], dest="overrides")
    options = parser.parse_args()
    seconds: list[float] = []
    sizes: list[int] = []

    def timed(method: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*arguments: Any) -> Any:
            began = time.perf_counter()
            try:
                return method(*arguments)
            finally:
                seconds.append(time.perf_counter() - began)

        return wrapper

    write = FolderCheckpoints.write

    def measured(self: FolderCheckpoints, name: str, state: dict[str, Any]) -> None:
        write(self, name, state)
        sizes.append(max(file.stat().st_size for file in self.folder.glob("*.safetensors")))

    FolderCheckpoints.write = measured
    for name in ("__init__", "on_train_epoch_start", "finish"):
        setattr(FitCheckpoint, name, timed(getattr(FitCheckpoint, name)))
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        project = Project.load(options.project, options.overrides)
        study = run(project, f"sqlite:///{folder}/mlflow.db", Path(folder, "report"))
        total = time.perf_counter() - began
    print(
        json.dumps(
            {
                "benchmark": "checkpoints",
                "networks": len(study.networks),
                "states": len(sizes),
                "largest_kilobytes": round(max(sizes) / 1000, 1),
                "seconds": round(sum(seconds), 2),
                "study_seconds": round(total, 1),
                "share": round(sum(seconds) / total, 4),
            }
        )
    )


if __name__ == "__main__":
    main()
