"""What the report of any runs is written from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import pandas as pd

from sparse_lightning.comparison import Comparison
from sparse_lightning.report.view import run_address

Direction = Literal["min", "max"]


@dataclass(frozen=True)
class Axes:
    """What is compared.

    Attributes:
        x: a metric, or a param that holds numbers.
        y: likewise.
        group: the param or tag by which runs are grouped, with `params.` or `tags.`; None: all runs
            are one group.
        marker: the params and tags in which the runs of a marker agree; empty: every run is a
            marker of its own.
        replicate: the param or tag in which they differ; None: the order in which they started.
        x_direction: whether small or large values are good.
        y_direction: likewise.
    """

    x: str
    y: str
    group: str | None
    marker: tuple[str, ...]
    replicate: str | None
    x_direction: Direction = "min"
    y_direction: Direction = "min"

    @property
    def front(self) -> bool:
        """Whether curves join only the runs that no other run of the group beats in both."""
        return not self.marker


@dataclass(frozen=True, eq=False)
class RunsView:
    """Runs of an experiment as their report shows them.

    The comparison is of costs: x as the distance from the best x there can be, y as it is where
    small is good and with its sign changed where large is. What is shown are the values as logged.

    Attributes:
        experiment: its name.
        experiment_id: its id.
        tracking_ui: the address of the tracking server's page, or None where there is no server.
        condition: the filter that the runs meet, in MLflow's language.
        axes: what is compared.
        comparison: of the groups, by costs.
        best_x: from which x is counted.
        corner: the x and y beyond which nothing is gained.
        floor: the best y.
        runs: one row a run that has a group: run_id, run_name, group, marker (its number),
            replicate, x, y, failed, failure.
        settings: of every marker, by its number: the params and tags that its runs agree in.
        left_out: sentences on what was not compared, and why.
        assumed: sentences on what was not given and taken from the runs.
        page: makes the documents of the comparison page (docs/reference/page-data.md); None: there
            is none.
    """

    experiment: str
    experiment_id: str
    tracking_ui: str | None
    condition: str
    axes: Axes
    comparison: Comparison
    best_x: float
    corner: tuple[float, float]
    floor: float
    runs: pd.DataFrame
    settings: Sequence[dict[str, str]]
    left_out: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    page: Callable[[], Mapping[str, Any]] | None = None

    @cached_property
    def markers(self) -> pd.DataFrame:
        """The markers of the curves with x and y as logged, and `marker`, their number."""
        markers = self.comparison.markers
        x_sign, y_sign = signs(self.axes)
        return markers.assign(
            marker=markers["l1_weight"].astype(int),
            connections=self.best_x + x_sign * markers["connections"],
            squared_error=y_sign * markers["squared_error"],
        )

    @cached_property
    def shown(self) -> Comparison:
        """The comparison with the values as logged, for what draws curves and nothing else."""
        return replace(self.comparison, markers=self.markers, floor=self.floor)

    @cached_property
    def points(self) -> pd.DataFrame:
        """`runs` under the names of columns by which curves are drawn."""
        return self.runs.assign(
            l1_weight=self.runs["marker"].astype(float),
            connections=self.runs["x"],
            squared_error=self.runs["y"],
        )

    @property
    def replicates(self) -> str:
        """What the runs of a marker are called."""
        return "replicates"

    def run_url(self, run_id: str) -> str | None:
        """The address of a run, or None without a tracking server."""
        return run_address(self.tracking_ui, self.experiment_id, run_id)

    def marker_name(self, marker: float) -> str:
        """What the runs of a marker agree in, in words."""
        settings = self.settings[int(marker)]
        return ", ".join(f"{short(name)} = {text}" for name, text in settings.items())


def signs(axes: Axes) -> tuple[int, int]:
    """1 where small values are good, −1 where large ones are; of x and of y."""
    return (1 if axes.x_direction == "min" else -1, 1 if axes.y_direction == "min" else -1)


def short(name: str) -> str:
    """The name of a param or tag without `params.` or `tags.`."""
    return name.split(".", 1)[1] if name.startswith(("params.", "tags.")) else name
