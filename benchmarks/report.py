"""How long reports take, from the command to the last file, and what they ask of a server.

    python benchmarks/report.py [--runs 100 1000 10000] [--skip-server]

Fills a SQLite store with a study of so many networks each, and has `sparse-lightning report` report
on it twice: where the process opens the database itself, and from an `mlflow server` on loopback,
whose database the command cannot reach. Then asks that server for the comparison page's document of
the runs. Besides, how long the commands take that report nothing. Every process is measured whole:
`seconds` by the clock, `cpu_seconds` that it was at work, which other work on the machine moves
less. `running` is the report without the start of Python, MLflow and the store's tables: the median
of the second to the sixth that one process finds, reads, compares and writes. Prints a table and
one JSON line.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from filling import written_study

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from server_processes import Server, serving

COMMAND = [sys.executable, "-m", "sparse_lightning.cli"]
STARTS = {
    "--help": [*COMMAND, "--help"],
    "check": [*COMMAND, "check", str(Path(__file__).parents[1] / "projects" / "wine_sae.yaml")],
    "import": [sys.executable, "-c", "import sparse_lightning"],
}


def process(command: list[str]) -> dict[str, float]:
    """Run a command that must succeed: seconds, seconds at work, and its peak of memory."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    output, _ = done.communicate()
    seconds = time.perf_counter() - began
    assert done.returncode == 0, output
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"seconds": round(seconds, 2), "cpu_seconds": _cpu(before, after)}


def _cpu(before: resource.struct_rusage, after: resource.struct_rusage) -> float:
    return round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2)


def report(experiment: str, uri: str, folder: Path) -> dict[str, float]:
    """Have the command report on an experiment."""
    command = ["report", "--experiment", experiment, "--tracking-uri", uri]
    return process([*COMMAND, *command, "--output", str(folder)])


RUNNING = """
import json, statistics, sys, time
from sparse_lightning.workflows import Study

experiment, uri, folder = sys.argv[1:]
times = []
for _ in range(6):
    began = time.perf_counter(), time.process_time()
    Study.find(experiment, uri).write_report(folder)
    times.append((time.perf_counter() - began[0], time.process_time() - began[1]))
print(json.dumps([round(statistics.median(column), 2) for column in zip(*times[1:])]))
"""


def running(experiment: str, uri: str, folder: Path) -> dict[str, float]:
    """The same in a process that runs already, as by a script that reports on many studies."""
    command = [sys.executable, "-c", RUNNING, experiment, uri, str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    output = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE).stdout
    return dict(zip(("seconds", "cpu_seconds"), json.loads(output), strict=True))


def page(server: Server, study: str, runs: int, workers: list[psutil.Process]) -> dict[str, float]:
    """The document of the runs that the comparison page is fed with, and the server's memory."""
    path = f"sparse-lightning/api/runs?study={study}"
    answer = server.get(path)
    answer.raise_for_status()
    assert len(answer.json()["ids"]) == runs
    times, before = [], busy(workers)
    for _ in range(3):
        began = time.perf_counter()
        server.get(path)
        times.append(time.perf_counter() - began)
    return {
        "seconds": round(min(times), 2),
        "cpu_seconds": round((busy(workers) - before) / len(times), 2),
        "bytes": len(answer.content),
        "server_mib": max(worker.memory_info().rss for worker in workers) // 2**20,
    }


def busy(processes: list[psutil.Process]) -> float:
    """The seconds that processes were at work."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def served(folder: Path, uri: str, experiment: str, study: str, runs: int) -> dict[str, dict]:
    """The same report through a server, and the page's document."""
    arguments = ["--app-name", "sparse-lightning", "--backend-store-uri", uri]
    with serving(folder, *arguments, "--artifacts-destination", str(folder / "runs")) as server:
        workers = [
            process
            for process in psutil.Process().children(recursive=True)
            if "uvicorn" in " ".join(process.cmdline())
        ]
        before = busy(workers)
        through = report(experiment, server.address, folder / "served")
        through["server_cpu_seconds"] = round(busy(workers) - before, 2)
        document = page(server, study, runs, workers)
    return {"client": through, "page": document}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--skip-server", action="store_true")
    options = parser.parse_args()
    starts = {name: process(command) for name, command in STARTS.items()}
    reports = {}
    for runs in options.runs:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            uri = f"sqlite:///{folder / 'mlflow.db'}"
            began = time.perf_counter()
            experiment, study, networks = written_study(uri, runs, folder / "runs")
            line = {"writing": {"seconds": round(time.perf_counter() - began, 2)}}
            line["sql"] = report(experiment, uri, folder / "sql")
            line["running"] = running(experiment, uri, folder / "running")
            if not options.skip_server:
                line |= served(folder, uri, experiment, study, networks)
        reports[networks] = line
    print(f"{'':24}{'seconds':>10}{'at work':>10}")
    for title, found in [
        *((f"sparse-lightning {name}", found) for name, found in starts.items()),
        *((f"{runs} runs, {way}", f) for runs, line in reports.items() for way, f in line.items()),
    ]:
        print(f"{title:24}{found['seconds']:10}{found.get('cpu_seconds', ''):>10}")
    print(json.dumps({"benchmark": "report", "starts": starts, "runs": reports}))


if __name__ == "__main__":
    main()
