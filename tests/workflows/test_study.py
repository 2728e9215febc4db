import json
import math
import re

import numpy as np
import pandas as pd
import pytest
import torch
from studies import GROUPS, HOSTILE, ODD_COLUMNS, WINE

import sparse_lightning as sl
from sparse_lightning.data.catalog import load_table
from sparse_lightning.report import indices_schema
from sparse_lightning.tracking import Store
from sparse_lightning.workflows import study_view

pytestmark = pytest.mark.slow

# Huge steps of a huge penalty: these networks leave the range of the numbers at once.
DIVERGING = """\
name: diverging
table: {source: wine}
network: {units: [4], output: linear}
evaluation: {validation: 0, test: 0}
training:
  {epochs: 2, seeds: [1, 2], accelerator: cpu, optimizer: sgd, learning_rate: 0.1,
   floor: {max_cycles: 1}}
regularizers:
  l1_weights: [0.0001, 0.001]
  groups: {L1: {l1_weights: [0.0001, 1.0e+30]}, sL1: {}}
report: {bootstrap: 50}
"""


@pytest.fixture(scope="module")
def diverging_job(tmp_path_factory, make_job):
    return make_job(tmp_path_factory.mktemp("diverging"), DIVERGING)


@pytest.fixture(scope="module")
def wine():
    return load_table(sl.Project.parse(WINE).table, None).frame


def run_files(job, run):
    return {file.path for file in job.client.list_artifacts(run.info.run_id)}


def indices_of(job):
    return json.loads((job.report / "indices.json").read_text(encoding="utf-8"))


def test_indices_json_has_the_documented_shape(wine_job):
    jsonschema = pytest.importorskip("jsonschema")
    document = indices_of(wine_job)
    jsonschema.validate(document, indices_schema())
    documented = {
        "version": 2,
        "study": wine_job.study.run_id,
        "experiment": None,
        "name": "wine-small",
        "dataset": "wine",
        "task": "sae",
        "axis": 0,
        "connection_threshold": 0.01,
        "replicates": 2,
        "left_out": [],
        "assumed": [],
    }
    assert documented.items() <= document.items()
    total, null_error = document["corner"]
    assert total == 96
    assert 0 < document["floor"] < null_error
    axes = document["axes"]
    assert (axes["x"], axes["y"], axes["group"]) == ("connections", "squared_error", "regularizer")
    assert (axes["marker"], axes["replicate"]) == (["l1_weight"], "seed")
    assert [group["group"] for group in document["groups"]] == GROUPS
    for group in document["groups"]:
        assert set(group) == {
            "group",
            "area_marker",
            "area_axis",
            "hypervolume_gap",
            "intervals",
            "points",
            "failed",
            "agreement",
            "missing",
            "markers",
        }
        assert set(group["intervals"]) == {"area_marker", "area_axis", "hypervolume_gap"}
        assert all(low <= high for low, high in group["intervals"].values())
        assert (group["points"], group["failed"], group["missing"]) == (4, 0, [])
        weights = [marker["marker"] for marker in group["markers"]]
        assert weights == [{"l1_weight": 0.0001}, {"l1_weight": 0.001}]
        for marker in group["markers"]:
            assert {"x", "y", "failed", "agreement", "medoid"} < set(marker)
            assert marker["replicates"] == 2


def test_the_indices_come_from_the_tracked_networks(wine_job):
    study, document = wine_job.study, indices_of(wine_job)
    networks = study.networks
    assert document["floor"] == networks.loc[networks["group"] == "none", "squared_error"].min()
    for group in document["groups"]:
        mine = networks.loc[networks["group"] == group["group"]]
        means = mine.groupby("l1_weight")[["connections", "squared_error"]].mean()
        area = sl.area_index(
            means["connections"], means["squared_error"], floor=document["floor"], closure="marker"
        )
        assert group["area_marker"] == pytest.approx(area, rel=1e-12)


@pytest.mark.long
def test_the_same_seeds_give_the_same_indices(wine_job, tmp_path_factory, make_job):
    again = make_job(tmp_path_factory.mktemp("again"), WINE)
    first, second = ((job.report / "indices.json").read_text() for job in (wine_job, again))
    assert first != second
    assert first.replace(wine_job.study.run_id, again.study.run_id) == second


@pytest.mark.long
def test_other_seeds_give_other_indices(wine_job, tmp_path_factory, make_job):
    other = make_job(
        tmp_path_factory.mktemp("other"),
        WINE,
        "training.seeds=[3]",
        "regularizers.groups={sL1: {}}",
    )
    (group,) = indices_of(other)["groups"]
    assert group["area_marker"] not in [
        group["area_marker"] for group in indices_of(wine_job)["groups"]
    ]
    assert group["intervals"] == dict.fromkeys(group["intervals"])


def test_a_study_is_found_again(wine_job):
    for study in (
        sl.Study.load(wine_job.study.run_id, wine_job.uri),
        sl.Study.find("wine-small", wine_job.uri),
    ):
        assert study.run_id == wine_job.study.run_id
        assert study.project == wine_job.study.project
        pd.testing.assert_frame_equal(study.networks, wine_job.study.networks)
        pd.testing.assert_frame_equal(study.indices, wine_job.study.indices)


def test_networks_have_one_row_each_in_the_order_of_the_grid(wine_job):
    networks = wine_job.study.networks
    assert list(networks["group"].unique()) == ["none", *GROUPS]
    assert len(networks) == networks["run_id"].nunique() == 26
    floor, last = networks.iloc[0], networks.iloc[-1]
    assert floor["l1_weight"] == 0
    assert math.isnan(floor["l1_threshold"])
    assert (last["group"], last["l1_weight"], last["seed"]) == ("sL1+decs", 0.001, 2)
    assert networks["seed"].tolist() == [1, 2] * 13
    assert not networks["failed"].any()


def test_indices_have_one_row_a_group_best_first(wine_job):
    indices = wine_job.study.indices
    assert sorted(indices["group"]) == sorted(GROUPS)
    assert indices["area_marker"].is_monotonic_increasing


def test_a_network_can_be_taken_out_and_used(wine_job, wine):
    network = wine_job.study.network("sL1+sh", l1_weight=0.001, seed=2)
    row = wine_job.study.networks.set_index("run_id").loc[network.run_id]
    assert (row["group"], row["l1_weight"], row["seed"]) == ("sL1+sh", 0.001, 2)
    assert network.params["group"] == network.params["regularizer"] == "sL1+sh"
    rows = wine.iloc[[5, 3]]
    assert network.encode(rows).index.tolist() == [5, 3]
    assert network.encode(rows).shape == (2, 4)
    assert list(network.reconstruct(rows).columns) == list(wine.columns)
    encoded = network.encoding.transform(wine)
    made = network.encoding.transform(network.reconstruct(wine))
    assert np.square(made - encoded).mean() == pytest.approx(row["squared_error"], rel=1e-4)


def test_the_floor_is_a_group_without_weights_to_choose(wine_job):
    network = wine_job.study.network("none", seed=1)
    assert network.params["group"] == "none"
    assert [type(layer) for layer in network.model] == [
        torch.nn.Linear,
        torch.nn.Sigmoid,
        torch.nn.Linear,
        torch.nn.Sigmoid,
    ]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"group": "l1"}, "there is no group 'l1'; the groups are none, L1, sL1, "),
        (
            {"group": "L1", "l1_weight": 5.0},
            r"L1 has no l1_weight 5.0; there are \[0.0001, 0.001\]",
        ),
        ({"group": "L1", "seed": 1}, r"L1: say which l1_weight: one of \[0.0001, 0.001\]"),
        ({"group": "L1", "l1_weight": 0.001}, r"L1: say which seed: one of \[1, 2\]"),
        ({"group": "L1", "l1_weight": 0.001, "seed": 7}, r"L1 has no seed 7; there are \[1, 2\]"),
    ],
)
def test_a_network_that_is_not_one_is_refused(wine_job, wanted, message):
    with pytest.raises(sl.InputError, match=message):
        wine_job.study.network(**wanted)


def test_a_run_that_is_open_becomes_the_study(workplace, make_job, monkeypatch):
    client = Store().client
    opened = client.create_run("0", run_name="wistful-bee-12").info.run_id
    project = sl.Project.parse(WINE, ["regularizers.groups={L1: {}}"])
    monkeypatch.setenv("MLFLOW_RUN_ID", opened)
    study = sl.run(project, Store().uri, workplace / "out")
    assert study.run_id == opened
    run = client.get_run(opened)
    assert run.info.run_name == "wine-small"
    # Who opened it ends it.
    assert run.info.status == "RUNNING"
    runs = client.search_runs([e.experiment_id for e in client.search_experiments()])
    assert {run.info.experiment_id for run in runs} == {"0"}
    studies = [run for run in runs if run.data.tags["sparse_lightning.kind"] == "study"]
    assert [run.info.run_id for run in studies] == [opened]
    assert len(runs) == 1 + len(study.networks)
    assert sl.Study.find("wine-small", Store().uri).run_id == opened

    with pytest.raises(sl.TrackingError, match=f"the run {opened} .* holds a study already"):
        sl.run(project, Store().uri, workplace / "out")
    assert len(client.search_runs(["0"])) == len(runs)


def test_an_open_run_that_does_not_exist_is_refused(workplace, monkeypatch):
    monkeypatch.setenv("MLFLOW_RUN_ID", "0" * 32)
    with pytest.raises(sl.InputError, match=f"holds no run '{'0' * 32}'"):
        sl.run(sl.Project.parse(WINE), Store().uri, workplace / "out")


def test_diverged_networks_are_marked_and_the_study_goes_on(diverging_job):
    study = diverging_job.study
    failed = study.networks.loc[study.networks["failed"]]
    assert failed["group"].tolist() == ["L1", "L1"]
    assert failed["l1_weight"].tolist() == [1e30, 1e30]
    assert failed["failure"].str.startswith("diverged in stage 1 of 1 at step ").all()
    assert failed["failure_phase"].tolist() == ["stage 1 of 1"] * 2
    assert failed["failure_cause"].isin(["loss", "weights"]).all()
    assert (failed["failure_step"] >= 0).all()
    assert study.networks.loc[~study.networks["failed"], "failure_step"].isna().all()
    with pytest.raises(sl.InputError, match=r"the network L1 λ=1e\+30 seed 1 failed: diverged in"):
        study.network("L1", l1_weight=1e30, seed=1)
    assert failed[["connections", "squared_error"]].isna().all(axis=None)
    status = {run.info.run_id: run for run in diverging_job.children}
    for run_id in study.networks["run_id"]:
        run, fails = status[run_id], run_id in failed["run_id"].values
        assert run.info.status == ("FAILED" if fails else "FINISHED")
        told = {name for name in run.data.tags if name.startswith("sparse_lightning.failure")}
        assert len(told) == (4 if fails else 0)
        assert ("sweep.json" in run_files(diverging_job, run)) != fails
        assert ("squared_error" in run.data.metrics) != fails
    run = diverging_job.client.get_run(study.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics["failed_networks"] == 2


def test_the_report_counts_what_diverged(diverging_job):
    groups = {group["group"]: group for group in indices_of(diverging_job)["groups"]}
    assert groups["L1"]["failed"] == 2
    assert groups["sL1"]["failed"] == 0
    assert (groups["L1"]["points"], groups["sL1"]["points"]) == (4, 4)
    assert groups["L1"]["missing"] == [{"l1_weight": 1e30}]
    assert groups["sL1"]["missing"] == []
    findings = indices_of(diverging_job)["findings"]
    assert any(text.startswith("Some networks failed: 2 of 4 of L1.") for text in findings)
    assert "No network survived for L1 at λ = 1e+30: the marker is missing." in findings
    assert [one["marker"] for one in groups["L1"]["markers"]] == [{"l1_weight": 0.0001}]
    page = (diverging_job.report / "report.html").read_text(encoding="utf-8")
    assert "<summary>2 failed networks</summary>" in page
    told = re.sub(r'srcdoc="[^"]*"', "", page)  # the comparison page has its own copy
    assert told.count("diverged in stage 1 of 1 at step") == 2
    assert ">2 of 4</td>" in told


def test_without_a_floor_there_is_no_comparison(workplace, make_job):
    with pytest.raises(sl.TrainingError) as caught:
        make_job(workplace, DIVERGING, "training.learning_rate=1.0e+30")
    assert "all 2 networks of the group 'none' failed, so there is no floor" in str(caught.value)
    assert "training.learning_rate" in str(caught.value)
    client = Store().client
    runs = client.search_runs([e.experiment_id for e in client.search_experiments()])
    assert {run.info.status for run in runs} == {"FAILED"}
    assert not list((workplace / "report").glob("[!.]*"))


@pytest.mark.long
def test_a_group_that_fails_as_a_whole_has_no_index(workplace, make_job):
    job = make_job(workplace, DIVERGING, "regularizers.groups.L1.l1_weights=[1.0e+29, 1.0e+30]")
    groups = {group["group"]: group for group in indices_of(job)["groups"]}
    assert groups["L1"]["failed"] == 4
    assert groups["L1"]["area_marker"] is None
    assert groups["L1"]["markers"] == []
    assert "L1 has no index: all of its 4 networks failed." in indices_of(job)["findings"]
    assert groups["sL1"]["area_marker"] is not None


def test_a_folder_that_cannot_be_written_is_refused_before_training(workplace):
    (workplace / "file").touch()
    for output in (workplace / "file", workplace / "file" / "below"):
        with pytest.raises(sl.InputError, match=f"--output {output}: cannot be written: "):
            sl.run(sl.Project.parse(WINE), Store().uri, output)
    assert [found.name for found in Store().client.search_experiments()] == ["Default"]


def test_a_table_of_ones_own_with_odd_names_runs_from_end_to_end(odd_job):
    study = odd_job.study
    assert study.project.name == HOSTILE
    frame = pd.read_csv(odd_job.folder / "odd table.csv")
    network = study.network(HOSTILE, l1_weight=0.001, seed=1)
    assert list(network.reconstruct(frame).columns) == ODD_COLUMNS
    document = indices_of(odd_job)
    assert document["dataset"] == "odd table"
    assert document["groups"][0]["group"] == HOSTILE
    page = (odd_job.report / "report.html").read_text(encoding="utf-8")
    assert HOSTILE not in page
    assert "&lt;img src=x" in page


TEXT_COLUMNS = """\
name: mixed
table:
  source: mixed.csv
  prepare: [dummies: {columns: [job]}, binarize: {sex: m}]
network: {units: [2]}
training: {epochs: 60, seeds: [1], accelerator: cpu, floor: {max_cycles: 1}}
regularizers: {l1_weights: [0.0001, 0.001], groups: {L1: {}}}
report: {bootstrap: 50}
"""


def test_columns_of_text_run_from_end_to_end(make_job, tmp_path):
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"age": generator.normal(size=40)})
    frame["job"] = generator.choice(["baker", "cook", "smith"], 40)
    frame["sex"] = generator.choice(["f", "m"], 40)
    frame.to_csv(tmp_path / "mixed.csv", index=False)
    study = make_job(tmp_path, TEXT_COLUMNS).study
    network = study.network("L1", l1_weight=0.0001)
    assert network.encoding.input_names == (
        *("age", "job=baker", "job=cook", "job=smith", "sex=m"),
    )
    assert network.model[0].in_features == 5
    made = network.reconstruct(frame)
    assert list(made.columns) == ["age", "job", "sex"]
    assert set(made["job"]) <= {"baker", "cook", "smith"}
    assert set(made["sex"]) <= {"f", "m"}


def test_a_report_looks_into_the_networks_of_the_front_first(wine_job, monkeypatch):
    """However few have room, those that no other network beats in size and error are there."""
    study = sl.Study.load(wine_job.study.run_id, wine_job.uri)
    comparison = study.comparison
    markers = comparison.markers.loc[comparison.markers["group"].isin(comparison.groups)]
    beaten = [
        ((markers["x"] <= row.x) & (markers["y"] < row.y)).any() for row in markers.itertuples()
    ]
    front = markers.loc[~np.array(beaten)]
    monkeypatch.setattr(study_view, "MOST_INSIDE", study_view.SHOWN + len(front))
    inside = study.view().page()["networks"].values()
    found = {(one["params"]["group"], float(one["params"]["l1_weight"])) for one in inside}
    settings = comparison.points.settings
    assert {(row.group, settings[row.marker]["l1_weight"]) for row in front.itertuples()} <= found
