"""Agreement: whether the variables that reach an output by strong paths are those that move it."""

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from jaxtyping import Float

from sparse_lightning._text import number, shortened
from sparse_lightning.errors import InputError
from sparse_lightning.interpret.loss import rank_correlation
from sparse_lightning.interpret.mappings import SHARE

TOP = 5
"""The number of strongest variables compared, at most half of all."""

WEAK = SHARE / 2
"""The part of the strongest below which a variable is weak."""

STILL = 0.01
"""An output stands still whose largest attribution is less than this part of that of all."""

MOST = 10
"""The number of disagreements put into words."""

LONGEST = 40
"""The characters shown of a name."""


@dataclass(frozen=True, eq=False)
class Agreement:
    """Path strengths beside attributions, output by output.

    Attributes:
        outputs: one row an output: output, rank_correlation (Spearman's, over the variables, of
            path strength and attribution; NaN where one of them is the same for all), top_overlap
            (the share of the k strongest by one that are among the k strongest by the other; NaN
            where nothing reaches the output), k (at most 5 and half of the variables, and no more
            than have at least `SHARE` of the strongest by one of them).
        sentences: where they disagree, the greatest difference of ranks first: variables with at
            least `SHARE` of the strongest by one, and less than `WEAK` of it by the other. Of
            outputs that nothing moves (`STILL`) there are none.
        method: the method of the attributions.
        rows: how many rows they are means over.
    """

    outputs: pd.DataFrame
    sentences: tuple[str, ...]
    method: str
    rows: int

    @classmethod
    def of(cls, strengths: pd.DataFrame, attributed: pd.DataFrame, method: str, rows: int) -> Self:
        """Compare path strengths with attributions.

        Args:
            strengths: the strengths of the paths, `(output, variable)`.
            attributed: the mean sizes of the attributions, likewise.
            method: the method of the attributions.
            rows: how many rows they are means over.

        Raises:
            InputError: they are not of the same outputs and variables.
        """
        if strengths.shape != attributed.shape:
            raise InputError(
                f"strengths have the shape {strengths.shape}, attributions {attributed.shape}"
            )
        most = max(1, min(TOP, strengths.shape[1] // 2))
        found, disagreements = [], []
        largest = attributed.to_numpy(float).max(initial=0.0)
        for place, output in enumerate(str(name) for name in strengths.index):
            paths, sizes = strengths.to_numpy(float)[place], attributed.to_numpy(float)[place]
            k = min(most, max(int((_parts(one) >= SHARE).sum()) for one in (paths, sizes)))
            by_path, by_size = _top(paths, k), _top(sizes, k)
            found.append(
                {
                    "output": output,
                    "rank_correlation": rank_correlation(paths, sizes),
                    "top_overlap": len(by_path & by_size) / k if k else np.nan,
                    "k": k,
                }
            )
            names = [str(name) for name in strengths.columns]
            if sizes.max(initial=0.0) < STILL * largest:
                continue
            disagreements += _disagreements(output, names, paths, sizes, by_path ^ by_size)
        disagreements.sort(key=lambda one: -one[0])
        sentences = [sentence for _, sentence in disagreements[:MOST]]
        if len(disagreements) > MOST:
            sentences.append(f"And {len(disagreements) - MOST} more, of smaller differences.")
        return cls(pd.DataFrame(found), tuple(sentences), method, rows)

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it; NaN as null."""
        rows = self.outputs.to_dict("records")
        return {
            "method": self.method,
            "rows": self.rows,
            "outputs": [
                {str(name): None if value != value else value for name, value in row.items()}
                for row in rows
            ],
            "sentences": list(self.sentences),
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        """What `to_dict` described.

        Raises:
            InputError: it is none.
        """
        try:
            columns = ["output", "rank_correlation", "top_overlap", "k"]
            frame = pd.DataFrame(stored["outputs"]).loc[:, columns]
            frame = frame.astype({"rank_correlation": float, "top_overlap": float})
            sentences = tuple(str(one) for one in stored["sentences"])
            return cls(frame, sentences, str(stored["method"]), int(stored["rows"]))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"the agreement cannot be read: {error!r}") from error

    def __repr__(self) -> str:
        return "\n".join([self.outputs.to_string(index=False), "", *self.sentences])


def sampled(frame: pd.DataFrame, most: int) -> pd.DataFrame:
    """All rows in their order, or `most` of them, drawn without repeats and always the same.

    An InputError says when `most` is no whole number of at least 1.
    """
    if not isinstance(most, int | np.integer) or isinstance(most, bool) or most < 1:
        raise InputError(f"most_rows must be a whole number of at least 1, got {most!r:.80}")
    if len(frame) <= most:
        return frame
    places = np.random.default_rng(0).choice(len(frame), most, replace=False)
    return frame.iloc[np.sort(places)]


def _parts(values: Float[np.ndarray, " variable"]) -> Float[np.ndarray, " variable"]:
    """Each as a part of the strongest."""
    return values / max(values.max(initial=0.0), np.finfo(float).tiny)


def _top(values: Float[np.ndarray, " variable"], k: int) -> set[int]:
    order = np.argsort(-values, kind="stable")[:k]
    return {int(place) for place in order if values[place] > 0}


def _disagreements(
    output: str,
    names: list[str],
    paths: Float[np.ndarray, " variable"],
    sizes: Float[np.ndarray, " variable"],
    either: set[int],
) -> list[tuple[float, str]]:
    """Variables among the strongest by one measure only, in size and far apart in rank.

    Ranks alone would make much of the larger of two that are as good as nothing.
    """
    count = len(names)
    parts = [_parts(values) for values in (paths, sizes)]
    ranks = [_ranks(values, "min") for values in (paths, sizes)]
    # Equals share their mean rank: what is 0 beside many others is far from the strongest.
    middle = [_ranks(values, "average") for values in (paths, sizes)]
    found = []
    for place in sorted(either):
        path, size = int(ranks[0][place]), int(ranks[1][place])
        apart = abs(float(middle[0][place]) - float(middle[1][place]))
        by_path, by_size = parts[0][place], parts[1][place]
        strong, weak = max(by_path, by_size), min(by_path, by_size)
        if apart < max(2, count / 4) or strong < SHARE or weak >= WEAK:
            continue
        pair = f"{shortened(names[place], LONGEST)} → {shortened(output, LONGEST)}"
        if by_path > by_size:
            text = f"strong paths (rank {path} of {count}), " + (
                "but no attribution: it does not move the output."
                if sizes[place] == 0
                else f"little attribution (rank {size}): its paths cancel or saturate, or it "
                "hardly varies."
            )
        else:
            text = f"much attribution (rank {size} of {count}), " + (
                "but no path: it acts through connections below the threshold."
                if paths[place] == 0
                else f"weak paths (rank {path}): they are thin, but it varies much where the "
                "output answers."
            )
        found.append((apart / count, f"{pair}: {text}"))
    return found


def summary(agreement: Agreement) -> str:
    """The agreement of all outputs in a sentence."""
    rows = agreement.outputs.to_dict("records")
    known = {
        str(row["output"]): float(row["rank_correlation"])
        for row in rows
        if np.isfinite(row["rank_correlation"])
    }
    if not known:
        return "No output has variables that differ in both, so there is nothing to rank."
    mean = sum(known.values()) / len(known)
    sentence = (
        "Path strengths and attributions rank the variables with a mean correlation of "
        f"{number(mean, 2)}"
    )
    if len(known) == 1:
        return f"{sentence}."
    lowest = min(known, key=known.__getitem__)
    return (
        f"{sentence} over {len(known)} outputs; the lowest, {number(known[lowest], 2)}, is that "
        f"of {shortened(lowest, LONGEST)}."
    )


def _ranks(values: Float[np.ndarray, " variable"], ties: Literal["min", "average"]) -> list[float]:
    """From 1, the greatest; equals share a rank."""
    return pd.Series(-values).rank(method=ties).to_numpy().tolist()
