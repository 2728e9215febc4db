"""Rows of frames: those of a group, markers in the order of their curve, rows as dicts."""

from typing import Any

import numpy as np
import pandas as pd


def of_group(frame: pd.DataFrame, group: str) -> pd.DataFrame:
    """The rows of one group."""
    return frame.loc[frame["group"] == group]


def along_the_curve(markers: pd.DataFrame) -> pd.DataFrame:
    """Markers as they are joined: by x, of equals the larger y first."""
    return markers.iloc[np.lexsort((-markers["y"], markers["x"]))]


def records(frame: Any) -> list[dict[str, Any]]:
    """The rows of a frame as dicts by column."""
    return frame.to_dict("records")
