"""The indices of any runs as files for other programs: `indices.json` and `indices.csv`.

`indices.json` is a stable interface: within version 1 keys are added, never changed or taken away.
"""

import json
from importlib.resources import files
from typing import Any

from sparse_lightning._files import csv_text
from sparse_lightning.comparison import INDICES
from sparse_lightning.comparison.frames import of_group, records
from sparse_lightning.report.indices_json import interval_of, plain
from sparse_lightning.report.runs.findings import findings
from sparse_lightning.report.runs.view import RunsView

VERSION = 1


def runs_document(view: RunsView) -> dict[str, Any]:
    """The indices in the shape of `runs.schema.json`, values not rounded.

    Args:
        view: what is reported on.

    Returns:
        A document of plain Python values; None where there is no value.
    """
    axes, comparison = view.axes, view.comparison
    return {
        "version": VERSION,
        "kind": "experiment",
        "experiment": view.experiment,
        "experiment_id": view.experiment_id,
        "filter": view.condition,
        "x": {
            "name": axes.x,
            "direction": axes.x_direction,
            "best": view.best_x,
            "corner": view.corner[0],
        },
        "y": {
            "name": axes.y,
            "direction": axes.y_direction,
            "floor": view.floor,
            "corner": view.corner[1],
        },
        "group": axes.group,
        "marker": list(axes.marker),
        "replicate": axes.replicate,
        "front": axes.front,
        "runs": len(view.runs),
        "replicates": comparison.seeds,
        "confidence": comparison.confidence,
        "groups": [_group(view, group) for group in comparison.groups],
        "pairs": [
            {name: plain(value) for name, value in pair.items()}
            for pair in records(comparison.pairs)
        ],
        "findings": findings(view),
        "left_out": list(view.left_out),
        "assumed": list(view.assumed),
    }


def runs_json(view: RunsView) -> str:
    """`runs_document` as strict JSON: the same runs give the same text."""
    return json.dumps(runs_document(view), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def runs_csv(view: RunsView) -> str:
    """The frame of indices as CSV, best group first."""
    return csv_text(view.comparison.indices)


def runs_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) that every `indices.json` of this version follows."""
    schema = files("sparse_lightning.report.runs").joinpath("runs.schema.json")
    return json.loads(schema.read_text(encoding="utf-8"))


def _group(view: RunsView, group: str) -> dict[str, Any]:
    row = of_group(view.comparison.indices, group).iloc[0]
    return {
        "group": group,
        **{index: plain(row[index]) for index in INDICES},
        "intervals": {index: interval_of(row, index) for index in INDICES},
        "without_result": int(row["failed_replicas"]),
        "runs": int(row["replicas"]),
        "markers": [
            {
                "settings": view.settings[marker["marker"]],
                "x": float(marker["connections"]),
                "y": float(marker["squared_error"]),
                "runs": int(marker["seeds"]),
                "without_result": int(marker["failed"]),
            }
            for marker in records(of_group(view.markers, group))
        ],
    }
