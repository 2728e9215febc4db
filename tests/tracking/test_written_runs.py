import json

import mlflow
import numpy as np
import pytest
import torch
from studies import GROUPS, WINE

import sparse_lightning as sl
from sparse_lightning.data.catalog import load_table
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.interpret.torch_modules import structure_of
from sparse_lightning.tracking import (
    StudyWriter,
    find_study,
    finished_runs,
    read_study,
    study_writer,
)
from sparse_lightning.tracking.store import Store
from sparse_lightning.weights import from_safetensors, model_of

pytestmark = pytest.mark.slow

COMMON = {
    "dataset": "wine",
    "task": "sae",
    "layers": "12-4-12",
    "activation": "sigmoid",
    "optimizer": "adam",
    "learning_rate": "0.01",
    "batch_size": "64",
    "epochs": "2",
}


@pytest.fixture(scope="module")
def study_run(wine_job):
    return wine_job.client.get_run(wine_job.study.run_id)


@pytest.fixture(scope="module")
def children(wine_job):
    return wine_job.children


def artifact(job, run_id, path, tmp_path):
    return (tmp_path / job.client.download_artifacts(run_id, path, str(tmp_path))).read_bytes()


def test_the_study_has_a_finished_run_in_the_experiment_of_its_project(wine_job, study_run):
    experiment = wine_job.client.get_experiment(study_run.info.experiment_id)
    assert experiment.name == study_run.info.run_name == "wine-small"
    assert study_run.info.status == "FINISHED"
    assert study_run.data.tags["sparse_lightning.kind"] == "study"
    assert study_run.data.tags["sparse_lightning.project"] == "wine-small"
    assert study_run.data.tags["mlflow.source.git.commit"] == wine_job.commit
    assert "mlflow.parentRunId" not in study_run.data.tags
    assert study_run.data.params == {**COMMON, "groups": ", ".join(GROUPS), "seeds": "1, 2"}


def test_the_study_has_the_measures_that_its_report_needs(study_run):
    frame = load_table(sl.Project(table={"source": "wine"}, network={"units": [4]}).table, None)
    inputs = Encoding.fit(frame.frame, "minmax").transform(frame.frame)
    metrics = study_run.data.metrics
    assert metrics["rows"] == 1599
    assert metrics["rows_dropped"] == 0
    assert metrics["networks"] == 26
    assert metrics["failed_networks"] == 0
    assert metrics["connections_total"] == 12 * 4 + 4 * 12
    assert metrics["floor_epochs"] == 4
    assert metrics["floor_settled"] in (0, 1)
    assert metrics["null_error"] == pytest.approx(inputs.astype(float).var(axis=0).mean())
    assert metrics["training_seconds"] > 0
    assert metrics["tracking_seconds"] > 0


def test_the_dataset_is_logged_with_its_digest_and_schema(study_run):
    (given,) = study_run.inputs.dataset_inputs
    table = load_table(sl.Project(table={"source": "wine"}, network={"units": [4]}).table, None)
    assert given.dataset.name == "wine"
    assert given.dataset.digest
    assert table.digest.startswith(given.dataset.digest)
    columns = json.loads(given.dataset.schema)["mlflow_colspec"]
    assert [column["name"] for column in columns] == list(table.frame.columns)
    profile = json.loads(given.dataset.profile)
    assert profile["num_rows"] == 1599
    assert profile["sha256"] == table.digest


def test_the_project_file_comes_back_as_an_equal_project(wine_job, study_run, tmp_path):
    text = artifact(wine_job, study_run.info.run_id, "project.yaml", tmp_path).decode()
    assert sl.Project.parse(text) == sl.Project.parse(WINE) == wine_job.study.project


def test_the_encoding_comes_back(wine_job, study_run, tmp_path):
    text = artifact(wine_job, study_run.info.run_id, "encoding.json", tmp_path)
    encoding = Encoding.from_dict(json.loads(text))
    frame = load_table(wine_job.study.project.table, None).frame
    fitted = Encoding.fit(frame, "minmax")
    assert np.array_equal(encoding.transform(frame), fitted.transform(frame))


def test_the_report_is_an_artifact_of_the_study(wine_job, study_run, tmp_path):
    written = [path for path in wine_job.report.rglob("*") if path.is_file()]
    assert len(written) == 15
    for path in written:
        name = f"report/{path.relative_to(wine_job.report)}"
        assert artifact(wine_job, study_run.info.run_id, name, tmp_path) == path.read_bytes()


def test_every_network_has_a_finished_child_run_with_a_name_to_know_it_by(wine_job, children):
    assert len(children) == 26
    assert {run.info.status for run in children} == {"FINISHED"}
    assert {run.data.tags["mlflow.source.git.commit"] for run in children} == {wine_job.commit}
    names = {run.info.run_name for run in children}
    assert len(names) == 26
    assert {"none seed 1", "L1 λ=0.0001 seed 1", "sL1+decs λ=0.001 seed 2"} <= names


def test_every_network_has_the_params_of_its_strengths(children):
    runs = {run.info.run_name: run.data.params for run in children}
    assert runs["none seed 2"] == {**COMMON, "group": "none", "regularizer": "none", "seed": "2"}
    assert runs["sL1+sh λ=0.001 seed 1"] == {
        **COMMON,
        "group": "sL1+sh",
        "regularizer": "sL1+sh",
        "l1_weight": "0.001",
        "l1_threshold": "0.1",
        "hidden_weight": runs["sL1+sh λ=0.001 seed 1"]["hidden_weight"],
        "hidden_threshold": runs["sL1+sh λ=0.001 seed 1"]["hidden_threshold"],
        "seed": "1",
    }
    assert "sparsity" in runs["sL1+KL λ=0.001 seed 1"]
    assert "l1_threshold" not in runs["L1 λ=0.001 seed 1"]


def test_metrics_have_their_history(wine_job, children):
    for run in children:
        epochs = 4 if run.data.params["group"] == "none" else 2
        for metric in ("connections", "training_squared_error"):
            history = wine_job.client.get_metric_history(run.info.run_id, metric)
            assert [point.step for point in history] == list(range(1, epochs + 1))
        (last,) = wine_job.client.get_metric_history(run.info.run_id, "squared_error")
        assert last.step == epochs


def test_the_stored_weights_give_the_logged_measures(wine_job, children, tmp_path):
    frame = load_table(wine_job.study.project.table, None).frame
    inputs = torch.from_numpy(Encoding.fit(frame, "minmax").transform(frame))
    for run in children:
        content = artifact(wine_job, run.info.run_id, "network.safetensors", tmp_path)
        layers = from_safetensors(content, "this test")
        model = model_of(layers)
        with torch.no_grad():
            error = (model(inputs) - inputs).double().square().mean().item()
        structure = structure_of(model)
        assert run.data.metrics["squared_error"] == pytest.approx(error, rel=1e-5)
        assert run.data.metrics["connections"] == structure.connections
        assert run.data.metrics["live_connections"] == structure.live_connections


def test_mlflows_own_search_finds_what_a_comparison_needs(wine_job, children, study_run):
    columns = set.intersection(*(set(run.data.params) for run in children))
    assert columns == {*COMMON, "group", "regularizer", "seed"}
    measures = set.intersection(*(set(run.data.metrics) for run in children))
    known = {"connections", "live_connections", "squared_error", "training_squared_error"}
    # Networks that all say nothing, as some do, have no agreement.
    assert measures - {"agreement", "agreement_paths"} == known
    found = wine_job.client.search_runs(
        [study_run.info.experiment_id],
        "params.dataset = 'wine' and params.group = 'sL1+sh' and params.l1_weight = '0.001' "
        "and metrics.connections >= 0 and attributes.status = 'FINISHED'",
        order_by=["metrics.squared_error ASC"],
    )
    assert [run.data.params["group"] for run in found] == ["sL1+sh"] * 2
    errors = [run.data.metrics["squared_error"] for run in found]
    assert errors == sorted(errors)


def writer_of_wine():
    project = sl.Project.parse(WINE)
    table = load_table(project.table, project.folder)
    return StudyWriter(Store(), project, table, [12, 4, 12], facts={"rows": 1599}, documents={})


def test_a_run_that_cannot_be_described_ends_as_failed(workplace, monkeypatch):
    def refuse(_):
        raise OSError("the disk is full")

    monkeypatch.setattr(study_writer, "dataset_of", refuse)
    writer = writer_of_wine()
    with pytest.raises(sl.TrackingError, match="does not take the study: the disk is full"):
        writer.__enter__()
    assert Store().run(writer.run_id).info.status == "FAILED"


def test_an_interrupted_tracking_leaves_no_run_open(workplace, make_job, monkeypatch):
    written = []

    def interrupted(*arguments):
        written.append(arguments)
        if len(written) == 3:
            raise KeyboardInterrupt
        return log_files(*arguments)

    log_files = finished_runs.log_files
    monkeypatch.setattr(finished_runs, "log_files", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make_job(workplace, WINE, "regularizers.groups={L1: {}}")
    store = Store()
    found = store.search([store.experiment("wine-small").experiment_id], "")
    (study,) = [run for run in found if run.data.tags["sparse_lightning.kind"] == "study"]
    assert study.info.status == "KILLED"
    assert len(found) == 1
    with pytest.raises(
        sl.InputError,
        match=r"holds no finished study of 'wine-small'; studies: wine-small \(not finished\)",
    ):
        find_study(store, "wine-small")
    with pytest.raises(sl.TrackingError, match="not finished: it holds 0 networks"):
        read_study(store, study.info.run_id)


@pytest.mark.long
def test_with_another_version_of_mlflow_its_client_writes_the_same_study(
    tmp_path, make_job, monkeypatch
):
    for name in ("bulk", "client"):
        (tmp_path / name).mkdir()
    job = make_job(tmp_path / "bulk", WINE, "regularizers.groups={L1: {}}")
    monkeypatch.setattr(mlflow, "__version__", "3.17.99")
    monkeypatch.setattr(finished_runs, "write_runs", None)
    by_client = make_job(tmp_path / "client", WINE, "regularizers.groups={L1: {}}")
    assert len(by_client.children) == 6
    assert len(set(by_client.study.networks["run_id"])) == 6
    assert contents(by_client) == contents(job)


def contents(job):
    """What the runs of the networks hold, but for their ids and times."""
    return sorted(
        (
            run.info.run_name,
            run.info.status,
            run.data.params,
            run.data.metrics,
            {name: value for name, value in run.data.tags.items() if name != "mlflow.parentRunId"},
            [
                (point.step, point.value)
                for name in sorted(run.data.metrics)
                for point in job.client.get_metric_history(run.info.run_id, name)
            ],
            sorted(file.path for file in job.client.list_artifacts(run.info.run_id)),
        )
        for run in job.children
    )
