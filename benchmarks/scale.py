"""How long a large table takes, and how much memory.

    python benchmarks/scale.py [--rows 5000000] [--columns 100] [--wide 2000] [--levels 10000]
                               [--format parquet csv] [--epochs 1] [--folder DIR]

Writes a table of random numbers (a few factors, and noise) in parts, seeded, once as Parquet and
once as CSV, and has `sparse-lightning check` read each; trains a small study on it in a process of
its own; then does the same with a table of `--wide` columns and one of a column of `--levels`
levels, both of 20 000 rows. `private` is the most memory that was not mapped from a file, `table`
that of the encoded table, and `ratio` the one by the other. Prints a line a step and one JSON line.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

COMMAND = [sys.executable, "-m", "sparse_lightning.cli"]
FACTORS = 4
ROWS_AT_ONCE = 100_000
OTHER_ROWS = 20_000

STUDY = """
name: {name}
table: {table}
network: {{units: [4]}}
training: {{epochs: {epochs}, seeds: [1], batch_size: 4096,
            floor: {{max_cycles: 1, batch_size: 4096}}}}
regularizers: {{l1_weights: [0.001], groups: {{sL1: {{}}}}}}
report: {{bootstrap: 200}}
"""


def batches(rows: int, columns: int, levels: int = 0) -> Iterator[pa.RecordBatch]:
    """A table in parts: the same for the same numbers."""
    loadings = np.random.default_rng(0).normal(size=(FACTORS, columns)).astype(np.float32)
    for part in range(-(-rows // ROWS_AT_ONCE)):
        draw = np.random.default_rng([1, part])
        count = min(ROWS_AT_ONCE, rows - part * ROWS_AT_ONCE)
        values = draw.normal(size=(count, FACTORS)).astype(np.float32) @ loadings
        values += 0.3 * draw.normal(size=values.shape).astype(np.float32)
        # As measured: four digits, so that a value of the CSV file has about seven signs.
        named = {f"x{n}": pa.array(values[:, n].round(4)) for n in range(columns)}
        if levels:
            codes = np.concatenate([np.arange(levels), draw.integers(levels, size=count)])[:count]
            named["kind"] = pa.array([f"level {code:05}" for code in codes])
        yield pa.RecordBatch.from_pydict(named)


def write(path: Path, rows: int, columns: int, levels: int = 0) -> None:
    """Write the table to a Parquet or a CSV file."""
    parts = batches(rows, columns, levels)
    first = next(parts)
    kind = pq.ParquetWriter if path.suffix == ".parquet" else pc.CSVWriter
    with kind(path, first.schema) as writer:
        writer.write_batch(first)
        for part in parts:
            writer.write_batch(part)


def measured(command: list[str], folder: Path) -> dict[str, float]:
    """Run a command that must succeed: seconds, seconds at work, and its most private memory."""
    environment = {**os.environ, "TMPDIR": str(folder)}
    began = time.perf_counter()
    job = psutil.Popen(
        command, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    most, over = [0, 0], threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            try:
                memory = job.memory_info()
            except psutil.Error:
                return
            most[0] = max(most[0], memory.rss - memory.shared)
            most[1] = max(most[1], memory.rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, _ = job.communicate()
    over.set()
    watcher.join()
    assert job.returncode == 0, output.decode()
    return {
        "seconds": round(time.perf_counter() - began, 1),
        "private_gb": round(most[0] / 1e9, 2),
        "with_mapped_gb": round(most[1] / 1e9, 2),
    }


def steps(folder: Path, name: str, table: str, size: int, epochs: int) -> dict[str, dict]:
    """Check a project file, and run it: what both take, beside the encoded table's bytes."""
    project = folder / f"{name}.yaml"
    project.write_text(STUDY.format(name=name, table=table, epochs=epochs))
    store = f"sqlite:///{folder / 'mlflow.db'}"
    line = {}
    for step, more in (
        ("check", []),
        ("run", ["--tracking-uri", store, "--output", str(folder / name)]),
    ):
        found = measured([*COMMAND, step, str(project), *more], folder)
        found |= {"table_gb": round(size / 1e9, 2)}
        found["ratio"] = round(found["private_gb"] / found["table_gb"], 2) if size > 1e8 else None
        print(f"{name:12}{step:8}{found}", file=sys.stderr, flush=True)
        line[step] = found
    report = folder / name / "report.html"
    line["report_mb"] = round(report.stat().st_size / 1e6, 1)
    return line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--columns", type=int, default=100)
    parser.add_argument("--wide", type=int, default=2_000)
    parser.add_argument("--levels", type=int, default=10_000)
    parser.add_argument("--format", nargs="*", default=["parquet", "csv"])
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="with room for the files; default: temporary")
    options = parser.parse_args()
    rows, columns = options.rows, options.columns
    line: dict = {"benchmark": "scale", "rows": rows, "columns": columns, "cores": os.cpu_count()}
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        for ending in options.format:
            path = folder / f"table.{ending}"
            write(path, rows, columns)
            line[ending] = steps(
                folder, ending, f"{{source: {path}}}", 4 * rows * columns, options.epochs
            )
            line[ending]["file_gb"] = round(path.stat().st_size / 1e9, 2)
            path.unlink()
        if options.wide:
            write(folder / "wide.parquet", OTHER_ROWS, options.wide)
            size = 4 * OTHER_ROWS * options.wide
            line["wide"] = steps(folder, "wide", "{source: wide.parquet}", size, options.epochs)
        if options.levels:
            write(folder / "levels.csv", OTHER_ROWS, 4, options.levels)
            table = "{source: levels.csv, prepare: [{dummies: {columns: [kind]}}]}"
            size = 4 * OTHER_ROWS * (options.levels + 4)
            line["levels"] = steps(folder, "levels", table, size, options.epochs)
    print(json.dumps(line))


if __name__ == "__main__":
    main()
