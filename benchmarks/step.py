"""How near the training step is to what the machine's matrix products allow.

    python benchmarks/step.py [--replicas 1,25,150,1000] [--epochs 6] [--rounds 3] [--json PATH]

For the shapes of the packaged tables and batches of 64 and of the project's own size, in one run
and in turn:

- the products of the step, forward and backward, by `torch.bmm` alone, with outputs made ahead and
  in chunks of replicas of the size that is best: the limit;
- the step of a population with all six groups as a study trains it, and its share of that rate;
- a `torch.func` ensemble, `vmap(grad(loss))` and a fused Adam in a bare loop without penalties;
- one Lightning fit a network, the mean of one of each group.

Then the step of each group over that of the unregularized networks, and the peak memory of a
child process each that trains so many replicas on so many rows. Times are those of the best epoch
of the best round. Prints tables and, as its last line, JSON.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from sparse_lightning.nn.autoencoder import Autoencoder
from sparse_lightning.nn.layers import batched_layer
from sparse_lightning.nn.population import Optimization
from sparse_lightning.project import Project
from sparse_lightning.regularizers.groups import regularizers_for, training_order
from sparse_lightning.regularizers.replica import FLOOR, Replica
from sparse_lightning.training.fitting import fit
from sparse_lightning.training.grid import chunk_size, chunks, replicas_of

if __package__ is None:
    sys.path.insert(0, str(Path(__file__).parent))
from population import single_fit

SHAPES = {"wine": (12, 10), "ctg": (21, 12), "census": (61, 14)}
STEPS = 30
"""Of an epoch; every batch is full."""

CLOCK = time.perf_counter

PROJECTS = Path(__file__).parent.parent / "projects"


class Clock(pl.Callback):
    """The time of each epoch."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def on_train_epoch_start(self, *_: Any) -> None:
        self._began = CLOCK()

    def on_train_epoch_end(self, *_: Any) -> None:
        self.seconds.append(CLOCK() - self._began)


def study(name: str) -> Project:
    return Project.load(PROJECTS / f"{name}_sae.yaml")


def grid_of(project: Project, count: int, group: str | None = None) -> list[Replica]:
    """So many replicas of all groups, or of one, in the order of training."""
    grid = [r for r in replicas_of(project) if group in (None, r.group) and r.group != FLOOR]
    grid = grid or [r for r in replicas_of(project) if r.group == group]
    if count < len(grid) and group is None:
        grid = grid[:: len(grid) // count][:count]
    return training_order((grid * -(-count // len(grid)))[:count])


def table(inputs: int, rows: int) -> Tensor:
    return torch.rand(rows, inputs, generator=torch.Generator().manual_seed(0))


def population_step(
    project: Project, shape: tuple[int, int], batch: int, replicas: list[Replica], epochs: int
) -> float:
    """Seconds a step, of chunks as a study makes them."""
    inputs, units = shape
    total = 0.0
    for part in chunks(len(replicas), chunk_size(project, [inputs, units, inputs])):
        own = replicas[part]
        seeds = [replica.seed for replica in own]
        module = Autoencoder(
            batched_layer(inputs, units, "sigmoid", seeds, 0),
            batched_layer(units, inputs, "sigmoid", seeds, 1),
            nn.Sequential(),
            Optimization(epochs=epochs),
        )
        clock = Clock()
        fit(module, table(inputs, STEPS * batch), project, [*regularizers_for(own), clock], batch)
        total += min(clock.seconds[1:]) / STEPS
    return total


def best(run: Any, repeats: int) -> float:
    run()
    seconds = []
    for _ in range(repeats):
        began = CLOCK()
        run()
        seconds.append(CLOCK() - began)
    return min(seconds)


def products(shape: tuple[int, int], batch: int, replicas: int, repeats: int) -> float:
    """Seconds of the five products of a step by `torch.bmm`."""
    inputs, units = shape
    x = torch.rand(batch, inputs).expand(replicas, -1, -1)
    first, second = torch.rand(replicas, inputs, units), torch.rand(replicas, units, inputs)
    hidden, outputs = torch.rand(replicas, batch, units), torch.rand(replicas, batch, inputs)
    slopes, towards = torch.rand_like(outputs), torch.rand_like(hidden)
    first_slopes, second_slopes = torch.empty_like(first), torch.empty_like(second)

    def run(size: int) -> None:
        for start in range(0, replicas, size):
            k = slice(start, start + size)
            torch.bmm(x[k], first[k], out=hidden[k])
            torch.bmm(hidden[k], second[k], out=outputs[k])
            torch.bmm(hidden[k].mT, slopes[k], out=second_slopes[k])
            torch.bmm(slopes[k], second[k].mT, out=towards[k])
            torch.bmm(x[k].mT, towards[k], out=first_slopes[k])

    sizes = sorted({min(size, replicas) for size in (10, 25, 50, 100, 150, 300, replicas)})
    return min(best(lambda size=size: run(size), repeats) for size in sizes)


def ensemble_step(shape: tuple[int, int], batch: int, replicas: int, repeats: int) -> float:
    """Seconds a step of `vmap(grad(loss))` and a fused Adam."""
    inputs, units = shape
    network = nn.Sequential(
        nn.Linear(inputs, units), nn.Sigmoid(), nn.Linear(units, inputs), nn.Sigmoid()
    )
    stacked = {
        name: nn.Parameter(torch.rand(replicas, *tensor.shape) - 0.5)
        for name, tensor in network.named_parameters()
    }
    optimizer = torch.optim.Adam(stacked.values(), lr=0.01, fused=True)

    def loss(weights: dict[str, Tensor], rows: Tensor) -> Tensor:
        output = torch.func.functional_call(network, weights, (rows,))
        return (output - rows).square().sum() / len(rows)

    gradients_of = torch.func.vmap(torch.func.grad(loss), in_dims=(0, None))
    rows = table(inputs, batch)

    def step() -> None:
        found = gradients_of({name: p.detach() for name, p in stacked.items()}, rows)
        for name, parameter in stacked.items():
            parameter.grad = found[name]
        optimizer.step()

    return best(step, repeats)


@cache
def single_step(name: str, batch: int, epochs: int) -> float:
    """Seconds a step of one Lightning fit, mean over one network of each group."""
    project, shape = study(name), SHAPES[name]
    one_of_each = {r.group: r for r in replicas_of(project) if r.group != FLOOR}.values()
    rows = table(shape[0], STEPS * batch)
    seconds = []
    for replica in one_of_each:
        clock = Clock()
        single_fit(rows, shape, [*regularizers_for([replica]), clock], batch, epochs)
        seconds.append(min(clock.seconds[1:]) / STEPS)
    return sum(seconds) / len(seconds)


def measure(name: str, batch: int, count: int, epochs: int, rounds: int) -> dict[str, Any]:
    """All contenders in turn; the best of each."""
    project, shape = study(name), SHAPES[name]
    replicas = grid_of(project, count)
    floating = 5 * 2 * batch * shape[0] * shape[1] * count
    repeats = max(4, min(40, 6000 // count))
    contenders = {
        "bmm": lambda: products(shape, batch, count, repeats),
        "step": lambda: population_step(project, shape, batch, replicas, epochs),
        "ensemble": lambda: ensemble_step(shape, batch, count, repeats),
    }
    found = dict.fromkeys(contenders, float("inf"))
    for _ in range(rounds):
        for contender, run in contenders.items():
            found[contender] = min(found[contender], run())
    single = single_step(name, batch, epochs)
    return {
        "table": name,
        "shape": [shape[0], shape[1], shape[0]],
        "batch": batch,
        "replicas": count,
        "bmm_gflops": round(floating / found["bmm"] / 1e9, 1),
        "step_gflops": round(floating / found["step"] / 1e9, 1),
        "share_of_bmm": round(found["bmm"] / found["step"], 3),
        "step_us_a_network": round(1e6 * found["step"] / count, 2),
        "single_us": round(1e6 * single, 1),
        "times_one_fit_a_network": round(count * single / found["step"], 1),
        "times_torch_func": round(found["ensemble"] / found["step"], 2),
    }


def regularizer_costs(name: str, count: int, epochs: int, rounds: int) -> dict[str, float]:
    """The step of a population of each group over that of the unregularized networks."""
    project, shape = study(name), SHAPES[name]
    groups = [FLOOR, *project.regularizers.groups]
    found = dict.fromkeys(groups, float("inf"))
    for _ in range(rounds):
        for group in groups:
            replicas = grid_of(project, count, group)
            seconds = population_step(project, shape, 64, replicas, epochs)
            found[group] = min(found[group], seconds)
    return {group: round(found[group] / found[FLOOR], 3) for group in groups[1:]}


def peak_megabytes(replicas: int, rows: int) -> float:
    """The peak of a child process that trains the census shape."""
    command = [sys.executable, __file__, "--child", f"{replicas},{rows}"]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def child(replicas: int, rows: int) -> None:
    """Train one epoch of two stages, the second on the codes of the first; print the peak."""
    from sparse_lightning.data.examples import Examples
    from sparse_lightning.training import train

    each = replicas // 5
    project = study("census").model_dump()
    project["network"]["units"] = [14, 10]
    project["training"] |= {"epochs": 1, "fine_tune_epochs": 0, "seeds": [1, 2, 3, 4, 5]}
    project["training"]["floor"]["max_cycles"] = 1
    weights = [0.001 * (n + 1) for n in range(max(1, each - 1))]
    project["regularizers"] = {"l1_weights": weights, "groups": {"L1": {}}}
    train(Project(**project), Examples(table(61, rows)))
    # Not `ru_maxrss`: Linux lets a child begin with what its parent had.
    status = Path("/proc/self/status").read_text()
    (peak,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    print(int(peak) / 1024)


def show(rows: list[dict[str, Any]]) -> None:
    """A table of equal columns."""
    columns = {name: [name, *(str(row[name]) for row in rows)] for name in rows[0]}
    widths = {name: max(map(len, cells)) for name, cells in columns.items()}
    for place in range(len(rows) + 1):
        print("  ".join(cells[place].rjust(widths[name]) for name, cells in columns.items()))
    print(flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", default="wine,ctg,census")
    parser.add_argument("--replicas", default="1,25,150,1000")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument(
        "--processor-time",
        action="store_true",
        help="count this instead of the time that passes; on a busy machine, with one thread",
    )
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*map(int, options.child.split(",")))
        return
    if options.processor_time:
        if torch.get_num_threads() > 1:
            parser.error("--processor-time needs one thread (OMP_NUM_THREADS=1)")
        global CLOCK
        CLOCK = time.process_time

    counts = [int(count) for count in options.replicas.split(",")]
    steps = [
        measure(name, batch, count, options.epochs, options.rounds)
        for name in options.tables.split(",")
        for batch in sorted({64, study(name).training.batch_size})
        for count in counts
    ]
    show(steps)
    costs = {
        name: regularizer_costs(name, 150, options.epochs, options.rounds)
        for name in options.tables.split(",")
    }
    show([{"step over that of none": name, **cost} for name, cost in costs.items()])
    memory = [
        {"replicas": replicas, "rows": rows, "peak_mb": round(peak_megabytes(replicas, rows))}
        for replicas, rows in ((10, 5000), (10, 40000), (500, 5000), (500, 40000))
    ]
    show(memory)
    result = {
        "benchmark": "step",
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "clock": "processor time" if options.processor_time else "time",
        "steps": steps,
        "regularizers": costs,
        "memory": memory,
    }
    line = json.dumps(result)
    if options.json:
        options.json.write_text(line + "\n")
    print(line)


if __name__ == "__main__":
    main()
