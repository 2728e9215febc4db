"""The benchmark of how far paths of λ reach: its tables, its projects and its page."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import path_range


def record(table="iris", task="sae", ends=(0.0, 0.9), settled=True):
    return {
        "table": table,
        "task": task,
        "rows": 1500,
        "inputs": 4,
        "steps": 3000,
        "settled": settled,
        "processor_seconds": 12.4,
        "path": [
            {"l1_weight": weight, "share": share}
            for weight, share in zip((0.001, 0.2), ends[::-1], strict=True)
        ],
    }


def test_paths_that_do_not_reach_an_end_are_in_bold():
    page = path_range.document(
        [
            record("wine", "regressor", (0.021, 0.85), settled=False),
            record(ends=(0.02, 0.849)),
            record(task="pca"),
        ]
    )
    assert "1 of 3 paths begin at 2 %" in page
    assert "| iris | sae | 1,500 × 4 | 2.0% | **84.9%** | 0.001 … 0.2 | 3,000 | 12 |" in page
    assert "| **2.1%** | 85.0% | 0.001 … 0.2 | 3,000 (not settled) |" in page
    assert page.index("| iris | pca") < page.index("| wine")
    assert "Not measured yet: classifier of iris; cultivars; breast cancer; digits; CTG; " in page


def test_every_table_has_codes_and_components_and_its_target():
    assert path_range.tasks_of("diabetes") == ["sae", "regressor", "pca"]
    assert path_range.tasks_of("planted, mixed") == ["sae", "pca"]


@pytest.mark.parametrize("name", ["iris", "wine", "linnerud", "CTG"])
def test_a_table_has_its_targets(name):
    source, task = path_range.TABLES[name]
    frame, targets = source()
    assert set(targets) < set(frame.columns)
    project = path_range.project_of(task, targets, 8)
    assert project.table.targets == targets
    assert project.regularizers.has_path("L1")
    assert project.training.epochs == "auto"


@pytest.mark.slow
def test_a_path_is_found_and_trained(monkeypatch):
    from sparse_lightning.training import grid_training

    monkeypatch.setattr(grid_training, "MOST_CYCLES", 1)
    monkeypatch.setattr(grid_training, "cycle_epochs", lambda rows, batch: 100)
    found = path_range.record_of("linnerud", "regressor")
    assert found["layers"] == [3, 8, 3]
    assert (found["rows"], found["epochs"], found["fine_tune_epochs"]) == (20, 100, 100)
    assert len(found["path"]) == 11
    assert all(len(marker["by_seed"]) == 2 for marker in found["path"])
    assert found["pilot"][0]["l1_weight"] > found["pilot"][-1]["l1_weight"]
