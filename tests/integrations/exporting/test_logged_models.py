"""Networks as models of the store, and the command that puts them there."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sysconfig
from pathlib import Path

import mlflow
import pandas as pd
import pytest
import requests
from click.testing import CliRunner
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID
from studies import Job, working_in

from sparse_lightning.cli import main
from sparse_lightning.data.catalog import load_table
from sparse_lightning.errors import InputError, TrackingError
from sparse_lightning.integrations.exporting import log_model, logging, register_model
from sparse_lightning.tracking import Store, names
from sparse_lightning.workflows import Study

pytestmark = [pytest.mark.slow, pytest.mark.long]


def command(*arguments):
    """The outcome of a command: exit status, standard output, standard error."""
    result = CliRunner().invoke(main, ["export", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def own_job(wine_job, tmp_path_factory):
    """The wine study in a store of one's own, so that no other test sees what is logged here."""
    folder = tmp_path_factory.mktemp("exporting")
    shutil.copy(wine_job.folder / "mlflow.db", folder)
    uri = f"sqlite:///{folder}/mlflow.db"
    return Job(Study.load(wine_job.study.run_id, uri), folder, uri)


@pytest.fixture
def inside(own_job):
    with working_in(own_job.folder):
        yield own_job


def test_a_model_is_logged_to_the_finished_run_of_its_network(inside, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = Store(inside.uri)
    elsewhere = mlflow.get_tracking_uri()
    assert elsewhere != inside.uri
    network = inside.study.network("sL1", l1_weight=0.001, seed=2)
    before = inside.client.get_run(network.run_id)
    uri = log_model(store, network.run_id)
    assert mlflow.get_tracking_uri() == elsewhere
    assert mlflow.active_run() is None
    logged = inside.client.get_logged_model(uri.removeprefix("models:/"))
    assert logged.status.name == "READY"
    assert logged.source_run_id == network.run_id
    assert logged.params["group"] == "sL1"
    after = inside.client.get_run(network.run_id)
    assert [output.model_id for output in after.outputs.model_outputs] == [logged.model_id]
    assert after.info.status == before.info.status == "FINISHED"
    assert after.info.end_time == before.info.end_time
    assert after.data.metrics == before.data.metrics
    model = mlflow.pyfunc.load_model(logged.artifact_location)
    assert model.metadata.metadata["connections"] <= after.data.metrics["connections"]
    assert model.metadata.metadata["connection_threshold"] == 0.01


def test_at_threshold_0_the_model_is_the_network_as_trained(inside):
    network = inside.study.network("L1", l1_weight=0.0001, seed=1)
    uri = log_model(Store(inside.uri), network.run_id, threshold=0)
    logged = inside.client.get_logged_model(uri.removeprefix("models:/"))
    table = load_table(inside.study.project.table, inside.folder).frame.head(20)
    predicted = mlflow.pyfunc.load_model(logged.artifact_location).predict(table)
    expected = network.reconstruct(table)
    pd.testing.assert_frame_equal(predicted[list(expected)], expected, rtol=1e-4)


def test_a_model_becomes_the_next_version_of_a_registered_one(inside):
    store = Store(inside.uri)
    run_id = inside.study.networks["run_id"].iloc[0]
    uri = log_model(store, run_id)
    versions = [register_model(store, uri, "wine model") for _ in range(2)]
    assert [(one.name, int(one.version)) for one in versions] == [
        ("wine model", 1),
        ("wine model", 2),
    ]
    assert versions[0].run_id == run_id
    status, output, _ = command(run_id, "--register", "wine model", "--tracking-uri", inside.uri)
    assert status == 0
    assert output.splitlines()[-1] == "registered: models:/wine model/3"
    with pytest.raises(TrackingError, match="does not register the model"):
        register_model(store, "models:/m-none", "wine model")


def test_a_name_that_cannot_be_registered_is_refused_before_anything_is_logged(inside):
    run_id = inside.study.networks["run_id"].iloc[1]
    options = ("--tracking-uri", inside.uri, "--register")
    status, _, told = command(run_id, *options, "a:b")
    assert (status, "Names cannot contain '/' or ':'" in told) == (2, True)
    assert not inside.client.get_run(run_id).outputs.model_outputs
    status, _, told = command(run_id, *options, "a", "--format", "onnx")
    assert (status, "--register takes MLflow models only" in told) == (2, True)


def test_a_store_that_fails_halfway_leaves_no_model_as_ready(inside, monkeypatch):
    def full(made, path, model):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(logging, "save_pyfunc", full)
    run = inside.client.get_run(inside.study.networks["run_id"].iloc[-2])
    with pytest.raises(TrackingError, match=r"does not take the model.*No space left on device"):
        log_model(Store(inside.uri), run.info.run_id)
    models = inside.client.search_logged_models([run.info.experiment_id])
    mine = [model for model in models if model.source_run_id == run.info.run_id]
    assert [model.status.name for model in mine] == ["FAILED"]
    assert not inside.client.get_run(run.info.run_id).outputs.model_outputs


def test_of_a_study_that_has_learned_nothing_no_network_is_exported(inside):
    assert inside.study.recommended is None
    status, _, told = command(inside.study.run_id, "--tracking-uri", inside.uri)
    assert status == 2
    assert f"the study {inside.study.run_id}: No network is recommended: " in told
    assert f"networks lists all {len(inside.study.networks)}" in told


def test_a_study_is_no_network_in_python_and_the_message_offers_its_own(inside):
    with pytest.raises(InputError) as caught:
        log_model(Store(inside.uri), inside.study.run_id)
    told = str(caught.value)
    assert f"the run {inside.study.run_id} holds the study 'wine-small', not one network" in told
    best = inside.study.networks.sort_values("squared_error").iloc[0]
    assert f"  {best['run_id']}  {best['group']}, λ = {best['l1_weight']:g}, seed" in told
    assert f"networks lists all {len(inside.study.networks)}" in told


def test_runs_without_a_network_are_refused(inside):
    experiment = inside.client.get_run(inside.study.run_id).info.experiment_id
    run_id = inside.client.create_run(experiment).info.run_id
    store = Store(inside.uri)
    with pytest.raises(InputError, match="holds no network of a study but nothing of sparse-li"):
        log_model(store, run_id)
    with pytest.raises(InputError, match="holds no run 'unknown'"):
        log_model(store, "unknown")
    inside.client.set_terminated(run_id)


def test_a_failed_network_is_refused_with_what_went_wrong(inside):
    run_id = inside.study.networks["run_id"].iloc[-1]
    inside.client.set_tag(run_id, names.FAILURE, "the error is no finite number")
    try:
        with pytest.raises(InputError, match="failed, so there is nothing to export: the error is"):
            log_model(Store(inside.uri), run_id)
    finally:
        inside.client.delete_tag(run_id, names.FAILURE)


def test_a_network_of_a_trial_is_refused_as_it_has_no_weights(inside):
    experiment = inside.client.get_run(inside.study.run_id).info.experiment_id
    trial = inside.client.create_run(experiment, tags={names.KIND: names.TRIAL}).info.run_id
    tags = {names.KIND: names.NETWORK, MLFLOW_PARENT_RUN_ID: trial}
    network = inside.client.create_run(experiment, tags=tags).info.run_id
    with pytest.raises(InputError, match="belongs to a trial of a search, which keeps no weights"):
        log_model(Store(inside.uri), network)
    for run_id in (network, trial):
        inside.client.set_terminated(run_id)


@pytest.mark.parametrize(
    ("format", "file"), [("onnx", "network.onnx"), ("torch", "network.pt2"), ("pyfunc", "MLmodel")]
)
def test_the_command_writes_a_folder(inside, tmp_path, format, file):
    run_id = inside.study.networks["run_id"].iloc[3]
    folder = tmp_path / "deep" / "it"
    options = (run_id, "--format", format, "--tracking-uri", inside.uri)
    status, output, _ = command(*options, "--output", folder)
    assert status == 0
    assert output.splitlines()[-1] == f"written: {folder}"
    assert (folder / file).is_file()
    assert not inside.client.get_run(run_id).outputs.model_outputs
    status, _, told = command(*options, "--output", folder)
    assert (status, "it exists; name a folder that does not" in told) == (2, True)
    status, output, _ = command(*options)
    assert status == 0
    if format == "pyfunc":
        assert output.splitlines()[-1].startswith("model: models:/m-")
    else:
        assert Path("exports", f"{run_id}-{format}", file).is_file()


def test_the_command_says_that_a_model_is_constant(inside, tmp_path):
    run_id = inside.study.networks["run_id"].iloc[3]
    options = (run_id, "--tracking-uri", inside.uri, "--output", tmp_path / "it")
    status, output, told = command(*options, "--threshold", 1e6)
    assert (status, output.splitlines()[0]) == (0, "network: 0 connections, |w| > 1e+06")
    assert "the model is constant: no path of connections leads from an input to an out" in told


@pytest.mark.slow
def test_an_exported_census_classifier_answers_requests(census_job):
    """The server that `mlflow models serve` starts, asked over HTTP."""
    run_id = census_job.study.networks["run_id"].iloc[-1]
    with working_in(census_job.folder):
        uri = log_model(Store(census_job.uri), run_id, threshold=0)
        network = census_job.study.network("L1")
        table = load_table(census_job.study.project.table, census_job.folder).frame
    rows = table.head(4)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    scripts = sysconfig.get_path("scripts")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    server = subprocess.Popen(
        [
            *(f"{scripts}/mlflow", "models", "serve", "-m", uri, "--env-manager", "local"),
            *("-h", "127.0.0.1", "-p", str(port)),
        ],
        env={
            **kept,
            "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
            "MLFLOW_TRACKING_URI": census_job.uri,
        },
        cwd=census_job.folder,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        assert server.stderr is not None
        for line in server.stderr:
            if "running on" in line.lower():
                break
        url = f"http://127.0.0.1:{port}/invocations"

        def ask(body, **options):
            answer = requests.post(url, json=body, timeout=60, **options)
            return answer.status_code, answer.json()

        split = json.loads(rows.to_json(orient="split"))
        expected = network.classify(rows)
        for body in (
            {"dataframe_split": split},
            {"dataframe_records": json.loads(rows.to_json(orient="records"))},
        ):
            status, answer = ask(body)
            named = [{"class": one} for one in expected["class"]]
            assert (status, answer["predictions"]) == (200, named)
            status, answer = ask({**body, "params": {"probabilities": True}})
            assert status == 200, answer
            predicted = pd.DataFrame(answer["predictions"])
            assert predicted["class"].tolist() == expected["class"].tolist()
            for name in network.classes:
                assert predicted[f"probability_{name}"].to_numpy() == pytest.approx(
                    expected[name].to_numpy(), abs=1e-6
                )
        for change, message in (
            ({"education": "Bachelor"}, "column 'education' holds 'Bachelor' in row 1, an unknown "
             "level (did you mean Bachelors?); it takes one of"),
            ({"age": "old"}, "column 'age' holds 'old' in row 1, no number; it takes a finite"),
            ({"age": None}, "column 'age' has no value in row 1; it takes a number"),
        ):  # fmt: skip
            (record,) = json.loads(rows.head(1).to_json(orient="records"))
            status, answer = ask({"dataframe_records": [{**record, **change}]})
            assert (status, message in answer["message"]) == (400, True), answer
        del record["sex"]
        status, answer = ask({"dataframe_records": [record]})
        assert (status, "missing inputs ['sex']" in answer["message"]) == (400, True), answer
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.communicate(timeout=60)
