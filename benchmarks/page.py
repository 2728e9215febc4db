"""How long the page's server takes to give the runs of an experiment.

    python benchmarks/page.py [RUNS]

Prints one JSON line: seconds of writing the runs in bulk, of `GET api/runs` (the first time, and
the best of three after it), of the same through MLflow's own search, and the size of the answer.
"""

import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

METRICS, PARAMS = 10, 14


def written(uri: str, count: int) -> str:
    """Write runs as studies have them, and give the id of their experiment."""
    from sparse_lightning.tracking import bulk
    from sparse_lightning.tracking.runs import FinishedRun
    from sparse_lightning.tracking.store import Store

    store, draw = Store(uri), random.Random(1)
    experiment = store.experiment("benchmark").experiment_id
    runs = (
        FinishedRun(
            name=f"run {number}",
            params={f"param_{place}": str(number % (place + 2)) for place in range(PARAMS)},
            metrics=[(f"metric_{place}", 1, draw.random()) for place in range(METRICS)],
            tags={"kind": str(number % 7)},
        )
        for number in range(count)
    )
    assert bulk.takes(store)
    bulk.write_runs(store, experiment, runs)
    return experiment


def timed(action: Any) -> tuple[float, Any]:
    """The seconds that something takes, and what it gives."""
    began = time.perf_counter()
    result = action()
    return time.perf_counter() - began, result


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        uri = f"sqlite:///{Path(folder) / 'mlflow.db'}"
        os.environ["_MLFLOW_SERVER_FILE_STORE"] = uri
        os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = f"{folder}/mlruns"
        writing, experiment = timed(lambda: written(uri, count))
        from sparse_lightning.server.app import create_app
        from sparse_lightning.tracking.served import ServedStore

        client = create_app().test_client()
        address = f"/sparse-lightning/api/runs?experiment={experiment}"
        asked = {"Accept-Encoding": "gzip"}
        first, answer = timed(lambda: client.get(address, headers=asked))
        assert answer.status_code == 200, answer.get_data(as_text=True)
        best = min(timed(lambda: client.get(address, headers=asked))[0] for _ in range(3))
        plain = client.get(address).get_data()
        assert len(json.loads(plain)["ids"]) == count
        store = ServedStore()
        search, _ = timed(lambda: store.search([experiment], ""))
        line = {
            "benchmark": "page",
            "runs": count,
            "writing_seconds": round(writing, 2),
            "first_seconds": round(first, 2),
            "seconds": round(best, 2),
            "mlflow_search_seconds": round(search, 2),
            "bytes": len(plain),
            "bytes_compressed": len(answer.get_data()),
        }
        print(json.dumps(line))
        os.chdir("/")


if __name__ == "__main__":
    main()
