"""What a job left, in a form of these tests' own that no rearrangement of the package changes.

Where a file, a param or a metric gets another name, only this module has to know.
"""

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlparse
from urllib.request import url2pathname

import numpy as np
from mlflow import MlflowClient
from mlflow.entities import Run
from safetensors.numpy import load_file

WEIGHTS_FILE = "network.safetensors"
INDICES = ("area_marker", "area_axis", "hypervolume_gap")
STRENGTH = "l1_weight"
HASH_DIGITS = 16


def indices_of(report: Path) -> dict[str, Any]:
    """The indices in a report's folder, and the markers that they come from."""
    document = json.loads((report / "indices.json").read_text(encoding="utf-8"))
    version = document["version"]
    if version != 2:
        raise ValueError(f"{report}: indices.json has the version {version}")
    return {
        "floor": document["floor"],
        "null": document["corner"][1],
        "total": document["corner"][0],
        "groups": {
            group["group"]: {
                **_indices(group),
                "failed": group["failed"],
                "replicates": group["points"],
                "markers": {
                    _marker_name(marker["marker"]): {
                        name: marker[name] for name in ("x", "y", "replicates", "failed")
                    }
                    for marker in group["markers"]
                },
            }
            for group in document["groups"]
        },
        "pairs": _pairs(document),
    }


def _marker_name(settings: dict[str, Any]) -> str:
    """Studies name their markers by the strength alone, as they did in version 1."""
    if list(settings) == [STRENGTH] and isinstance(settings[STRENGTH], float):
        return str(settings[STRENGTH])
    return json.dumps(settings, sort_keys=True)


def _indices(group: dict[str, Any]) -> dict[str, Any]:
    return {index: [group[index], group["intervals"][index]] for index in INDICES}


def _pairs(document: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{pair['index']}: {pair['first']} less {pair['second']}": [
            pair["difference"],
            [pair["low"], pair["high"]],
        ]
        for pair in document["pairs"]
    }


def study_of(client: MlflowClient, name: str) -> dict[str, Any]:
    """The only study of an experiment: its measures and its networks with their weights."""
    study, below = _tree(client, name)
    return {
        "metrics": _metrics(study),
        "networks": {
            _network_name(run): {
                "status": run.info.status,
                "metrics": _metrics(run),
                "weights": weights_of(_artifacts(run) / WEIGHTS_FILE),
            }
            for run in below[study.info.run_id]
        },
    }


def search_of(client: MlflowClient, name: str) -> dict[str, Any]:
    """The only search of an experiment: its trials with their settings, and what they gave."""
    search, below = _tree(client, name)
    trials: dict[str, Any] = {}
    counted: Counter[str] = Counter()
    for run in below[search.info.run_id]:
        group = run.data.params["group"]
        trials[f"{group} #{counted[group]}"] = {
            "status": run.info.status,
            "settings": {
                param: _numbers(value)
                for param, value in run.data.params.items()
                if param != "group" and search.data.params.get(param) != value
            },
            "metrics": _metrics(run),
            "networks": [
                {"seed": network.data.params["seed"], "metrics": _metrics(network)}
                for network in below[run.info.run_id]
            ],
        }
        counted[group] += 1
    return {"metrics": _metrics(search), "trials": trials}


def weights_of(path: Path) -> dict[str, dict[str, Any]]:
    """Of every stored array its shape, the sum of its absolute values, and a hash of its bytes."""
    return {
        name: {
            "array": f"{array.dtype} {'x'.join(map(str, array.shape))}",
            "l1": float(np.abs(array, dtype=np.float64).sum()),
            "sha256": hashlib.sha256(array.tobytes()).hexdigest()[:HASH_DIGITS],
        }
        for name, array in load_file(path).items()
    }


def _tree(client: MlflowClient, name: str) -> tuple[Run, dict[str, list[Run]]]:
    """The run of an experiment that has no parent, and the others by their parent, first first."""
    experiment = client.get_experiment_by_name(name)
    found = client.search_runs([experiment.experiment_id], max_results=5000)
    below: dict[str, list[Run]] = {}
    for run in sorted(found, key=lambda run: run.info.start_time):
        below.setdefault(run.data.tags.get("mlflow.parentRunId", ""), []).append(run)
    (top,) = below[""]
    return top, below


def _artifacts(run: Run) -> Path:
    """The folder of a run's files; MLflow's client takes a while to say where it is."""
    return Path(url2pathname(urlparse(run.info.artifact_uri).path))


def _network_name(run: Run) -> str:
    params = run.data.params
    return f"{params['group']} {params.get(STRENGTH, 'unregularized')} seed {params['seed']}"


def _metrics(run: Run) -> dict[str, float]:
    """The last value of every metric but of those that measure time."""
    return {
        name: value for name, value in run.data.metrics.items() if not name.endswith("_seconds")
    }


def _numbers(text: str) -> list[float] | str:
    try:
        return [float(part) for part in text.split(", ")]
    except ValueError:
        return text
