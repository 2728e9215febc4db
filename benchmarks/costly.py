"""What the costliest requests to the page take: seconds, and memory beyond what the server holds.

    python benchmarks/costly.py [NAME…]

Prints one JSON line a request. Each is what somebody who may write runs, or ask for them, can bring
about; all are answered by Flask's test client in a process of their own, the server's imports done.
"""

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from stored_networks import encoding_of, network_run, study_run, weights_of

from sparse_lightning.tracking import Store, finished_runs
from sparse_lightning.tracking.finished_runs import FinishedRun

API = "/sparse-lightning/api"
RUNS = 10_000


def keys(count: int) -> bytes:
    text = "table: {source: a.csv}\nnetwork: {units: [3]}\n"
    return (text + "\n".join(f"key{place}: {place}" for place in range(count))).encode()


def groups(count: int) -> bytes:
    head = "table: {source: a.csv}\nnetwork: {units: [3]}\nregularizers:\n  groups:\n"
    return (head + "\n".join(f"    g{place}: {{}}" for place in range(count))).encode()


def merged(count: int) -> bytes:
    text = "a: &a0 {" + ", ".join(f"k{place}: 1" for place in range(100)) + "}\n"
    lines = [
        f"b{place}: &a{place} {{<<: [*a{place - 1}, *a{place - 1}]}}" for place in range(1, count)
    ]
    return (text + "\n".join(lines)).encode()


def seeds(count: int) -> bytes:
    head = "table: {source: a.csv}\nnetwork: {units: [3]}\ntraining: {seeds: ["
    return (head + ", ".join(map(str, range(count))) + "]}\n").encode()


def names_of(inputs: int) -> list[str]:
    return [f"column {place}" for place in range(inputs)]


class Filled:
    """A store with what is asked for."""

    def __init__(self, folder: Path):
        self.store = Store(f"sqlite:///{folder}/mlflow.db")
        self.many = self.store.experiment("many").experiment_id
        self.sparse = self.store.experiment("sparse").experiment_id
        self.few = self.store.experiment("few").experiment_id

    def write(self, experiment: str, *runs: FinishedRun) -> list[str]:
        return finished_runs.write_runs(self.store, experiment, list(runs))

    def study_with(self, project: bytes) -> str:
        experiment = self.store.experiment(f"projects {len(project)}").experiment_id
        study = study_run("study", ["a", "b", "c"], project_yaml=project)
        for run_id in self.write(experiment, *[study] * 20):
            self.write(experiment, network_run(run_id))
        return f"runs?experiment={experiment}"

    def network_of(self, columns: list[str], *weights: np.ndarray, **files: bytes) -> str:
        (study,) = self.write(self.few, study_run("s", columns))
        content = {"network_safetensors": weights_of(*weights), **files}
        (network,) = self.write(self.few, network_run(study, **content))
        return f"networks/{network}"

    def dense(self, *widths: int) -> list[np.ndarray]:
        rng = np.random.default_rng(0)
        pairs = zip(widths[1:], widths[:-1], strict=True)
        return [rng.normal(size=pair).astype(np.float32) for pair in pairs]


def requests(filled: Filled) -> Iterator[tuple[str, Callable[[], str]]]:
    """Every request: its name, and what writes what it needs and gives its address."""
    write, store = filled.write, filled.store

    def many() -> None:
        run = network_run("none")
        plain = [
            FinishedRun(
                f"run {place}",
                params={f"p{name}": str(place % 7) for name in range(14)},
                metrics=[(f"m{name}", 0, place / (name + 1)) for name in range(10)],
            )
            for place in range(RUNS)
        ]
        write(filled.many, *plain, run)

    def condition(text: str) -> str:
        from urllib.parse import quote

        return f"runs?experiment={filled.many}&filter={quote(text)}"

    def unique() -> str:
        runs = (
            FinishedRun(f"run {place}", metrics=[(f"own {place}", 0, 1.0)])
            for place in range(12_000)
        )
        write(filled.sparse, *runs)
        return f"runs?experiment={filled.sparse}"

    def large_run() -> str:
        params = {f"param {place}": "x" for place in range(100_000)}
        (run_id,) = write(filled.few, FinishedRun("large", params=params))
        return f"networks/{run_id}"

    def names(count: int) -> str:
        experiment = store.experiment(f"names {count}").experiment_id
        params = {f"param {place}": "x" for place in range(count)}
        write(experiment, FinishedRun("r", params=params, metrics=[("m", 0, 1.0)]))
        return f"runs?experiment={experiment}"

    def many_experiments() -> str:
        from mlflow.store.db.base_sql_model import Base
        from sqlalchemy import insert

        rows = [
            {"name": f"{place} {'x' * 240}", "lifecycle_stage": "active", "creation_time": place}
            for place in range(20_000)
        ]
        with store.backend.ManagedSessionMaker(read_only=False) as session:
            session.execute(insert(Base.metadata.tables["experiments"]), rows)
        return "overview"

    def long_history() -> str:
        points = [("metric", step, float(step)) for step in range(1_000_000)]
        (run_id,) = write(filled.few, FinishedRun("long", metrics=points))
        return f"networks/{run_id}/history"

    def many_studies() -> str:
        experiment = store.experiment("studies").experiment_id
        plain = FinishedRun("s", tags=study_run("s", ["a"]).tags, params={"task": "sae"})
        write(experiment, *[plain] * 20_000)
        return "overview"

    def bytes_() -> str:
        wide = [np.ones((30_000, 12), np.uint8), np.ones((12, 30_000), np.uint8)]
        return filled.network_of(names_of(12), *wide)

    def encoding(document: Any) -> str:
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        (study,) = write(filled.few, study_run("s", ["a"], encoding_json=content))
        (network,) = write(filled.few, network_run(study))
        return f"networks/{network}"

    def repeated() -> Any:
        levels = [str(place) for place in range(10_000)]
        ones = [1.0] * len(levels)
        column = {"kind": "levels", "name": "x" * 1_000_000, "levels": levels, "numeric": False}
        column |= {"drop_first": False, "offsets": ones, "factors": ones}
        return {"version": 2, "variables": [column]}

    large = names_of(5_000)
    yield "10,000 runs", lambda: [many(), f"runs?experiment={filled.many}"][1]
    yield (
        "20 comparisons",
        lambda: condition(
            " and ".join(f"metrics.m{place % 10} >= {-place}" for place in range(20))
        ),
    )
    yield (
        "20 comparisons of text",
        lambda: condition(
            " and ".join(f"params.p{place % 14} LIKE '%{place % 7}%'" for place in range(20))
        ),
    )
    yield (
        "1,000 comparisons",
        lambda: condition(" and ".join(f"metrics.m{place} < 1" for place in range(1_000))),
    )
    yield "a long filter", lambda: condition("a:=" * 1_333)
    yield "a pattern of wildcards", lambda: condition("params.p1 LIKE '" + "%a" * 1_900 + "'")
    yield "12,000 names", unique
    yield "a run of 100,000 params", large_run
    yield "50,000 names of one run", lambda: names(50_000)
    yield "500,000 names of one run", lambda: names(500_000)
    yield "1,000,000 points", long_history
    yield "20,000 studies", many_studies
    yield "20 projects of 60,000 keys", lambda: filled.study_with(keys(60_000))
    yield "20 projects of 6,000 keys", lambda: filled.study_with(keys(6_000))
    yield "20 projects of 6,000 groups", lambda: filled.study_with(groups(6_000))
    yield "20 projects of merged keys", lambda: filled.study_with(merged(40))
    yield "20 projects of 15,000 seeds", lambda: filled.study_with(seeds(15_000))
    yield "20 nested projects", lambda: filled.study_with(b"a: " + b"[" * 90_000)
    yield "weights of bytes", bytes_
    yield "12-30,000-12", lambda: filled.network_of(names_of(12), *filled.dense(12, 30_000, 12))
    yield "5,000-40-5,000", lambda: filled.network_of(large, *filled.dense(5_000, 40, 5_000))
    yield (
        "300 long names, 300-300-300",
        lambda: filled.network_of(
            [f"{place} {'x' * 2_500}" for place in range(300)], *filled.dense(300, 300, 300)
        ),
    )
    yield "800-300-800", lambda: filled.network_of(names_of(800), *filled.dense(800, 300, 800))
    yield (
        "300 of 40 layers",
        lambda: filled.network_of(names_of(12), *filled.dense(12, *[110] * 40, 12)),
    )
    yield "20,000 experiments", many_experiments
    yield "2,000 layers", lambda: filled.network_of(names_of(2), *filled.dense(*[2] * 2_000))
    yield "a long name of 10,000 levels", lambda: encoding(repeated())
    yield "a large encoding", lambda: encoding(encoding_of(names_of(60_000)))
    yield "a nested encoding", lambda: encoding(b"[" * 1_000_000)
    yield (
        "a large sweep",
        lambda: filled.network_of(
            names_of(3), *filled.dense(3, 2, 3), sweep_json=b"[" + b"1," * 3_000_000 + b"1]"
        ),
    )


def measured(connection: Any, address: str) -> None:
    """Answer one request in this process, and send what it took."""
    from mlflow.server import app

    client = app.test_client()
    client.get(f"{API}/networks/{'0' * 32}")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    answer = client.get(f"{API}/{address}")
    seconds = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    connection.send((answer.status_code, seconds, memory / 1024, len(answer.data) / 2**20))


def main() -> None:
    chosen = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        uri = f"sqlite:///{Path(folder) / 'mlflow.db'}"
        os.environ["_MLFLOW_SERVER_FILE_STORE"] = uri
        os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = f"{folder}/mlruns"
        filled = Filled(Path(folder))
        from sparse_lightning.server.app import create_app

        create_app()
        import sparse_lightning.page.networks  # noqa: F401

        processes = get_context("fork")
        for name, prepare in requests(filled):
            if chosen and name not in chosen and name != "10,000 runs":
                continue
            address = prepare()
            here, there = processes.Pipe()
            process = processes.Process(target=measured, args=(there, address))
            process.start()
            there.close()
            status, seconds, memory, size = here.recv()
            process.join()
            result = {
                "request": name,
                "status": status,
                "seconds": round(seconds, 2),
                "memory_mb": round(memory),
                "answer_mb": round(size, 2),
            }
            print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
