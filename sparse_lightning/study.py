"""Study: a project's networks, trained and tracked, and what their comparison says."""

import os
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryFile

import pandas as pd
import torch

from sparse_lightning.data.catalog import load_table
from sparse_lightning.errors import InputError, TrainingError
from sparse_lightning.network import Network
from sparse_lightning.pareto import Comparison, compare, floor
from sparse_lightning.project import Project
from sparse_lightning.report import StudyView, write_report
from sparse_lightning.tracking import Store, StudyRecord, StudyWriter, find_study, read_study
from sparse_lightning.tracking.reading import read_network
from sparse_lightning.training import train
from sparse_lightning.training.progress import Progress


class Study:
    """A finished study, read from the tracking store.

    Everything it says is computed from the tracked runs, so that it says the same on any machine.

    Attributes:
        networks: one row a network: group, strengths, seed, connections, squared_error, run_id, …
        indices: one row a group, best first: the three indices with their intervals.
        comparison: indices, markers, pairs of groups and findings.
    """

    def __init__(self, store: Store, record: StudyRecord):
        self._store = store
        self._record = record

    @classmethod
    def load(cls, run_id: str, tracking_uri: str | None = None) -> "Study":
        """Find a study again.

        Args:
            run_id: of the study's run.
            tracking_uri: of the store; default: as MLflow resolves it.

        Raises:
            InputError: the run holds no study.
            TrackingError: the store fails, or the study is not finished.
        """
        store = Store(tracking_uri)
        return cls(store, read_study(store, run_id))

    @classmethod
    def find(cls, experiment: str, tracking_uri: str | None = None) -> "Study":
        """The newest finished study of an experiment, or of a project of this name."""
        store = Store(tracking_uri)
        return cls(store, read_study(store, find_study(store, experiment)))

    @property
    def run_id(self) -> str:
        """The id of the study's MLflow run."""
        return self._record.run_id

    @property
    def project(self) -> Project:
        """The project that the study was made from."""
        return self._record.project

    @property
    def networks(self) -> pd.DataFrame:
        """One row a network, in the order of the project file."""
        return self._record.networks

    @cached_property
    def comparison(self) -> Comparison:
        """The groups compared.

        Raises:
            TrainingError: every unregularized network failed, or none learned anything.
        """
        settings, metrics = self.project.report, self._record.metrics
        try:
            return compare(
                self.networks,
                floor=floor(self.networks),
                null_error=metrics["null_error"],
                connections_total=metrics["connections_total"],
                connection_threshold=settings.connection_threshold,
                order_by=settings.index,
                resamples=settings.bootstrap,
                confidence=settings.confidence,
            )
        except InputError as error:
            raise TrainingError(
                f"the study {self.run_id} cannot be compared: {error}; "
                "try another training.learning_rate or more training.epochs"
            ) from error

    @property
    def indices(self) -> pd.DataFrame:
        """One row a group, best first by the project's index, with intervals."""
        return self.comparison.indices

    def network(
        self, group: str, l1_weight: float | None = None, seed: int | None = None
    ) -> Network:
        """One network of the study.

        Args:
            group: as in the project file, or `none`.
            l1_weight: λ; may be left out where the group has one only.
            seed: may be left out where there is one only.

        Raises:
            InputError: no network, or several, are so; the message says what there is.
        """
        found = self.networks.loc[self.networks["group"] == group]
        if found.empty:
            known = ", ".join(self.networks["group"].unique())
            raise InputError(f"there is no group {group!r}; the groups are {known}")
        for name, wanted in (("l1_weight", l1_weight), ("seed", seed)):
            values = sorted(found[name].unique().tolist())
            if wanted is not None and wanted not in values:
                raise InputError(f"{group} has no {name} {wanted}; there are {values}")
            if wanted is None and len(values) > 1:
                raise InputError(f"{group}: say which {name}: one of {values}")
            if wanted is not None:
                found = found.loc[found[name] == wanted]
        return read_network(self._store, self._record, found["run_id"].iloc[0])

    def write_report(self, output: Path) -> Path:
        """Write `report.html`, the indices and the figures into a folder; returns the page.

        Raises:
            InputError: the folder cannot be written.
            TrainingError: every unregularized network failed, or none learned anything.
        """
        return write_report(self.view(), _writable(output))

    def view(self) -> StudyView:
        """The study as its report shows it."""
        project, record = self.project, self._record
        settings, training = project.regularizers, project.training
        cycle = f"{training.epochs} epochs, learning rate {training.learning_rate:g}"
        return StudyView(
            name=project.report.title or project.name,
            run_id=record.run_id,
            experiment_id=record.experiment_id,
            tracking_ui=self._store.page,
            dataset=record.params["dataset"],
            task=project.task,
            rows=int(record.metrics["rows"]),
            layers=[int(units) for units in record.params["layers"].split("-")],
            settings={
                "activation": f"{project.network.activation}, output {project.output_activation}",
                "optimizer": f"{training.optimizer}, {cycle}, batches of {training.batch_size}",
                "schedule": f"the last {training.schedule.tail:.0%} of the epochs at "
                f"{training.schedule.factor:g} of the learning rate",
                "seeds": ", ".join(str(seed) for seed in training.seeds),
                "floor": f"cycles of {training.epochs} epochs, from the second on in batches of "
                f"{training.floor.batch_size}, until one lowers the smallest error by less than "
                f"{training.floor.tolerance:.3g} of itself; at most {training.floor.max_cycles}",
                **{f"group {name}": _strengths(settings.grid(name)) for name in settings.groups},
            },
            common_weights=not any(settings.own_weights(group) for group in settings.groups),
            floor_epochs=int(record.metrics["floor_epochs"]),
            floor_settled=bool(record.metrics["floor_settled"]),
            index=project.report.index,
            comparison=self.comparison,
            networks=self.networks,
        )


def run(
    project: Project,
    tracking_uri: str | None = None,
    output: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Study:
    """Train every network of a project, track them, and write the report.

    Args:
        project: what to train.
        tracking_uri: of the MLflow store; default: as MLflow resolves it. Where `MLFLOW_RUN_ID`
            names an open run, as `mlflow run` sets it, that run becomes the study's.
        output: the folder of the report; default: `reports/NAME` in the working folder.
        progress: told of every epoch; default: nothing is told.

    Returns:
        The study, read back from the store.

    Raises:
        InputError: the project, its table or the output folder cannot be used.
        TrackingError: the store fails.
        TrainingError: the accelerator or the precision cannot be used, or every unregularized
            network failed.
    """
    table = load_table(project.table, project.folder)
    rows = torch.from_numpy(table.encoding.transform(table.frame))
    layers = [rows.shape[1], *project.network.units]
    layers += layers[-2::-1]
    folder = _writable(Path(output) if output is not None else Path("reports") / project.name)
    store = Store(tracking_uri)
    open_run = os.environ.get("MLFLOW_RUN_ID")
    with StudyWriter(store, project, table, table.encoding, layers, open_run) as writer:
        writer.networks(train(project, rows, progress))
        study = Study.load(writer.run_id, store.uri)
        study.write_report(folder)
        writer.report(folder)
    return study


def _writable(folder: Path) -> Path:
    """Make the folder of the report before hours are spent on what is to lie there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except OSError as error:
        raise InputError(f"--output {folder}: cannot be written: {error.strerror}") from error
    return folder


def _strengths(grid: tuple[dict[str, float], ...]) -> str:
    """The strengths of a group in words: `λ 0.0001, 0.001; θ 0.1`."""
    symbols = {
        "l1_weight": "λ",
        "l1_threshold": "θ",
        "hidden_weight": "η",
        "hidden_threshold": "τ",
        "sparsity": "ρ",
    }
    parts = []
    for name, symbol in symbols.items():
        values = list(dict.fromkeys(setting[name] for setting in grid if name in setting))
        if values:
            parts.append(f"{symbol} " + ", ".join(f"{value:g}" for value in values))
    return "; ".join(parts)
