"""From the id of a run to the network that it holds."""

import pandas as pd
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from sparse_lightning.errors import InputError
from sparse_lightning.integrations.exporting.pruned import ExportedNetwork, exported
from sparse_lightning.tracking import Store, StudyRecord, names, read_study
from sparse_lightning.tracking.files import read_project
from sparse_lightning.tracking.reading import read_network_of_run

MOST_SHOWN = 12
"""A message offers at most so many networks of a study."""


def find_exported(store: Store, run_id: str, threshold: float | None = None) -> ExportedNetwork:
    """The network of a run, pruned for export.

    Args:
        store: that holds it.
        run_id: of the network's own run.
        threshold: a connection counts when |w| exceeds it; default: the study's
            `report.connection_threshold`; 0 leaves the network as trained.

    Raises:
        InputError: there is no such run, it holds no network but, say, a study, its training
            failed, or the threshold is negative.
        TrackingError: the store fails, or the study is not finished.
    """
    run = store.run(run_id)
    kind = run.data.tags.get(names.KIND)
    if kind == names.STUDY:
        study = read_study(store, run_id)
        raise InputError(
            f"the run {run_id} holds the study {study.project.name!r}, not one network; export one "
            f"of its networks by its run:\n{_choice(study)}"
        )
    if kind != names.NETWORK or MLFLOW_PARENT_RUN_ID not in run.data.tags:
        held = f"a {kind}" if kind else "nothing of sparse-lightning"
        raise InputError(f"the run {run_id} in {store.uri} holds no network of a study but {held}")
    if names.FAILURE in run.data.tags:
        raise InputError(
            f"the training of the network {run_id} failed, so there is nothing to export: "
            f"{run.data.tags[names.FAILURE]}"
        )
    parent = store.run(run.data.tags[MLFLOW_PARENT_RUN_ID])
    if parent.data.tags.get(names.KIND) == names.TRIAL:
        raise InputError(
            f"the network {run_id} belongs to a trial of a search, which keeps no weights; export "
            "one of the study that follows the search"
        )
    network = read_network_of_run(store, run)
    if threshold is None:
        threshold = read_project(store, parent.info.run_id).report.connection_threshold
    return exported(network, threshold)


def _choice(study: StudyRecord) -> str:
    """The networks of a study of which no other has both fewer connections and a smaller error."""
    sound = study.networks.loc[~study.networks["failed"]]
    sound = sound.sort_values(["connections", "squared_error"])
    best = sound["squared_error"].cummin().shift(fill_value=float("inf"))
    front = sound.loc[sound["squared_error"] < best]
    lines = [_line(row) for row in front.head(MOST_SHOWN).to_dict("records")]
    rest = f"Study.load({study.run_id!r}).networks lists all {len(study.networks)}"
    return "\n".join([*lines, rest])


def _line(row: dict) -> str:
    strength = "" if pd.isna(row["l1_weight"]) else f", λ = {row['l1_weight']:g}"
    return (
        f"  {row['run_id']}  {row['group']}{strength}, seed {row['seed']}: "
        f"{row['connections']:g} connections, error {row['squared_error']:.4g}"
    )
