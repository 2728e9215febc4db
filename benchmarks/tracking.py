"""What share of a study's time its tracking takes.

    python benchmarks/tracking.py [--project projects/wine_sae.yaml]

Runs the study into a SQLite store in a folder of its own and prints one JSON line: the seconds of
training, of tracking (one run a network, with about 100 points of history and its weights) and of
the whole job in this process, and the share of tracking in the whole.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from mlflow import MlflowClient

from sparse_lightning import Project, run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--project", default="projects/wine_sae.yaml")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        uri = f"sqlite:///{folder}/mlflow.db"
        client = MlflowClient(uri)
        project = Project.load(options.project)
        client.create_experiment(project.name, artifact_location=Path(folder, "runs").as_uri())
        began = time.perf_counter()
        study = run(project, uri, Path(folder, "report"))
        total = time.perf_counter() - began
        measured = client.get_run(study.run_id).data.metrics
        network = study.networks["run_id"].iloc[-1]
        points = len(client.get_metric_history(network, "connections"))
        points += len(client.get_metric_history(network, "training_squared_error"))
    print(
        json.dumps(
            {
                "benchmark": "tracking",
                "runs": len(study.networks),
                "history_points_a_run": points,
                "training_seconds": round(measured["training_seconds"], 1),
                "tracking_seconds": round(measured["tracking_seconds"], 1),
                "milliseconds_a_run": round(
                    1000 * measured["tracking_seconds"] / len(study.networks), 1
                ),
                "study_seconds": round(total, 1),
                "tracking_share": round(measured["tracking_seconds"] / total, 3),
            }
        )
    )


if __name__ == "__main__":
    main()
