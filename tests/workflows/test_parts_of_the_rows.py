"""Whole studies whose networks are chosen by validation rows and judged by test rows."""

import json

import numpy as np
import pandas as pd
import pytest
from studies import WINE

import sparse_lightning as sl
from sparse_lightning.tracking.names import PROJECT_FILE
from sparse_lightning.workflows.searching import search_strengths

pytestmark = pytest.mark.slow

ALL = "evaluation: {validation: 0, test: 0}\n"
TEXT = WINE.replace(ALL, "").replace("wine-small", "wine-parts")
GROUPS = "regularizers.groups={L1: {}, sL1+decs: {hidden_weight: 0.01}}"


@pytest.fixture(scope="module")
def job(tmp_path_factory, make_job):
    assert ALL in WINE
    return make_job(tmp_path_factory.mktemp("parts"), TEXT, GROUPS, "network.units=[4, 3]")


def document(job):
    return json.loads((job.report / "indices.json").read_text(encoding="utf-8"))


def page(job):
    return (job.report / "report.html").read_text(encoding="utf-8")


def test_validation_rows_choose(job):
    networks, found = job.study.networks, document(job)
    assert found["axes"]["y"] == "validation_squared_error"
    unregularized = networks.loc[networks["group"] == "none", "validation_squared_error"]
    assert found["floor"] == unregularized.min()
    metrics = job.client.get_run(job.study.run_id).data.metrics
    assert found["corner"][1] == metrics["validation_null_error"]
    assert (metrics["rows"], metrics["rows_validation"], metrics["rows_test"]) == (959, 320, 320)
    means = networks.groupby(["group", "l1_weight"])["validation_squared_error"].mean()
    for group in found["groups"]:
        for marker in group["markers"]:
            mean = means[group["group"], marker["marker"]["l1_weight"]]
            assert marker["y"] == pytest.approx(mean, rel=1e-12)
    depths = job.study.depths
    assert [depth.layers for depth in depths] == [3, 5]
    assert depths[-1].comparison.floor == found["floor"]


def test_the_tracked_measures_are_those_of_the_networks(job):
    for run in job.children[:2]:
        metrics = run.data.metrics
        for part in ("validation", "test"):
            null = job.client.get_run(job.study.run_id).data.metrics[f"{part}_null_error"]
            error = metrics[f"{part}_squared_error"]
            assert metrics[f"{part}_explained"] == pytest.approx(1 - error / null)
        assert metrics["squared_error"] != metrics["validation_squared_error"]


def test_the_report_says_on_which_rows(job):
    text = " ".join(page(job).split())
    for phrase in (
        "959 training rows; 320 validation rows, of which curves, floor and indices are; 320 test "
        "rows, which only judge",
        "squared error, validation rows",
        "mean squared error per output element on the 320 validation rows",
        "training: squared error",
        "validation: explained",
        "test: squared error",
        "On rows that they were not trained on",
    ):
        assert phrase in text


def test_the_page_begins_with_the_validation_error(job):
    runs = job.study.view().page()["runs"]
    assert runs["defaults"]["y"] == "validation_squared_error"
    (study,) = runs["studies"]
    assert (study["floor"], study["null_error"]) == (
        document(job)["floor"],
        document(job)["corner"][1],
    )


def test_a_study_of_before_there_were_parts_reads_as_trained_on_all_rows(job, wine_job):
    folder = next(wine_job.folder.glob(f"mlruns/*/{wine_job.study.run_id}/artifacts"))
    file = folder / PROJECT_FILE
    written = file.read_text(encoding="utf-8")
    lines = [line for line in written.splitlines() if not line.startswith("evaluation:")]
    assert len(lines) < len(written.splitlines())
    kept = "\n".join([*lines, "evaluation: {holdout: 0.0, folds: 0, seed: 0}"])
    # The dump of the section may have gone over several lines.
    kept = "\n".join(line for line in kept.splitlines() if not line.startswith("  time: "))
    try:
        file.write_text(kept, encoding="utf-8")
        study = sl.Study.load(wine_job.study.run_id, wine_job.uri)
        assert (study.project.evaluation.validation, study.project.evaluation.test) == (0, 0)
        assert study.axes.y == "squared_error"
        pd.testing.assert_frame_equal(study.indices, wine_job.study.indices)
    finally:
        file.write_text(written, encoding="utf-8")


@pytest.mark.parametrize(
    "task",
    ["sae", *(pytest.param(task, marks=pytest.mark.long) for task in ("pca", "classifier"))],
)
def test_a_small_table_is_judged_by_folds(task, tmp_path, make_job):
    generator = np.random.default_rng(1)
    rows = generator.uniform(size=(60, 2)) @ generator.normal(size=(2, 4))
    frame = pd.DataFrame(rows, columns=list("abcd"))
    frame["kind"] = np.where(frame["a"] > frame["a"].median(), "x", "y")
    frame.to_csv(tmp_path / "small.csv", index=False)
    target = ", target: kind" if task == "classifier" else ", columns: [a, b, c, d]"
    job = make_job(
        tmp_path,
        f"task: {task}\ntable: {{source: small.csv{target}}}\nnetwork: {{units: [2]}}\n"
        "training: {epochs: 3, seeds: [1, 2], accelerator: cpu, floor: {max_cycles: 1}}\n"
        "regularizers: {l1_weights: [0.001], groups: {L1: {}}}\nreport: {bootstrap: 20}\n",
    )
    assert document(job)["axes"]["y"] == "squared_error"
    assert job.study.networks["heldout_squared_error"].notna().all()
    assert "60 rows, all of them for training, judged by a cross-validation in 5 folds" in page(job)


def test_classifiers_that_predict_one_class_are_named(tmp_path, make_job, caplog):
    frame = pd.DataFrame(np.random.default_rng(1).uniform(size=(60, 3)), columns=list("abc"))
    frame["kind"] = np.where(frame["a"] > 0.7, "rare", "often")
    frame.to_csv(tmp_path / "small.csv", index=False)
    job = make_job(
        tmp_path,
        "task: classifier\ntable: {source: small.csv, target: kind}\nnetwork: {units: [2]}\n"
        "training: {epochs: 60, learning_rate: 0.05, seeds: [1, 2], accelerator: cpu,\n"
        "  fine_tune_epochs: 60, floor: {max_cycles: 1}, resample: false, refit: false}\n"
        "regularizers: {l1_weights: [0.0001, 10], groups: {L1: {}}}\nreport: {bootstrap: 20}\n"
        "evaluation: {validation: 0, test: 0}\n",
    )
    networks = job.study.networks.set_index(["group", "l1_weight"])
    assert networks.loc[("L1", 10.0), "one_class"].tolist() == ["often", "often"]
    assert networks.loc[("L1", 10.0), "balanced_accuracy"].tolist() == [0.5, 0.5]
    given = int((networks.loc["L1", "one_class"] != "").sum())
    (told,) = [one for one in document(job)["findings"] if "the same class" in one]
    assert "('often'): " in told
    assert f"{given} of 4 of L1" in told
    assert "networks give every training row the same class" in caplog.text


@pytest.mark.long
def test_a_search_minimises_on_validation_rows(workplace):
    overrides = [
        *("name=searched", GROUPS, "training.seeds=[1]", "search.trials=2", "search.markers=2"),
        *("search.seeds=[7]", "search.batch=2", "search.sampler=random", "report.bootstrap=20"),
        "search.objective=hypervolume_gap",
        "training.epochs=20",
    ]
    searched = search_strengths(sl.Project.parse(TEXT, overrides), output="out")
    assert searched.study.axes.y == "validation_squared_error"
    assert searched.study.project.evaluation.validation == 0.2
    assert searched.scores["score"].notna().all()
