"""From networks to markers: the means over the seeds, which make up a group's Pareto curve."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from sparse_lightning.comparison.frames import of_group
from sparse_lightning.comparison.indices import LARGEST
from sparse_lightning.errors import InputError

FLOOR_GROUP = "none"

_COLUMNS = ("group", "l1_weight", "seed", "connections", "squared_error", "failed")


@dataclass(frozen=True, eq=False)
class Grid:
    """The networks of one group, laid out by penalty weight and seed.

    Attributes:
        group: the name of the group.
        l1_weights: λ of the markers, increasing.
        connections: numbers of connections; NaN where a network failed or does not exist.
        squared_errors: mean squared errors per output element; NaN likewise.
        failed: how many networks of each marker failed.
    """

    group: str
    l1_weights: Float[np.ndarray, " marker"]
    connections: Float[np.ndarray, "marker seed"]
    squared_errors: Float[np.ndarray, "marker seed"]
    failed: Int[np.ndarray, " marker"]

    @property
    def survived(self) -> Bool[np.ndarray, "marker seed"]:
        """Where there is a network that did not fail."""
        return ~np.isnan(self.connections)

    def means(
        self, draw: Int[np.ndarray, "seed sample"] | None = None
    ) -> tuple[Float[np.ndarray, "marker sample"], Float[np.ndarray, "marker sample"]]:
        """The markers for each draw of seeds.

        Args:
            draw: positions on the seed axis, one column a sample; default: every seed once.

        Returns:
            x and y of the markers; NaN where no drawn network survived.
        """
        seeds = np.arange(self.connections.shape[1])[:, None] if draw is None else draw
        return _mean_over(self.connections, seeds), _mean_over(self.squared_errors, seeds)


def markers(networks: pd.DataFrame) -> pd.DataFrame:
    """The markers of every group: means over the seeds that did not fail.

    Args:
        networks: one row a network, with the columns group, l1_weight, seed, connections,
            squared_error and failed. A network without a finite result counts as failed.

    Returns:
        One row a marker: group, l1_weight, connections, squared_error, seeds (that survived) and
        failed. Groups keep the order of `networks`, penalty weights increase. A marker without a
        surviving network is left out.

    Raises:
        InputError: a column is missing, or two networks share group, weight and seed.
    """
    networks = checked_networks(networks)
    frames = [marker_frame(grid) for grid in grids(networks).values()]
    return pd.concat(frames, ignore_index=True)


def marker_frame(grid: Grid) -> pd.DataFrame:
    """The markers of one group, as in `markers`."""
    connections, squared_errors = grid.means()
    frame = pd.DataFrame(
        {
            "group": pd.Series([grid.group] * len(grid.l1_weights), dtype="str"),
            "l1_weight": grid.l1_weights,
            "connections": connections[:, 0],
            "squared_error": squared_errors[:, 0],
            "seeds": grid.survived.sum(axis=1),
            "failed": grid.failed,
        }
    )
    return frame.loc[frame["seeds"] > 0]


def floor(networks: pd.DataFrame) -> float:
    """The floor: the smallest squared error of the unregularized networks (group `none`).

    Args:
        networks: as in `markers`.

    Returns:
        A mean squared error per output element.

    Raises:
        InputError: no unregularized network survived, or there is none.
    """
    networks = checked_networks(networks)
    unregularized = of_group(networks, FLOOR_GROUP)
    if unregularized.empty:
        raise InputError(f"networks: the floor needs networks of the group {FLOOR_GROUP!r}")
    survived = unregularized.loc[~unregularized["failed"], "squared_error"]
    if survived.empty:
        raise InputError(
            f"networks: all {len(unregularized)} networks of the group {FLOOR_GROUP!r} failed, "
            "so there is no floor"
        )
    return float(survived.min())


def failures(networks: pd.DataFrame) -> pd.Series:
    """Which networks failed: those marked so, and those with a result that is not finite or huge.

    Args:
        networks: as in `markers`.

    Returns:
        A boolean for each row, on the index of `networks`.
    """
    results = networks[["connections", "squared_error"]].to_numpy(float)
    failed = networks["failed"].to_numpy(bool) | ~(np.abs(results) <= LARGEST).all(axis=1)
    return pd.Series(failed, index=networks.index)


def checked_networks(networks: pd.DataFrame) -> pd.DataFrame:
    """The columns that the curves are made of, with every unusable result marked as failed."""
    missing = [column for column in _COLUMNS if column not in networks.columns]
    if missing:
        raise InputError(f"networks: the column {missing[0]!r} is missing")
    if networks.empty:
        raise InputError("networks: there are no networks")
    frame = networks.loc[:, list(_COLUMNS)].reset_index(drop=True).astype({"group": str})
    for column in ("l1_weight", "seed"):
        lacking = frame.loc[pd.isna(frame[column])]
        if len(lacking):
            group = lacking["group"].iloc[0]
            raise InputError(f"networks: a network of group {group!r} has no {column}")
    frame = frame.astype({"connections": float, "squared_error": float})
    frame["failed"] = failures(frame)
    keys = ["group", "l1_weight", "seed"]
    repeated = frame.loc[frame.duplicated(subset=keys)]
    if len(repeated):
        row = repeated.iloc[0]
        raise InputError(
            f"networks: group {row['group']!r} has two networks with l1_weight "
            f"{row['l1_weight']:g} and seed {row['seed']}; a marker takes one network a seed"
        )
    return frame


def grids(networks: pd.DataFrame) -> dict[str, Grid]:
    """The networks of every group by weight and seed, all groups on the same axis of seeds.

    Args:
        networks: as returned by `checked_networks`.

    Returns:
        The grids by group, in the order of the frame. The seeds are sorted, so that no sum depends
        on the order of the rows.
    """
    seeds = np.unique(networks["seed"].to_numpy())
    return {
        str(group): _grid(str(group), rows, seeds)
        for group, rows in networks.groupby("group", sort=False)
    }


def _grid(group: str, rows: pd.DataFrame, seeds: np.ndarray) -> Grid:
    weights, marker = np.unique(rows["l1_weight"].to_numpy(float), return_inverse=True)
    seed = np.searchsorted(seeds, rows["seed"].to_numpy())
    failed = rows["failed"].to_numpy(bool)
    tables = []
    for column in ("connections", "squared_error"):
        table = np.full((len(weights), len(seeds)), np.nan)
        table[marker, seed] = np.where(failed, np.nan, rows[column].to_numpy(float))
        tables.append(table)
    counts = np.bincount(marker, weights=failed, minlength=len(weights)).astype(int)
    return Grid(group, weights, tables[0], tables[1], counts)


def _mean_over(
    values: Float[np.ndarray, "marker seed"], draw: Int[np.ndarray, "seed sample"]
) -> Float[np.ndarray, "marker sample"]:
    # Added up seed by seed: the order of the sum, and with it every bit, is the same everywhere.
    total = np.zeros((len(values), draw.shape[1]))
    count = np.zeros(total.shape, dtype=int)
    for seed in draw:
        drawn = values[:, seed]
        survived = ~np.isnan(drawn)
        total += np.where(survived, drawn, 0.0)
        count += survived
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
