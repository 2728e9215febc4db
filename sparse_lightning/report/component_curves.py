"""The first n components of every method: what they contribute, with how many loadings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sparse_lightning.comparison import hypervolume_gap, network_points
from sparse_lightning.comparison.axes import VALIDATION
from sparse_lightning.comparison.markers import markers, of_group
from sparse_lightning.report.view import View

EXACT = "exact PCA"
SPARSE_PCA = "SparsePCA"
BP, UNREGULARIZED = "BP", "unregularized"
"""Back-propagation without a regularizer, as the publication calls it."""

# `pca_contribution_3`, `sparse_pca_0.5_loadings_10`: as the training of components names them.
_REFERENCE = re.compile(
    r"(?:pca|sparse_pca_(?P<alpha>[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?))"
    r"_(?P<measure>contribution|loadings)_(?P<n>[0-9]+)"
)


@dataclass(frozen=True, eq=False)
class ComponentCurves:
    """What the first n components of every method contribute, n = 1, 2, …, N.

    Attributes:
        trained: one row a group, λ and n, means over the seeds that did not fail: group, l1_weight,
            n, contribution, loadings, seeds. The unregularized networks are the group `none`.
        middle: the λ in the middle of each group's list.
        references: as `reference_curves` gives them.
    """

    components: int
    groups: tuple[str, ...]
    trained: pd.DataFrame
    middle: Mapping[str, float]
    references: pd.DataFrame

    @classmethod
    def of(cls, view: View) -> "ComponentCurves | None":
        """Those of a report; None where it is not on a study of components.

        Contributions are of the rows that the report compares by.
        """
        study = view.study
        if study is None:
            return None
        networks = study.networks.astype({"group": str})
        components = sum(bool(re.fullmatch("contribution_[0-9]+", name)) for name in networks)
        if study.task != "pca" or not components:
            return None
        rows = VALIDATION if view.chosen_by_validation else ""
        lists = {
            str(group): sorted(weights.unique())
            for group, weights in networks.groupby("group", sort=False)["l1_weight"]
        }
        return cls(
            components,
            view.comparison.groups,
            pd.concat([_of_first(networks, n, rows) for n in range(1, components + 1)]),
            {group: float(weights[len(weights) // 2]) for group, weights in lists.items()},
            reference_curves(_of_rows(study.references, rows)),
        )

    def path(self, group: str) -> pd.DataFrame:
        """A group's first n components at its middle λ, one row for each n."""
        frame = of_group(self.trained, group)
        return frame.loc[frame["l1_weight"] == self.middle[group]]

    def curve(self, group: str, n: int) -> pd.DataFrame:
        """A group's first n components, one row for each λ, in the order of the Pareto curve."""
        frame = of_group(self.trained, group)
        return _along(frame.loc[frame["n"] == n])

    @property
    def exact_path(self) -> pd.DataFrame:
        """The first n components of exact PCA; empty where the study does not hold them."""
        return self.references.loc[self.references["method"] == EXACT]

    @property
    def alphas(self) -> list[float]:
        """The strengths of SparsePCA."""
        sparse = self.references.loc[self.references["method"] == SPARSE_PCA, "alpha"]
        return sorted(sparse.unique().tolist())

    def sparse_path(self, alpha: float) -> pd.DataFrame:
        """The first n components of SparsePCA at one alpha."""
        return self.references.loc[self.references["alpha"] == alpha]

    def sparse_curve(self, n: int) -> pd.DataFrame:
        """The first n components of SparsePCA, one row for each alpha."""
        frame = self.references
        return _along(frame.loc[(frame["method"] == SPARSE_PCA) & (frame["n"] == n)])

    def nearest_alpha(self) -> float | None:
        """The alpha whose N components are as sparse as the groups' at their middle λ, or nearly.

        Paths of one strength each can be compared only where they spend about as many loadings.
        """
        frame = self.trained.loc[self.trained["n"] == self.components]
        at_middle = frame["l1_weight"] == frame["group"].map(self.middle)
        wanted = frame.loc[at_middle & frame["group"].isin(self.groups), "loadings"].median()
        sparse = self.sparse_curve(self.components)
        if sparse.empty or pd.isna(wanted):
            return None
        return float(sparse["alpha"].iloc[(sparse["loadings"] - wanted).abs().argmin()])

    def gap(self, curve: pd.DataFrame, inputs: float) -> float | None:
        """`hypervolume_gap` of a curve of the first n components, with so many inputs.

        The floor is what the first n of exact PCA leave, and an error of 1 is that of no component.
        None for a curve without markers, or without exact PCA to compare with.
        """
        exact = self.exact_path
        exact = exact.loc[exact["n"].isin(curve["n"]), "contribution"]
        if curve.empty or exact.empty:
            return None
        return hypervolume_gap(
            curve["loadings"].to_numpy(),
            1 - curve["contribution"].to_numpy(),
            floor=1 - float(exact.iloc[0]),
            null_error=1.0,
            connections_total=inputs,
        )


def reference_curves(references: Mapping[str, float]) -> pd.DataFrame:
    """One row a method (`EXACT` or `SPARSE_PCA`), alpha (NaN of exact PCA) and n, both increasing.

    The columns are method, alpha, n, contribution, loadings; references with other names are left
    out.
    """
    rows: dict[tuple[float, int], dict[str, float]] = {}
    for name, value in references.items():
        if found := _REFERENCE.fullmatch(name):
            # No alpha is below 0: exact PCA comes first.
            key = (float(found["alpha"] or -1), int(found["n"]))
            rows.setdefault(key, {})[found["measure"]] = value
    return pd.DataFrame(
        [
            {
                "method": EXACT if alpha < 0 else SPARSE_PCA,
                "alpha": float("nan") if alpha < 0 else alpha,
                "n": n,
                "contribution": row["contribution"],
                "loadings": row["loadings"],
            }
            for (alpha, n), row in sorted(rows.items())
            if len(row) == 2
        ],
        columns=["method", "alpha", "n", "contribution", "loadings"],
    )


def _of_rows(references: Mapping[str, float], rows: str) -> Mapping[str, float]:
    """The references whose contributions are of some rows, named like those of training rows."""
    if not rows:
        return references
    return {
        name.replace(f"_{rows}contribution_", "_contribution_"): value
        for name, value in references.items()
        if f"_{rows}contribution_" in name or "_loadings_" in name
    }


def _of_first(networks: pd.DataFrame, n: int, rows: str) -> pd.DataFrame:
    """Means over the seeds of the first n components; those of all N are the Pareto markers."""
    points = network_points(
        networks.assign(
            connections=networks[f"loadings_{n}"],
            squared_error=1 - networks[f"{rows}contribution_{n}"],
        )
    )
    found = markers(points)
    weights = [points.settings[marker]["l1_weight"] for marker in found.pop("marker")]
    found.insert(1, "l1_weight", weights)
    found = found.rename(columns={"x": "loadings", "replicates": "seeds"})
    return found.assign(n=n, contribution=1 - found.pop("y"))


def _along(curve: pd.DataFrame) -> pd.DataFrame:
    """Markers as they are joined: by loadings, of equals the smaller contribution first."""
    return curve.iloc[np.lexsort((curve["contribution"], curve["loadings"]))]
