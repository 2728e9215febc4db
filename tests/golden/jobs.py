"""Run the jobs: `python -m golden.jobs` in an empty folder leaves what they gave in `gave.json`."""

import json
import math
from pathlib import Path
from typing import Any

import mlflow
from click.testing import CliRunner
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from mlflow.entities import Metric, Param
from sklearn.decomposition import SparsePCA

import sparse_lightning as sl
from golden.machine import machine
from golden.reading import indices_of, search_of, study_of
from sparse_lightning.cli import main

PROJECTS = Path(__file__).parents[2] / "projects"

SHORT = [
    "training.accelerator=cpu",
    "training.seeds=[1, 2]",
    "training.floor.max_cycles=2",
    "report.bootstrap=50",
    "report.structures.groups=[L1]",
]
STACK = ["training.epochs=2", "training.fine_tune_epochs=2"]
TWO = "regularizers.l1_weights=[0.0001, 0.001]"
CENSUS = [
    "training.epochs=1",
    "training.fine_tune_epochs=1",
    "training.batch_size=4096",
    "training.floor.max_cycles=1",
    TWO,
]
CENSUS_ROWS = (
    "table.prepare=[{drop_rare: {columns: [occupation], below: 6000}},"
    " {drop_rare: {columns: [workclass, education, marital-status, relationship], below: 50}},"
    " {binarize: {sex: Male, native-country: United-States%s}},"
    " {dummies: {columns: [workclass, education, marital-status, occupation, relationship, race]}}]"
)
"""A quarter of the rows: those of the commonest occupations."""

COLUMNS = {
    "census_sae": [
        *CENSUS,
        CENSUS_ROWS % ", income: '>50K'",
        "regularizers.groups={L1: {}, sL1+decs: {hidden_weight: 0.044}}",
    ],
    "ctg_sae": [*STACK, TWO],
    "wine_sae": [*STACK, "regularizers.l1_weights=[0.0001, 0.0005, 0.003]"],
    "census_class": [
        *CENSUS,
        CENSUS_ROWS % "",
        "regularizers.groups={L1: {}, sL1+sh: {hidden_weight: 0.022, hidden_threshold: 0.65}}",
    ],
    "ctg_class": [*STACK, TWO],
    "ctg_pca": [
        "training.epochs=6",
        "table.columns=[LB, AC, ASTV, ALTV, Width]",
        "network.units=[3]",
        "regularizers.l1_weights=[0.05, 0.2]",
    ],
}
"""The publication's columns, each with what makes it short."""

FURTHER = {
    "beyond_six": [
        *STACK,
        TWO,
        "regularizers.groups.magnitude.l1_weights=[0.5, 0.8]",
        "regularizers.groups.diverging={regularizer: hoyer, l1_weights: [0.001, 1.0e+38]}",
    ]
}
"""The other regularizers, and a group of which half the networks fail."""

SEARCH = [
    *STACK,
    "name=wine-searched",
    "regularizers.groups={L1: {}, sL1+sh: {hidden_weight: 0.001, hidden_threshold: 0.05}}",
    "search.seeds=[3, 4]",
    "search.markers=2",
    "search.storage=sqlite:///search.db",
]


def gave() -> dict[str, Any]:
    """What every job gave, by its name; the jobs are run in the working folder."""
    client = mlflow.MlflowClient()
    found = {}
    for file, settings in {**COLUMNS, **FURTHER}.items():
        project = sl.Project.load(PROJECTS / f"{file}.yaml", [*SHORT, *settings])
        sl.run(project, output=file)
        found[file] = {"indices": indices_of(Path(file)), **study_of(client, project.name)}
    found["wine_search"] = searched(client)
    found["wine_runs"] = compared(
        *("wine-sae", "--x", "connections", "--y", "squared_error"),
        *("--group", "group", "--replicate", "seed"),
    )
    log_by_hand(client)
    found["logged_by_hand"] = compared(
        *("by-hand", "--x", "n_params", "--y", "val_loss"),
        *("--group", "optimizer", "--replicate", "seed"),
    )
    return found


def searched(client: mlflow.MlflowClient) -> dict[str, Any]:
    """A search of a few trials, and the comparison at the best of them."""
    settings = [f"--set={setting}" for setting in [*SHORT, *SEARCH]]
    command(
        *("search", str(PROJECTS / "wine_sae.yaml"), "--trials", "3", "--output", "searched"),
        *settings,
    )
    return {
        "search": search_of(client, "wine-searched-search"),
        "indices": indices_of(Path("searched")),
        **study_of(client, "wine-searched-best"),
    }


def compared(experiment: str, *options: str) -> dict[str, Any]:
    """The runs of an experiment, compared as those of any other tool."""
    folder = f"{experiment}-compared"
    command("report", "--experiment", experiment, *options, "--output", folder)
    return {"indices": indices_of(Path(folder))}


def log_by_hand(client: mlflow.MlflowClient) -> None:
    """Two optimizers at three widths from two seeds; one of the runs fails."""
    experiment = client.create_experiment("by-hand")
    for place, optimizer in enumerate(("adam", "sgd")):
        for width in (1, 2, 5):
            for seed in (1, 2):
                run = client.create_run(experiment).info.run_id
                failed = (optimizer, width, seed) == ("sgd", 2, 2)
                loss = (3 + place) / math.sqrt(width) + seed / 7
                measures = {} if failed else {"n_params": 10 * width + place, "val_loss": loss}
                settings = {"optimizer": optimizer, "width": width, "seed": seed}
                client.log_batch(
                    run,
                    [Metric(name, value, 0, 0) for name, value in measures.items()],
                    [Param(name, str(value)) for name, value in settings.items()],
                )
                client.set_terminated(run, "FAILED" if failed else "FINISHED")


def command(*arguments: str) -> None:
    """Run a command of the package, which must not fail."""
    CliRunner().invoke(main, arguments, catch_exceptions=False, standalone_mode=False)


def shorten_libraries() -> None:
    """Leave pictures blank, and let scikit-learn's components, a reference, be less precise."""
    Figure.draw = ConstrainedLayoutEngine.execute = lambda *_, **__: None
    SparsePCA.__init__.__kwdefaults__["max_iter"] = 20


if __name__ == "__main__":
    shorten_libraries()
    values = {"machine": machine(), **gave()}
    Path("gave.json").write_text(json.dumps(values), encoding="utf-8")
