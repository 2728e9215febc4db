"""What a report is written from: the facts of a study and the comparison of its groups."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import pandas as pd

from sparse_lightning.address import Address
from sparse_lightning.comparison import Comparison
from sparse_lightning.comparison.depths import Depth
from sparse_lightning.interpret.agreement import Agreement
from sparse_lightning.interpret.structure import Structure
from sparse_lightning.report.published import published_values, published_weights


@dataclass(frozen=True, eq=False)
class Reading:
    """One network as the report shows it from inside.

    Attributes:
        title: which one.
        structure: its units and the connections that count.
        sentences: what it does with its inputs.
        losses: the information loss of each variable, as `reading.loss` has them; None of others
            than autoencoders.
        run_id: of its run.
        agreement: of its path strengths with attributions, where they were computed.
    """

    title: str
    structure: Structure
    sentences: Sequence[str]
    losses: pd.DataFrame | None
    run_id: str
    agreement: Agreement | None = None


@dataclass(frozen=True, eq=False)
class StudyView:
    """A study as its report shows it.

    Attributes:
        name: of the study.
        run_id: of the study's run.
        experiment_id: of the experiment that the runs belong to.
        tracking_ui: the address of the tracking server's page, or None where there is no server.
        dataset: the name of the table.
        task: sae, classifier or pca.
        rows: how many rows the networks were trained on.
        layers: units from the inputs to the outputs.
        settings: the settings to show, by name.
        common_weights: whether all groups were trained with the same penalty weights λ.
        floor_epochs: how many epochs the unregularized networks were trained.
        floor_settled: whether their error had stopped falling by then.
        index: the index that orders the groups.
        comparison: the groups compared.
        networks: one row a network: group, l1_weight, l1_threshold, hidden_weight,
            hidden_threshold, sparsity, seed, connections, squared_error, failed, failure, run_id,
            experiment_id; optional: run_name, run_url, and further measures.
        depths: the comparisons of a stack after each of its stages.
        references: measures of other methods on the same rows.
        readings: of the networks that the report shows from inside.
        fine_tuned: whether the whole networks were trained on after their stages.
        page: makes the documents of the comparison page (docs/reference/page-data.md); None: there
            is none.
    """

    name: str
    run_id: str
    experiment_id: str
    tracking_ui: str | None
    dataset: str
    task: str
    rows: int
    layers: list[int]
    settings: dict[str, str]
    common_weights: bool
    floor_epochs: int
    floor_settled: bool
    index: str
    comparison: Comparison
    networks: pd.DataFrame
    depths: tuple[Depth, ...] = ()
    references: Mapping[str, float] = field(default_factory=dict)
    readings: Sequence[Reading] = ()
    fine_tuned: bool = False
    page: Callable[[], Mapping[str, Any]] | None = None

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
        groups = self.networks["group"].isin(self.comparison.groups)
        weights = sorted(self.networks.loc[groups, "l1_weight"].unique().tolist())
        published = self.published is not None and weights == list(published_weights(self.task))
        return "the same list for all groups" + (", as published" if published else "")

    @property
    def study_url(self) -> str | None:
        """The address of the study's run, or None without a tracking server."""
        return run_address(self.tracking_ui, self.experiment_id, self.run_id)

    def network_url(self, network: dict) -> str | None:
        """The address of a network's run: its `run_url`, or made from `tracking_ui`.

        Args:
            network: a row of `networks` as a dict.

        Returns:
            An http or https address, or None where there is none.
        """
        given = network.get("run_url")
        if isinstance(given, str) and given:
            return web_address(given)
        experiment_id = network.get("experiment_id") or self.experiment_id
        return run_address(self.tracking_ui, str(experiment_id), str(network["run_id"]))


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
