"""From points to markers: the means over the replicates, which make up a group's Pareto curve."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from sparse_lightning.comparison.points import Points


@dataclass(frozen=True, eq=False)
class Grid:
    """The points of one group, laid out by marker and replicate.

    Attributes:
        group: the name of the group.
        markers: the numbers of its markers, increasing.
        x: the points; NaN where one failed or does not exist.
        y: likewise.
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

        Args:
            draw: positions on the axis of replicates, one column a sample; default: every
                replicate once.
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
    """The points of every group by marker and replicate, all groups on the same axis of replicates.

    Args:
        frame: as `Points.frame`; of replicates that are not on the axis, points have failed.
        replicates: that axis, sorted, so that no sum depends on the order of the points; default:
            all there are.

    Returns:
        The grids by group, in the order of the frame.
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
