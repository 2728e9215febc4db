"""What a report is written from: a comparison, and the facts of the study if it is of one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlsplit

import pandas as pd

from sparse_lightning._text import counted
from sparse_lightning.address import Address
from sparse_lightning.comparison import FLOOR_GROUP, Comparison
from sparse_lightning.comparison.axes import on_validation_rows
from sparse_lightning.comparison.depths import Depth
from sparse_lightning.comparison.markers import records
from sparse_lightning.comparison.recommendation import Lack, Recommendation, recommend
from sparse_lightning.interpret.agreement import Agreement
from sparse_lightning.interpret.structure import Structure
from sparse_lightning.interpret.votes import Vote
from sparse_lightning.report.published import published_values, published_weights
from sparse_lightning.report.residuals import Predictions
from sparse_lightning.report.wording import NETWORKS, RUNS, Words, good, labels


@dataclass(frozen=True, eq=False)
class Reading:
    """One network as the report shows it from inside.

    Attributes:
        sentences: what it does with its inputs.
        losses: the information loss of each variable; None for networks other than autoencoders.
        agreement: how path strengths agree with attributions, where those were computed.
        predictions: of a regressor, what it predicts for some rows.
        summary: what it does with its columns, in one sentence.
        votes: what it says, code by code, each with how many seeds say so; empty where the other
            seeds were not asked.
    """

    title: str
    structure: Structure
    sentences: Sequence[str]
    losses: pd.DataFrame | None
    run_id: str
    agreement: Agreement | None = None
    predictions: Predictions | None = None
    summary: str = ""
    votes: Sequence[Vote] = ()


@dataclass(frozen=True, eq=False)
class StudyFacts:
    """What is known of a study besides the comparison of its groups.

    Attributes:
        task: sae, classifier, regressor or pca.
        layers: units from the inputs to the outputs.
        connection_threshold: the |w| that a connection exceeds to count.
        common_weights: whether all groups were trained with the same penalty weights λ.
        floor_settled: whether the unregularized error had stopped falling after `floor_epochs`.
        networks: one row a network: group, l1_weight, l1_threshold, hidden_weight,
            hidden_threshold, sparsity, seed, connections, squared_error, failed, failure, run_id,
            experiment_id; optional: run_name, run_url, and further measures.
        depths: the comparisons of a stack after each of its stages.
        references: measures of other methods on the same rows.
        readings: the networks that the report shows from inside.
        fine_tuned: whether the whole networks were trained on after their stages.
        columns: what was made of each column of the table: name, kind, why, inputs, missing.
        rows_validation: how many rows choose; 0: training rows do.
        rows_test: how many rows only judge.
        folds: of a cross-validation; 0: none.
        rows_held_out: how many rows are in none of these, and judge.
        input_columns: how many columns of the table the networks are given.
        targets: the names of the numbers that they predict.
        finished: when all networks were tracked, as a reader sees it; "" where it is not known.
    """

    run_id: str
    dataset: str
    task: str
    rows: int
    layers: list[int]
    settings: dict[str, str]
    connection_threshold: float
    common_weights: bool
    floor_epochs: int
    floor_settled: bool
    networks: pd.DataFrame
    depths: tuple[Depth, ...] = ()
    references: Mapping[str, float] = field(default_factory=dict)
    readings: Sequence[Reading] = ()
    fine_tuned: bool = False
    columns: Sequence[Mapping[str, Any]] = ()
    rows_validation: int = 0
    rows_test: int = 0
    folds: int = 0
    rows_held_out: int = 0
    input_columns: int = 0
    targets: tuple[str, ...] = ()
    finished: str = ""

    def network(self, run_id: str) -> dict[str, Any]:
        """The row of a network by its run."""
        (row,) = records(self.networks.loc[self.networks["run_id"] == run_id])
        return row

    @property
    def kind(self) -> str:
        """What the networks are, e.g. `autoencoder, 12 columns through 8 codes`."""
        columns = counted(self.input_columns or self.layers[0], "column")
        if self.task == "regressor":
            return f"regressor, {columns} → {counted(len(self.targets), 'number')}"
        if self.task == "classifier":
            return f"classifier, {columns} → {self.layers[-1]} classes"
        codes = self.layers[len(self.layers) // 2]
        if self.task == "pca":
            return f"PCA, {columns} through {counted(codes, 'component')}"
        return f"autoencoder, {columns} through {counted(codes, 'code')}"

    @property
    def rows_in_words(self) -> str:
        """Which rows trained, chose and judged the networks."""
        if not self.rows_validation and not self.rows_test:
            by = f", judged by a cross-validation in {self.folds} folds" if self.folds else ""
            return f"{self.rows} rows, all of them for training{by}" if by else f"{self.rows} rows"
        choosing = (
            f"{self.rows} training rows; {self.rows_validation} validation rows"
            if self.rows_validation
            else f"{self.rows} training rows"
        )
        judging = f"; {self.rows_test} test rows, which only judge" if self.rows_test else ""
        return f"{choosing}, of which curves, floor and indices are{judging}"

    @property
    def shape(self) -> str:
        """The layers as one word, e.g. `12-10-12`."""
        return "-".join(str(units) for units in self.layers)

    @property
    def published(self) -> dict[str, float] | None:
        """The published areas by group, where there are any to compare with.

        They are of curves over one list of λ for all groups: a group with a list of its own has
        another range, and areas over different ranges cannot be compared.
        """
        return published_values(self.task, self.dataset) if self.common_weights else None

    @property
    def weights_in_words(self) -> str:
        """Whose values of λ the groups have."""
        if not self.common_weights:
            return "each group at its own list"
        regularized = self.networks["group"] != FLOOR_GROUP
        weights = sorted(self.networks.loc[regularized, "l1_weight"].unique().tolist())
        published = self.published is not None and weights == list(published_weights(self.task))
        return "the same list for all groups" + (", as published" if published else "")


@dataclass(frozen=True, eq=False)
class View:
    """What a report shows.

    Attributes:
        name: the name of the study or the experiment, the title of the report.
        tracking_ui: the address of the tracking server's page; None: there is no server.
        condition: the filter that the runs meet, in MLflow's language.
        left_out: sentences on what was not compared, and why.
        assumed: sentences on what was not given and taken from the runs.
        study: None: the runs are of other tools.
        page: makes the documents of the comparison page (docs/reference/page-data.md).
    """

    name: str
    experiment_id: str
    tracking_ui: str | None
    comparison: Comparison
    condition: str = ""
    left_out: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    study: StudyFacts | None = None
    page: Callable[[], Mapping[str, Any]] | None = None

    @cached_property
    def recommendation(self) -> Recommendation | Lack | None:
        """The network of the study to begin with, or what is lacking; None without a study."""
        return recommend(self.comparison) if self.study else None

    @property
    def words(self) -> Words:
        """What points, replicates and failures are called."""
        return NETWORKS if self.study else RUNS

    @property
    def title(self) -> str:
        """The title of its figures."""
        return f"{self.name}: {self.study.kind}" if self.study else self.name

    @property
    def published(self) -> dict[str, float] | None:
        """The published areas by group, where there are any to compare with."""
        return self.study.published if self.study else None

    @property
    def labels(self) -> tuple[str, str]:
        """What the axes of the curves are."""
        axes = self.comparison.axes
        if self.study is None:
            return (
                f"{axes.x} ({good(axes.x_direction)} is good)",
                f"{axes.y} ({good(axes.y_direction)} is good)",
            )
        named = labels(self.study.task)
        rows = ", validation rows" if self.chosen_by_validation else ""
        return named.across(self.study.connection_threshold), f"{named.error}{rows}"

    @property
    def chosen_by_validation(self) -> bool:
        """Whether curves, floor and indices are of validation rows."""
        return on_validation_rows(self.comparison.axes)

    def run_url(self, run: Mapping[str, Any]) -> str | None:
        """A run's `run_url`, or its address below `tracking_ui`; None unless it is of the web."""
        given = run.get("run_url")
        if isinstance(given, str) and given:
            return web_address(given)
        experiment_id = run.get("experiment_id") or self.experiment_id
        return run_address(self.tracking_ui, str(experiment_id), str(run["run_id"]))


def web_address(address: str) -> str | None:
    """The address if it is of the web, else None: a `javascript:` address must never be a link.

    It lacks what an `Address` hides: who reads a report must not be able to sign in by it.
    """
    try:
        scheme = urlsplit(address).scheme
    except ValueError:
        return None
    return str(Address(address)) if scheme.lower() in ("http", "https") else None


def run_address(tracking_ui: str | None, experiment_id: str, run_id: str) -> str | None:
    """The address of a run on the tracking server's pages, or None without a server."""
    if not tracking_ui:
        return None
    return web_address(
        f"{str(Address(tracking_ui)).rstrip('/')}/#/experiments/{quote(experiment_id, safe='')}"
        f"/runs/{quote(run_id, safe='')}"
    )
