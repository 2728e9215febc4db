"""All benchmarks, one after the other, in one table and one JSON file.

    python benchmarks/all.py [--only step,population] [--json build/bench.json]

Each benchmark is a command of its own that prints lines of JSON. The table holds every number
that stands alone; lists of numbers, as curves are, stand in the file only.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ARGUMENTS = {
    "step": (),
    "population": (),
    "tracking": (),
    "components": (),
    "heldout": (),
    "regressors": (),
    "search": ("--quality", "5"),
    "page": (),
    "checkpoints": (),
    "report": (),
    "networks": (),
    "scale": (),
}


def numbers(value: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Every number in JSON with the way to it; rows of tables by what they are told apart by."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from numbers(inner, f"{name} {key}".strip())
    elif isinstance(value, list) and all(isinstance(row, dict) for row in value):
        for row in value:
            keys = [key for key in ("table", "batch", "replicas", "rows") if key in row]
            own = " ".join(f"{key}={row[key]}" for key in keys)
            rest = {key: inner for key, inner in row.items() if key not in keys}
            yield from numbers(rest, f"{name} {own}".strip())
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield name, value


def run(name: str) -> list[dict[str, Any]]:
    """The lines of JSON that a benchmark prints; its other lines are shown."""
    command = [sys.executable, str(HERE / f"{name}.py"), *ARGUMENTS[name]]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    lines = done.stdout.splitlines()
    print("\n".join(line for line in lines if not line.startswith("{")), flush=True)
    return [json.loads(line) for line in lines if line.startswith("{")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join(ARGUMENTS), help="names, with commas")
    parser.add_argument("--json", type=Path, default=HERE.parent / "build" / "bench.json")
    options = parser.parse_args()
    names = options.only.split(",")
    unknown = [name for name in names if name not in ARGUMENTS]
    if unknown:
        parser.error(f"--only: no benchmark {unknown[0]} (known: {', '.join(ARGUMENTS)})")
    results = {name: run(name) for name in names}
    rows = [
        (name, *row) for name, lines in results.items() for line in lines for row in numbers(line)
    ]
    widths = [max(len(str(row[place])) for row in rows) for place in range(2)]
    for name, measure, value in rows:
        print(f"{name.ljust(widths[0])}  {measure.ljust(widths[1])}  {value:g}")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(results, indent=1) + "\n")
    print(options.json)


if __name__ == "__main__":
    main()
