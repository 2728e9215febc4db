"""How long all networks of a study take to be read: at once, and one by one.

    python benchmarks/networks.py [--networks 775] [--skip-server]

Read from a SQLite database whose files lie in a folder here, and through an `mlflow server` on
loopback that hands the files out. One by one is `Study.network` for each of the first hundred,
counted up to all; at once is `Study.networks_at()`. Each way is read by a process of its own, in
turns, and the median of three is taken. Prints a table and one JSON line.
"""

import argparse
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from filling import written_study

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from server_processes import serving

READING = """
import json, sys, time
from sparse_lightning import Study

way, run_id, uri = sys.argv[1:]
study = Study.load(run_id, uri)
rows = study.networks.to_dict("records")
part = rows if way == "at_once" else rows[:100]
began = time.perf_counter()
if way == "at_once":
    networks = study.networks_at()
else:
    networks = [study.network(row["group"], row["l1_weight"], row["seed"]) for row in part]
seconds = (time.perf_counter() - began) * len(rows) / len(part)
assert [network.run_id for network in networks] == [row["run_id"] for row in part]
assert "torch" not in sys.modules
print(json.dumps(seconds))
"""
TURNS = 3


def reading(study: str, uri: str) -> dict[str, float]:
    """The seconds of both ways, and how many times faster all are read at once."""
    times: dict[str, list[float]] = {"one_by_one": [], "at_once": []}
    for _ in range(TURNS):
        for way, seconds in times.items():
            command = [sys.executable, "-c", READING, way, study, uri]
            environment = {**os.environ, "OMP_NUM_THREADS": "1"}
            done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
            seconds.append(json.loads(done.stdout))
    medians = {way: statistics.median(seconds) for way, seconds in times.items()}
    ratio = medians["one_by_one"] / medians["at_once"]
    return {way: round(value, 3) for way, value in (medians | {"ratio": ratio}).items()}


def hand_out(database: Path, folder: Path) -> None:
    """Have the server of a database hand out the files in a folder, as a remote one would."""
    with closing(sqlite3.connect(database)) as opened, opened:
        for table, column in (("experiments", "artifact_location"), ("runs", "artifact_uri")):
            opened.execute(
                f"UPDATE {table} SET {column} = replace({column}, ?, 'mlflow-artifacts:')",
                (folder.as_uri(),),
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=int, default=775)
    parser.add_argument("--skip-server", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, files = Path(name), Path(name, "runs")
        uri = f"sqlite:///{folder / 'mlflow.db'}"
        _, study, networks = written_study(uri, options.networks, files)
        found = {"files": reading(study, uri)}
        if not options.skip_server:
            hand_out(folder / "mlflow.db", files)
            arguments = ["--backend-store-uri", uri, "--artifacts-destination", str(files)]
            with serving(folder, *arguments) as server:
                found["server"] = reading(study, server.address)
    print(f"{networks} networks{'one by one':>14}{'at once':>10}{'ratio':>8}")
    for place, times in found.items():
        print(f"{place:12}" + "".join(f"{value:>10}" for value in times.values()))
    print(json.dumps({"benchmark": "networks", "networks": networks, **found}))


if __name__ == "__main__":
    main()
