"""Whole studies of regressors: from a table with numbers to predict to what is told of them."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.datasets import load_diabetes, load_linnerud
from sklearn.metrics import mean_absolute_error, r2_score

import sparse_lightning as sl
from sparse_lightning.cli import main
from sparse_lightning.page.networks import network_document
from sparse_lightning.tracking import Store
from sparse_lightning.tracking.networks import read_effects, read_networks_of_runs

DIABETES = """\
name: progression
task: regressor
table: {source: diabetes.csv, target: progression, prepare: [{binarize: {sex: 2}}]}
network: {units: [4], activation: tanh}
training: {epochs: 12, learning_rate: 0.03, seeds: [1], accelerator: cpu, floor: {max_cycles: 1}}
regularizers: {l1_weights: [0.001, 0.01], groups: {L1: {}}}
report: {bootstrap: 50}
"""

LINNERUD = """\
name: bodies
task: regressor
table: {source: linnerud.csv, target: [Weight, "Waist λ<"]}
network: {units: [2]}
evaluation: {folds: 3}
training: {epochs: 3, seeds: [1], accelerator: cpu, floor: {max_cycles: 1}}
regularizers: {l1_weights: [0.001], groups: {L1: {}}}
report: {bootstrap: 50}
"""


pytestmark = pytest.mark.slow


def diabetes():
    frame = load_diabetes(as_frame=True, scaled=False).frame
    return frame.rename(columns={"target": "progression"})


def linnerud():
    return load_linnerud(as_frame=True).frame.rename(columns={"Waist": "Waist λ<"})


@pytest.fixture(scope="module")
def job(tmp_path_factory, make_job):
    folder = tmp_path_factory.mktemp("diabetes")
    diabetes().to_csv(folder / "diabetes.csv", index=False)
    return make_job(folder, DIABETES)


@pytest.fixture(scope="module")
def several(tmp_path_factory, make_job):
    folder = tmp_path_factory.mktemp("linnerud")
    linnerud().to_csv(folder / "linnerud.csv", index=False)
    return make_job(folder, LINNERUD)


def test_networks_are_read_back_with_their_target(job):
    network = job.study.network("L1", l1_weight=0.001, seed=1)
    assert (network.task, network.target.names) == ("regressor", ("progression",))
    frame = diabetes()
    predicted = network.predict(frame)["progression"]
    assert r2_score(frame["progression"], predicted) > 0.35


def test_the_tracked_measures_are_those_of_the_predictions(job):
    child = next(run for run in job.children if run.data.params["group"] == "L1")
    metrics, client = child.data.metrics, job.client
    file = Path(client.download_artifacts(child.info.run_id, "predictions.json"))
    document = json.loads(file.read_text())
    assert (document["rows"], document["rows_total"]) == ("test", 89)
    true, predicted = document["true"][0], document["predicted"][0]
    assert metrics["test_r2"] == pytest.approx(r2_score(true, predicted), rel=1e-4)
    assert metrics["test_mae"] == pytest.approx(mean_absolute_error(true, predicted), rel=1e-4)
    study = client.get_run(job.study.run_id).data
    assert study.metrics["null_error"] == pytest.approx(1)
    assert 0.3 < study.metrics["reference_ridge_test_r2"] < 0.36


def test_effects_are_those_of_the_rows_trained_on(job):
    store, child = Store(job.uri), job.children[0]
    (network,) = read_networks_of_runs(store, [child])
    stored = read_effects(store, child.info.run_id)
    found = network.effects(diabetes())
    pd.testing.assert_frame_equal(stored.drop(columns="effect"), found.drop(columns="effect"))
    # All rows and those that were trained on differ a little.
    assert np.corrcoef(stored["effect"], found["effect"])[0, 1] > 0.99
    document = network_document(store, child, 0.01)
    assert document["task"] == "regressor"
    assert len(document["effects"]) == 10
    assert any(line.startswith("On average progression moves by") for line in document["sentences"])


def test_the_report_tells_how_well_they_predict_and_where_they_are_off(job):
    text = re.sub(r"\s+", " ", (job.report / "report.html").read_text())
    assert "diabetes: 442 rows, 10 columns" in text
    assert "regressor, 10 columns → 1 number" in text
    for told in (
        "How well they predict",
        "validation: R²",
        "test: R²",
        "ridge",
        "lasso",
        "gradient boosting",
    ):
        assert told in text
    assert "of 89 test rows" in text
    assert "On average progression moves by" in text
    assert "How well they classify" not in text
    for ending in ("png", "svg"):
        assert (job.report / "figures" / f"residuals_1.{ending}").stat().st_size


def test_several_targets_are_judged_each(several):
    data = several.client.get_run(several.study.run_id).data
    assert {"reference_lasso_heldout_r2", "reference_lasso_heldout_mae_target_2"} <= set(
        data.metrics
    )
    child = several.children[0]
    assert {"heldout_r2", "heldout_r2_target_2", "rmse_target_1"} <= set(child.data.metrics)
    assert "mae" not in child.data.metrics
    text = (several.report / "report.html").read_text()
    assert "held out: R² of Waist λ&lt;" in text
    network = several.study.network("L1", l1_weight=0.001, seed=1)
    assert list(network.predict(linnerud())) == ["Weight", "Waist λ<"]


def test_the_command_takes_names_separated_by_commas(tmp_path, monkeypatch):
    seen = {}
    monkeypatch.setattr(
        "sparse_lightning.cli.studies._run", lambda project, *_, **__: seen.update(p=project)
    )
    arguments = ["regressor", "--table", "t.csv", "--units", "3", "--target"]
    for text, names in (
        ("y", ("y",)),
        ("y, z", ("y", "z")),
        ('"height, cm",y', ("height, cm", "y")),
    ):
        assert CliRunner().invoke(main, [*arguments, text]).exit_code == 0
        assert seen["p"].table.target == names
        assert (seen["p"].task, seen["p"].name) == ("regressor", "t-regressor")
    for text in ("", "a,,b", ",", '"a'):
        found = CliRunner().invoke(main, [*arguments, text])
        assert found.exit_code == 2
        assert "must be names of columns separated by commas" in found.output


def test_check_tells_the_targets(tmp_path):
    linnerud().to_csv(tmp_path / "linnerud.csv", index=False)
    (tmp_path / "p.yaml").write_text(LINNERUD)
    found = CliRunner().invoke(main, ["check", str(tmp_path / "p.yaml")])
    assert found.exit_code == 0, found.output
    assert "target: Weight, Waist λ<, numbers" in found.output
    assert sl.Project.load(tmp_path / "p.yaml").table.targets == ("Weight", "Waist λ<")
