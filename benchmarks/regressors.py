"""How few connections predict as well as ridge regression, on three tables.

    python benchmarks/regressors.py [--splits 8] [--tables diabetes wine sales]
                                    [--output reports/regressors.md]

The tables: scikit-learn's diabetes, the quality of the packaged red wines, and generated sales of
flats, whose prices depend on six of twelve columns, with a tenth of all values missing. Over
several splits two networks are chosen by the rows that they are trained on: `sparse` has the fewest
connections of those whose R² is at most 0.03 below that of ridge, `closest` has the highest R². All
are judged on the held-out rows. Prints a line a split and one JSON line a table, and writes the
section on regressors of docs/results.md.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student
from sklearn.datasets import load_diabetes

from sparse_lightning import Project
from sparse_lightning.nn.layers import linear_layers
from sparse_lightning.regularizers.replica import FLOOR
from sparse_lightning.training import train
from sparse_lightning.training.grid import TrainedPopulation
from sparse_lightning.training.preparing import Prepared, prepare

NEAR = 0.03
"""So much R² may be lost on the rows that are trained on."""

HELD_OUT = 0.2
METHODS = {"ridge": "ridge", "lasso": "lasso", "gradient_boosting": "gradient boosting"}
NETWORKS = {"sparse": "fewest connections", "closest": "best fit"}

FLATS = 800
EFFECTS = ("area", "floor", "age", "district", "lift", "sold")
"""The columns on which the generated prices depend."""


@dataclass(frozen=True)
class Judged:
    """A table: what it is, how many connections there can be, and a row for each split."""

    title: str
    rows: int
    columns: int
    inputs: int
    connections: int
    splits: pd.DataFrame


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=8, help="at least 2")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--tables", nargs="*", choices=[*TABLES], default=list(TABLES))
    parser.add_argument("--output", type=Path, help="the section as Markdown")
    options = parser.parse_args()
    found = {}
    with TemporaryDirectory() as folder:
        for name in options.tables:
            title, source, target = TABLES[name](Path(folder))
            table = {"source": source, "target": target}
            found[name] = judged(title, table, options.splits, options.epochs)
            print(found[name].splits.round(3).to_string(index=False), flush=True)
            means = found[name].splits.drop(columns="split").mean().to_dict()
            line = {"benchmark": "regressors", "table": name, "splits": options.splits, **means}
            print(json.dumps(line), flush=True)
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text("\n".join(section(found, options.splits)) + "\n")


def diabetes(folder: Path) -> tuple[str, str, str]:
    file = folder / "diabetes.csv"
    load_diabetes(as_frame=True, scaled=False).frame.to_csv(file, index=False)
    return "diabetes (scikit-learn)", str(file), "target"


def wine(_: Path) -> tuple[str, str, str]:
    return "quality of red wine (packaged)", "wine", "quality"


def sales(folder: Path) -> tuple[str, str, str]:
    """Numbers, levels and dates with and without an effect; noise leaves R² 0.86 at best."""
    draw = np.random.default_rng(0)
    area, age = draw.uniform(20, 160, FLATS), draw.uniform(0, 100, FLATS)
    sold = pd.Timestamp("2019-01-01") + pd.to_timedelta(draw.integers(0, 1800, FLATS), unit="D")
    frame = pd.DataFrame(
        {
            "area": area.round(1),
            "floor": draw.integers(0, 8, FLATS),
            "age": age.round(),
            "district": draw.choice(["North", "South", "East", "West", "Centre"], FLATS),
            "lift": draw.choice(["yes", "no"], FLATS),
            "sold": sold,
            "noise level": draw.normal(60, 8, FLATS).round(1),
            "distance": draw.gamma(2, 400, FLATS).round(),
            "advertised": draw.integers(1, 60, FLATS),
            "agent": draw.choice(["Ames", "Boyd", "Cole", "Dunn"], FLATS),
            "keys": draw.choice(["yes", "no"], FLATS),
            "built by": draw.choice(["A", "B", "C"], FLATS),
        }
    )
    prices = {"North": 0, "South": 25, "East": -20, "West": 5, "Centre": 60}
    price = 3.0 * area + 6 * frame["floor"] + 0.025 * (age - 60) ** 2
    price += frame["district"].map(prices) + 30 * (frame["lift"] == "yes")
    price += 0.03 * (sold - pd.Timestamp("2019-01-01")).days
    noise = draw.normal(0, price.std() * np.sqrt(0.14 / 0.86), FLATS)
    frame = frame.mask(draw.random(frame.shape) < 0.1)
    file = folder / "sales.csv"
    frame.assign(price=(price + noise).round(1)).to_csv(file, index=False)
    return "sales of flats (generated)", str(file), "price"


TABLES = {"diabetes": diabetes, "wine": wine, "sales": sales}


def judged(title: str, table: dict[str, str], splits: int, epochs: int) -> Judged:
    """The chosen networks and the other methods on held-out rows, split by split."""
    rows = []
    for split in range(splits):
        project = Project(
            task="regressor",
            table={"scale": "minmax", **table},
            network={"units": [8], "activation": "tanh"},
            evaluation={"holdout": HELD_OUT, "seed": split},
            training={
                "epochs": epochs,
                "seeds": [1, 2, 3],
                "accelerator": "cpu",
                "floor": {"max_cycles": 1},
                "resample": False,
                "refit": False,
            },
            regularizers={
                "l1_weights": [0.001, 0.002, 0.005, 0.0075, 0.01, 0.0125],
                "groups": {"L1": {}},
            },
        )
        prepared = prepare(project)
        rows.append({"split": split, **on_one_split(prepared, train(project, prepared.examples))})
    layers = prepared.layers
    total = sum(inputs * units for inputs, units in pairwise(layers))
    used = prepared.table.frame
    return Judged(title, *used.shape, layers[0], total, pd.DataFrame(rows))


def on_one_split(prepared: Prepared, trained: TrainedPopulation) -> dict[str, float]:
    connections, r2 = trained.connections, trained.metrics["r2"]
    regularized = np.array([replica.group != FLOOR for replica in trained.replicas])
    near = regularized & (r2 >= trained.references["ridge_r2"] - NEAR)
    closest = int(np.where(regularized, r2, -np.inf).argmax())
    # Where no network comes so near, the one that comes nearest is taken.
    sparse = min(np.flatnonzero(near), key=lambda n: (connections[n], -r2[n]), default=closest)
    found = {}
    for name, chosen in (("sparse", sparse), ("closest", closest)):
        columns = connected_columns(prepared, trained, chosen)
        found[f"{name}_connections"] = float(connections[chosen])
        found[name] = float(trained.metrics["heldout_r2"][chosen])
        found[f"{name}_columns"] = len(columns)
        if {*EFFECTS} <= {*prepared.table.encoding.columns}:
            found[f"{name}_effects"] = len(columns & {*EFFECTS})
    return found | {name: trained.references[f"{name}_heldout_r2"] for name in METHODS}


def connected_columns(prepared: Prepared, trained: TrainedPopulation, number: int) -> set[str]:
    """The columns from which a path leads to the output."""
    first, last = (layer.weight[number].detach() for layer in linear_layers(trained.network))
    connected = ((first.abs() > 0.01).float() @ (last.abs() > 0.01).float())[:, 0] > 0
    return {name for name, place in prepared.table.encoding.groups if bool(connected[place].any())}


def interval(values: "pd.Series[float]") -> str:
    """The mean, and where it lies with 95 %."""
    mean, half = values.mean(), reach(values)
    return f"{mean:.3f} [{mean - half:.3f}, {mean + half:.3f}]"


def reach(values: "pd.Series[float]") -> float:
    """Half of the interval of the mean: Student's t, as Nadeau and Bengio (2003) correct it for
    splits that share rows.
    """
    spread = values.std(ddof=1) * np.sqrt(1 / len(values) + HELD_OUT / (1 - HELD_OUT))
    return float(student.ppf(0.975, len(values) - 1) * spread)


def section(found: dict[str, Judged], splits: int) -> Iterator[str]:
    """The section of docs/results.md."""
    yield "## Regressors: a number as the target, beside ridge, lasso and gradient boosting"
    yield ""
    yield (
        f"Written by `python benchmarks/regressors.py --splits {splits} --output "
        f"reports/regressors.md`. Over {splits} splits {HELD_OUT:.0%} of the rows are held out; "
        "networks with 8 hidden units are trained with the penalty L1 at six values of λ from "
        "three seeds, and two of them are chosen by the rows that they are trained on: that with "
        f"the fewest connections of those whose R² is at most {NEAR:g} below that of ridge, and "
        "that of the best fit, whose R² is the highest. The values of λ were chosen on diabetes, "
        "and are the same for every table. Test R² is that of the held-out rows. Columns are those "
        "from which a path leads to the output. Intervals (95 %) are of "
        "Student's t, corrected for splits that share rows (Nadeau and Bengio, 2003)."
    )
    yield ""
    columns = [*(one.title for one in found.values())]
    yield from _row(["", *columns])
    yield from _row(["---"] * (1 + len(columns)))
    yield from _row(
        ["rows, columns, inputs", *(f"{o.rows}, {o.columns}, {o.inputs}" for o in found.values())]
    )
    for name, title in NETWORKS.items():
        shares = [_connections(one, name) for one in found.values()]
        yield from _row([f"{title}: connections", *shares])
        columns = [
            f"{o.splits[f'{name}_columns'].mean():.1f} of {o.columns}" for o in found.values()
        ]
        yield from _row([f"{title}: columns", *columns])
        yield from _row([f"{title}: test R²", *(interval(o.splits[name]) for o in found.values())])
    for name, title in METHODS.items():
        yield from _row([f"{title}: test R²", *(interval(o.splits[name]) for o in found.values())])
    for name, title in NETWORKS.items():
        for method, known in METHODS.items():
            ahead = [interval(_ahead(one, name, method)) for one in found.values()]
            yield from _row([f"{title} − {known}", *ahead])
            worst = [f"{_ahead(one, name, method).min():.3f}" for one in found.values()]
            yield from _row(["in the worst split", *worst])
    yield ""
    for one in found.values():
        yield from _compared(one)
    if "sales" in found:
        yield from _effects(found["sales"].splits)


def _row(cells: list[str]) -> Iterator[str]:
    yield f"| {' | '.join(cells)} |"


def _connections(one: Judged, name: str) -> str:
    mean = one.splits[f"{name}_connections"].mean()
    return f"{mean:.1f} of {one.connections} ({mean / one.connections:.0%})"


def _ahead(one: Judged, name: str, method: str = "ridge") -> Any:
    return one.splits[name] - one.splits[method]


def _compared(one: Judged) -> Iterator[str]:
    """Where the networks are ahead of the other methods, and where behind."""
    for name, title in NETWORKS.items():
        told = []
        for method, known in METHODS.items():
            ahead = _ahead(one, name, method)
            better = f"better in {int((ahead > 0).sum())} of {len(ahead)} splits"
            settled = "" if reach(ahead) < abs(ahead.mean()) else ", not settled"
            word = "ahead of" if ahead.mean() > 0 else "behind"
            told.append(f"{word} {known} by {abs(ahead.mean()):.3f} ({better}{settled})")
        yield f"- {one.title}, {title}: {', '.join(told)}."


def _effects(splits: pd.DataFrame) -> Iterator[str]:
    for name, title in NETWORKS.items():
        right = splits[f"{name}_effects"]
        wrong = splits[f"{name}_columns"] - right
        yield (
            f"- Sales of flats, {title}: {right.mean():.1f} of the six columns on which the prices "
            f"depend are used, and {wrong.mean():.1f} of the six others."
        )


if __name__ == "__main__":
    main()
