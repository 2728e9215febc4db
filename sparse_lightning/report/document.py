"""A comparison as files for other programs: `indices.json`, its schema, and `indices.csv`.

`indices.json` is a stable interface: within version 2 keys are added, never changed or taken away.
"""

import json
import math
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import pandas as pd

from sparse_lightning._files import csv_text
from sparse_lightning.comparison import INDICES, Comparison
from sparse_lightning.comparison.axes import named_columns
from sparse_lightning.comparison.markers import of_group, records
from sparse_lightning.comparison.recommendation import Recommendation
from sparse_lightning.report.answer import rule
from sparse_lightning.report.findings import findings
from sparse_lightning.report.published import SOURCE
from sparse_lightning.report.view import View

VERSION = 2


def indices_document(view: View) -> dict[str, Any]:
    """A report in the shape of `indices.schema.json`, in plain values that are not rounded."""
    comparison, study, published = view.comparison, view.study, view.published
    experiment = {"id": view.experiment_id, "name": view.name, "filter": view.condition}
    return {
        "version": VERSION,
        "study": study.run_id if study else None,
        "experiment": None if study else experiment,
        "name": view.name,
        "task": study.task if study else None,
        "dataset": study.dataset if study else None,
        "axes": named_columns(comparison.axes) | {"floor_group": comparison.axes.floor_group},
        "axis": _count(comparison.axis),
        "floor": comparison.floor,
        "floor_settled": bool(study.floor_settled) if study else None,
        "floor_epochs": int(study.floor_epochs) if study else None,
        "corner": [_count(comparison.corner[0]), comparison.corner[1]],
        "connection_threshold": study.connection_threshold if study else None,
        "points": len(comparison.points.frame),
        "replicates": comparison.replicates,
        "confidence": comparison.confidence,
        "order_by": comparison.order_by,
        "groups": [_group(comparison, group) for group in comparison.groups],
        "pairs": [
            {name: plain(value) for name, value in pair.items()}
            for pair in records(comparison.pairs)
        ],
        "findings": findings(view),
        "left_out": list(view.left_out),
        "assumed": list(view.assumed),
        "published": None if published is None else {"source": SOURCE, "area_marker": published},
        "recommended": _recommended(view),
    }


def indices_json(view: View) -> str:
    """`indices_document` as strict JSON: the same runs give the same text."""
    return json.dumps(indices_document(view), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def indices_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) that every `indices.json` of this version follows."""
    schema = files("sparse_lightning.report").joinpath("indices.schema.json")
    return json.loads(schema.read_text(encoding="utf-8"))


def indices_csv(view: View) -> str:
    """The frame of indices as CSV, best group first, with the published area where there is one."""
    frame, published = view.comparison.indices, view.published
    if published is not None:
        frame = frame.assign(
            published_area_marker=[published.get(group) for group in frame["group"]]
        )
    return csv_text(frame)


def plain(value: Any) -> Any:
    """A value as JSON has it: None for what is no finite number."""
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value


def _recommended(view: View) -> dict[str, Any] | None:
    found = view.recommendation
    if not isinstance(found, Recommendation):
        return None
    return {
        "group": found.group,
        "marker": _marker(found.settings),
        "seed": plain(found.seed),
        "run_id": found.run_id,
        "x": found.x,
        "y": found.y,
        "explained": plain(found.explained),
        "agreement": plain(found.agreement),
        "rule": rule(view),
    }


def _group(comparison: Comparison, group: str) -> dict[str, Any]:
    row = of_group(comparison.indices, group).iloc[0]
    settings = comparison.points.settings
    return {
        "group": group,
        **{index: plain(row[index]) for index in INDICES},
        "intervals": {index: _interval(row, index) for index in INDICES},
        "points": int(row["points"]),
        "failed": int(row["failed"]),
        "agreement": plain(row.get("agreement")),
        "missing": [
            _marker(settings[marker]) for name, marker in comparison.missing if name == group
        ],
        "markers": [
            {
                "marker": _marker(settings[row["marker"]]),
                "x": float(row["x"]),
                "y": float(row["y"]),
                "replicates": int(row["replicates"]),
                "failed": int(row["failed"]),
                "agreement": plain(row.get("agreement")),
                "medoid": row.get("medoid"),
            }
            for row in records(of_group(comparison.markers, group))
        ],
    }


def _marker(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in settings.items()}


def _interval(row: pd.Series, index: str) -> list[float] | None:
    ends = [plain(row[f"{index}_low"]), plain(row[f"{index}_high"])]
    return None if None in ends else ends


def _count(value: float) -> int | float:
    return int(value) if float(value).is_integer() else float(value)
