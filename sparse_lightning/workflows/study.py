"""Study: a finished study, read from the tracking store, and what its comparison says."""

import os
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sparse_lightning._machine import uncollected
from sparse_lightning._text import did_you_mean
from sparse_lightning.address import Address
from sparse_lightning.comparison import (
    Axes,
    Comparison,
    compare,
    network_axes,
    network_points,
)
from sparse_lightning.comparison.depths import Depth, compare_depths
from sparse_lightning.comparison.knees import with_agreement
from sparse_lightning.comparison.recommendation import Recommendation, recommend
from sparse_lightning.errors import InputError, TrainingError, check_type
from sparse_lightning.interpret.consensus import Consensus
from sparse_lightning.interpret.layout import MOST_UNITS
from sparse_lightning.interpret.mappings import SHARE
from sparse_lightning.project import Project
from sparse_lightning.regularizers.replica import FLOOR, STRENGTHS, find_strength
from sparse_lightning.report import View, write_report
from sparse_lightning.report.answer import answer, rule
from sparse_lightning.report.notebook import study_html
from sparse_lightning.report.tables import indices_text
from sparse_lightning.report.wording import settings_in_words
from sparse_lightning.report.writing import writable
from sparse_lightning.tracking import Store, StudyRecord, find_study, read_study
from sparse_lightning.tracking.networks import read_networks
from sparse_lightning.workflows.study_view import shown_networks, view_of

if TYPE_CHECKING:
    from sparse_lightning.network import Network


class Study:
    """A finished study, read from the tracking store.

    Everything it says is computed from the tracked runs, so that it says the same on any machine.

    Attributes:
        networks: one row a network: group, strengths, seed, connections, squared_error, agreement
            (with the other seeds of its marker; of studies that tracked it), run_id, …
        indices: one row a group, best first: the three indices with their intervals, and how far
            the seeds agree at the knee.
        comparison: indices, markers, pairs of groups and findings.
    """

    def __init__(self, store: Store, record: StudyRecord):
        self._store = store
        self._record = record

    @classmethod
    def load(cls, run_id: str, tracking_uri: str | Address | None = None) -> "Study":
        """Find a study again.

        Args:
            run_id: the id of the study's run.
            tracking_uri: the tracking store; default: the one that MLflow resolves.

        Raises:
            InputError: the run holds no study.
            TrackingError: the store fails, or the study is not finished.
        """
        check_type(run_id, str, "run_id", "the id of a study's run")
        store = Store(tracking_uri, new=False)
        return cls(store, read_study(store, run_id))

    @classmethod
    def find(cls, experiment: str, tracking_uri: str | Address | None = None) -> "Study":
        """The newest finished study of an experiment, or of a project of this name."""
        store = Store(tracking_uri, new=False)
        return cls(store, read_study(store, find_study(store, experiment)))

    @classmethod
    def named(cls, name: str, tracking_uri: str | Address | None = None) -> "Study":
        """The study of a run with this id, else the newest of an experiment or project."""
        if re.fullmatch("[0-9a-f]{32}", name):
            return cls.load(name, tracking_uri)
        return cls.find(name, tracking_uri)

    @property
    def run_id(self) -> str:
        """The id of the study's MLflow run."""
        return self._record.run_id

    @property
    def opening(self) -> str:
        """Where a browser finds the runs: an address, or the command that starts a server."""
        return self._store.opening

    @property
    def seconds(self) -> float:
        """From the project file to the finished report; NaN where the run has not ended."""
        return self._record.seconds

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
            TrainingError: every unregularized network failed, so that there is no floor.
        """
        try:
            points = network_points(self.networks, self.axes)
            return with_agreement(compare(points, self.axes, **self._comparing()))
        except InputError as error:
            floor = self.networks.loc[self.networks["group"] == FLOOR, "failed"]
            lost = f"all {len(floor)} networks of the group {FLOOR!r} failed, so there is no floor"
            raise TrainingError(
                f"the study {self.run_id} cannot be compared: {lost if floor.all() else error}; "
                "try another training.learning_rate or more training.epochs"
            ) from error

    @property
    def axes(self) -> Axes:
        """What is compared: connections and squared errors by regularizers, means over the seeds.

        The errors are those of validation rows where there are some, else of training rows. The
        floor is the smallest error of the unregularized networks.
        """
        return network_axes(self._record.metrics)

    @property
    def indices(self) -> pd.DataFrame:
        """One row a group, best first by the project's index, with intervals."""
        return self.comparison.indices

    @cached_property
    def recommended(self) -> "Network | None":
        """The network to begin with, and the default of `export`; `rule` says how it was chosen.

        Of each group the knee, of these the group whose seeds agree most, of its seeds the one that
        agrees most with the others (docs/method.md, "Which network to take"). None where nothing
        can be recommended; `rule` says why.

        Raises:
            TrainingError: every unregularized network failed, so that there is no floor.
            TrackingError: the store fails, or does not hold the files of the network.
        """
        found = recommend(self.comparison)
        if not isinstance(found, Recommendation):
            return None
        (network,) = read_networks(self._store, self._record, [found.run_id])
        return network

    @property
    def rule(self) -> str:
        """How `recommended` was chosen, in words, or why nothing can be recommended."""
        return rule(self.view())

    @property
    def answer(self) -> str:
        """The recommended network in two lines, or in one why there is none."""
        return "\n".join(answer(self.view()))

    def describe(self, frame: pd.DataFrame | None = None) -> str:
        """What the recommended network does in plain English, or why none is recommended.

        Args:
            frame: rows of the table, as `Network.describe` takes them.
        """
        if self.recommended is None:
            return self.answer
        threshold = self.project.report.connection_threshold
        return f"{self.answer}\n{self.recommended.describe(frame, threshold)}"

    def consensus(
        self,
        group: str,
        l1_weight: float | None = None,
        share: float = SHARE,
        **strengths: float,
    ) -> Consensus:
        """What most seeds of a marker say, each statement with its votes.

        Args:
            group: the group's name in the project file, or `none`.
            l1_weight: λ; may be left out where the group has one only.
            share: a column counts from this part of the strongest one's path strength, as in
                `Network.mappings`; 0 counts every path.
            strengths: further strengths by name, as for `networks_at`.

        Returns:
            Which columns share a code, or reach which output, and how many seeds say so; networks
            that failed are left out.

        Raises:
            InputError: there is no such group or strength, λ is missing, or all networks failed.
            TrackingError: the store fails, or does not hold the files of a network.
        """
        networks = self.networks_at(group, l1_weight, **strengths)
        weights = sorted({network.settings.get("l1_weight", 0.0) for network in networks})
        if not networks:
            raise InputError(f"{group}: all networks that are so failed")
        if len(weights) > 1:
            raise InputError(f"{group}: say which l1_weight: one of {weights}")
        threshold = self.project.report.connection_threshold
        title = f"{group}, {settings_in_words(networks[0].settings)}".removesuffix(", ")
        structures = {network.seed: network.structure(threshold) for network in networks}
        return Consensus.of(structures, share, title)

    def __str__(self) -> str:
        """The answer: the recommended network, then the groups, as the terminal has them."""
        view = self.view()
        return "\n".join([self.answer, "", indices_text(view.comparison, view.published)])

    def _repr_html_(self) -> str:
        """The same for a notebook, with the recommended network's diagram."""
        return study_html(self.view())

    def network(
        self, group: str, l1_weight: float | None = None, seed: int | None = None
    ) -> "Network":
        """One network of the study.

        Args:
            group: the group's name in the project file, or `none`.
            l1_weight: λ; may be left out where the group has one only.
            seed: the seed; may be left out where there is one only.

        Raises:
            InputError: no network, or several, are so, and the message says what there is; or the
                network failed.
        """
        found = self._of_group(group)
        for name, wanted in (("l1_weight", l1_weight), ("seed", seed)):
            values = sorted(found[name].unique().tolist())
            if wanted is None and len(values) > 1:
                raise InputError(f"{group}: say which {name}: one of {values}")
            if wanted is not None:
                found = _with(found, group, name, wanted)
        if found["failed"].iloc[0]:
            raise InputError(
                f"the network {found['run_name'].iloc[0]} failed: {found['failure'].iloc[0]}"
            )
        (network,) = read_networks(self._store, self._record, [found["run_id"].iloc[0]])
        return network

    def networks_at(
        self, group: str | None = None, l1_weight: float | None = None, **strengths: float
    ) -> list["Network"]:
        """All seeds of a marker, or of several, read at once; networks that failed are left out.

        Args:
            group: the group's name in the project file, or `none`; default: every group.
            l1_weight: λ; default: every one.
            strengths: further strengths by name, as `hidden_weight`, that the networks have.

        Returns:
            The networks in the order of the project file, with `group`, `settings`, `seed` and
            `run_id`.

        Raises:
            InputError: there is no such group or strength, and the message says what there is.
            TrackingError: the store fails, or does not hold the files of a network.
        """
        found = self.networks if group is None else self._of_group(group)
        wanted = {"l1_weight": l1_weight} if l1_weight is not None else {}
        for name, value in (wanted | strengths).items():
            if name not in STRENGTHS:
                hint = did_you_mean(name, STRENGTHS) or f"; there are {', '.join(STRENGTHS)}"
                raise InputError(f"there is no strength {name!r}{hint}")
            found = _with(found, group or "the study", name, value)
        return read_networks(
            self._store, self._record, found.loc[~found["failed"], "run_id"].tolist()
        )

    def _of_group(self, group: str) -> pd.DataFrame:
        found = self.networks.loc[self.networks["group"] == group]
        if found.empty:
            known = ", ".join(self.networks["group"].unique())
            raise InputError(f"there is no group {group!r}; the groups are {known}")
        return found

    def agreements(self, frame: pd.DataFrame) -> dict[str, dict[str, Any]]:
        """What the tracked agreement of paths and attributions of the shown networks holds.

        Args:
            frame: the table; of more than 500 rows a sample is taken.

        Returns:
            `Agreement.to_dict` by run id; empty where Captum is not installed, and for networks of
            more than 300 outputs, each of which takes as long as a network of one.
        """
        from sparse_lightning.interpret.attributions import is_installed

        if not is_installed() or self._record.layers[-1] > MOST_UNITS:
            return {}
        threshold = self.project.report.connection_threshold
        shown = [run_id for _, run_id in shown_networks(self._record, recommend(self.comparison))]
        return {
            network.run_id: network.agreement(frame, threshold=threshold).to_dict()
            for network in read_networks(self._store, self._record, shown)
        }

    def write_report(self, output: str | os.PathLike[str]) -> Path:
        """Write `report.html`, the indices and the figures into a folder; returns the page.

        Raises:
            InputError: the folder cannot be written.
            TrainingError: every unregularized network failed, so that there is no floor.
        """
        with uncollected():
            return write_report(self.view(), writable(Path(output)))

    @property
    def depths(self) -> tuple[Depth, ...]:
        """The groups compared after each stage of a stack; empty where there is one stage."""
        return compare_depths(self.networks, self.axes, self._record.layers, **self._comparing())

    def view(self) -> View:
        """The study as its report shows it."""
        return self._view

    @cached_property
    def _view(self) -> View:
        return view_of(self._store, self._record, self.comparison, self.depths)

    def _comparing(self) -> dict[str, Any]:
        settings = self.project.report
        return {
            "order_by": settings.index,
            "resamples": settings.bootstrap,
            "confidence": settings.confidence,
        }


def _with(networks: pd.DataFrame, group: str, name: str, wanted: float) -> pd.DataFrame:
    values = sorted(networks[name].dropna().unique().tolist())
    value = find_strength(wanted, values)
    if value is None:
        raise InputError(f"{group} has no {name} {wanted}; there are {values}")
    return networks.loc[networks[name] == value]
