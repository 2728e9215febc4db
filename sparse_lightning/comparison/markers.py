"""From points to markers: the means over the replicates, which make up a group's Pareto curve.

And how frames of them are read: the rows of a group, in the order of its curve, as dicts.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from sparse_lightning.comparison.points import Points


@dataclass(frozen=True, eq=False)
class Grid:
    """The points of one group, laid out by marker and replicate.

    Attributes:
        markers: the numbers of its markers, increasing.
        x: NaN where a point failed or does not exist; likewise y.
        failed: how many points of each marker failed.
    """

    group: str
    markers: Int[np.ndarray, " marker"]
    x: Float[np.ndarray, "marker replicate"]
    y: Float[np.ndarray, "marker replicate"]
    failed: Int[np.ndarray, " marker"]

    @property
    def survived(self) -> Bool[np.ndarray, "marker replicate"]:
        """Where there is a point that did not fail."""
        return ~np.isnan(self.x)

    def means(
        self, draw: Int[np.ndarray, "replicate sample"] | None = None
    ) -> tuple[Float[np.ndarray, "marker sample"], Float[np.ndarray, "marker sample"]]:
        """The markers for each draw of replicates; NaN where no drawn point survived.

        A draw is a column of positions on the axis of replicates; None: every replicate once.
        """
        places = np.arange(self.x.shape[1])[:, None] if draw is None else draw
        return _mean_over(self.x, places), _mean_over(self.y, places)


def markers(points: Points) -> pd.DataFrame:
    """The markers of every group, as `Comparison.markers` has them.

    Groups keep the order of the points, the numbers of the markers increase. A marker without a
    surviving point is left out.
    """
    frames = [marker_frame(grid) for grid in grids(points.frame).values()]
    return pd.concat(frames, ignore_index=True)


def marker_frame(grid: Grid) -> pd.DataFrame:
    """The markers of one group: group, marker, x, y, replicates (that survived), failed."""
    x, y = grid.means()
    frame = pd.DataFrame(
        {
            "group": pd.Series([grid.group] * len(grid.markers), dtype="str"),
            "marker": grid.markers,
            "x": x[:, 0],
            "y": y[:, 0],
            "replicates": grid.survived.sum(axis=1),
            "failed": grid.failed,
        }
    )
    return frame.loc[frame["replicates"] > 0]


def grids(frame: pd.DataFrame, replicates: np.ndarray | None = None) -> dict[str, Grid]:
    """The points of every group by marker and replicate, in the order of `Points.frame`.

    All groups lie on the same sorted axis of replicates, so that no sum depends on the order of the
    points. Points of replicates that are not on a given axis must have failed.
    """
    if replicates is None:
        replicates = np.unique(frame["replicate"].to_numpy())
    return {
        str(group): _grid(str(group), rows, replicates)
        for group, rows in frame.groupby("group", sort=False)
    }


def _grid(group: str, rows: pd.DataFrame, replicates: np.ndarray) -> Grid:
    markers, marker = np.unique(rows["marker"].to_numpy(), return_inverse=True)
    failed = rows["failed"].to_numpy(bool)
    replicate = np.searchsorted(replicates, rows["replicate"].to_numpy()[~failed])
    tables = []
    for column in ("x", "y"):
        table = np.full((len(markers), len(replicates)), np.nan)
        table[marker[~failed], replicate] = rows[column].to_numpy(float)[~failed]
        tables.append(table)
    counts = np.bincount(marker, weights=failed, minlength=len(markers)).astype(int)
    return Grid(group, markers, tables[0], tables[1], counts)


def _mean_over(
    values: Float[np.ndarray, "marker replicate"], draw: Int[np.ndarray, "replicate sample"]
) -> Float[np.ndarray, "marker sample"]:
    # Added up one by one: the order of the sum, and with it every bit, is the same everywhere.
    total = np.zeros((len(values), draw.shape[1]))
    count = np.zeros(total.shape, dtype=int)
    for replicate in draw:
        drawn = values[:, replicate]
        survived = ~np.isnan(drawn)
        total += np.where(survived, drawn, 0.0)
        count += survived
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def of_group(frame: pd.DataFrame, group: str) -> pd.DataFrame:
    """The rows of one group."""
    return frame.loc[frame["group"] == group]


def along_the_curve(markers: pd.DataFrame) -> pd.DataFrame:
    """Markers as they are joined: by x, of equals the larger y first."""
    return markers.iloc[np.lexsort((-markers["y"], markers["x"]))]


def front(rows: pd.DataFrame, x: str = "x", y: str = "y") -> pd.DataFrame:
    """The rows that no other beats in both of two costs, by `x`."""
    ordered = rows.sort_values([x, y], kind="stable")
    return ordered.loc[ordered[y] < ordered[y].cummin().shift(fill_value=np.inf)]


def records(frame: Any) -> list[dict[str, Any]]:
    """The rows of a frame as dicts by column."""
    return frame.to_dict("records")
