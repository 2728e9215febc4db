"""The indices as files for other programs: `indices.json`, its schema, and `indices.csv`.

`indices.json` is a stable interface: within version 1 keys are added, never changed or taken away.
"""

import json
import math
from importlib.resources import files
from typing import Any

import pandas as pd

from sparse_lightning._files import csv_text
from sparse_lightning.comparison import INDICES, Comparison
from sparse_lightning.comparison.frames import of_group, records
from sparse_lightning.report.published import SOURCE
from sparse_lightning.report.view import StudyView

VERSION = 1


def indices_document(study: StudyView) -> dict[str, Any]:
    """The indices of a study in the shape of `indices.schema.json`, values not rounded.

    Args:
        study: what is reported on.

    Returns:
        A document of plain Python values; None where there is no value.
    """
    comparison = study.comparison
    published = study.published
    return {
        "version": VERSION,
        "study": study.run_id,
        "name": study.name,
        "dataset": study.dataset,
        "task": study.task,
        "floor": comparison.floor,
        "floor_settled": bool(study.floor_settled),
        "floor_epochs": int(study.floor_epochs),
        "null_error": comparison.null_error,
        "connections_total": _count(comparison.connections_total),
        "connection_threshold": comparison.connection_threshold,
        "seeds": comparison.seeds,
        "confidence": comparison.confidence,
        "groups": [_group(comparison, group) for group in comparison.groups],
        "pairs": [
            {name: plain(value) for name, value in pair.items()}
            for pair in records(comparison.pairs)
        ],
        "findings": comparison.findings(),
        "published": None if published is None else {"source": SOURCE, "area_marker": published},
    }


def indices_json(study: StudyView) -> str:
    """`indices_document` as strict JSON: the same study gives the same text."""
    return json.dumps(indices_document(study), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def indices_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) that every `indices.json` of this version follows."""
    schema = files("sparse_lightning.report").joinpath("indices.schema.json")
    return json.loads(schema.read_text(encoding="utf-8"))


def indices_csv(study: StudyView) -> str:
    """The frame of indices as CSV, best group first, with the published area where there is one."""
    frame = study.comparison.indices
    published = study.published
    if published is not None:
        frame = frame.assign(
            published_area_marker=[published.get(group) for group in frame["group"]]
        )
    return csv_text(frame)


def _group(comparison: Comparison, group: str) -> dict[str, Any]:
    row = of_group(comparison.indices, group).iloc[0]
    markers = of_group(comparison.markers, group)
    return {
        "group": group,
        **{index: plain(row[index]) for index in INDICES},
        "intervals": {index: interval_of(row, index) for index in INDICES},
        "failed_replicas": int(row["failed_replicas"]),
        "replicas": int(row["replicas"]),
        "missing_l1_weights": [weight for name, weight in comparison.missing if name == group],
        "markers": [
            {
                "l1_weight": float(marker["l1_weight"]),
                "connections": float(marker["connections"]),
                "squared_error": float(marker["squared_error"]),
                "seeds": int(marker["seeds"]),
                "failed": int(marker["failed"]),
            }
            for marker in records(markers)
        ],
    }


def interval_of(row: pd.Series, index: str) -> list[float] | None:
    """Both ends of an index's interval, or None where there is none."""
    ends = [plain(row[f"{index}_low"]), plain(row[f"{index}_high"])]
    return None if None in ends else ends


def plain(value: Any) -> Any:
    """A value as JSON has it: None for what is no finite number."""
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value


def _count(value: float) -> int | float:
    return int(value) if float(value).is_integer() else float(value)
