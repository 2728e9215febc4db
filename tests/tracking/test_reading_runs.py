import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import numpy as np
import pandas as pd
import pytest
from studies import working_in

import sparse_lightning as sl
from sparse_lightning.regularizers.replica import STRENGTHS
from sparse_lightning.tracking import find_study, read_study, selecting
from sparse_lightning.tracking.networks import read_networks, read_networks_of_runs
from sparse_lightning.tracking.store import Store
from sparse_lightning.weights import from_safetensors, to_safetensors

pytestmark = pytest.mark.slow

PARAMS = {"group", "regularizer", "seed", *STRENGTHS}


@pytest.fixture
def copied_store(wine_job, tmp_path):
    """The store as another machine has it: another folder, another order of its rows."""
    shutil.copytree(wine_job.folder / "mlruns", tmp_path / "mlruns")
    shutil.copy(wine_job.folder / "mlflow.db", tmp_path)
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database, database:
        for table, column in (("experiments", "artifact_location"), ("runs", "artifact_uri")):
            database.execute(
                f"UPDATE {table} SET {column} = replace({column}, ?, ?)",
                (str(wine_job.folder), str(tmp_path)),
            )
        database.execute("UPDATE runs SET start_time = -start_time WHERE run_uuid > '8'")
    with working_in(tmp_path):  # not in a workplace, as pictures are drawn
        yield f"sqlite:///{tmp_path}/mlflow.db"


def test_another_machine_reports_the_same_to_the_last_digit(
    wine_job, copied_store, tmp_path, monkeypatch
):
    monkeypatch.setenv("LC_ALL", "C")
    there = sl.Study.load(wine_job.study.run_id, copied_store)
    there.write_report(tmp_path / "again")
    for name in ("indices.json", "indices.csv", "report.html", "figures/pareto.svg"):
        assert (tmp_path / "again" / name).read_bytes() == (wine_job.report / name).read_bytes()


def test_a_study_is_found_by_experiment_and_the_newest_wins(wine_job):
    store = Store(wine_job.uri)
    assert find_study(store, "wine-small") == wine_job.study.run_id
    with pytest.raises(sl.InputError) as caught:
        find_study(store, "wine-smal' OR 1=1")
    assert "--experiment" in str(caught.value)
    assert "studies: wine-small" in str(caught.value)


@pytest.mark.parametrize("run_id", ["0" * 32, "", "' OR 1=1 --", "../..", "λ"])
def test_an_unknown_run_is_bad_input(wine_job, run_id):
    with pytest.raises(sl.InputError, match="holds no run"):
        read_study(Store(wine_job.uri), run_id)


def test_the_run_of_a_network_holds_no_study(wine_job):
    with pytest.raises(sl.InputError, match="holds no study"):
        read_study(Store(wine_job.uri), wine_job.children[0].info.run_id)


def test_a_study_without_its_project_file_says_what_is_missing(wine_job, copied_store, tmp_path):
    (file,) = (tmp_path / "mlruns").rglob("project.yaml")
    file.unlink()
    with pytest.raises(sl.TrackingError, match=r"does not give project\.yaml of run"):
        sl.Study.load(wine_job.study.run_id, copied_store)


def test_damaged_weights_are_refused(wine_job, copied_store, tmp_path):
    study = sl.Study.load(wine_job.study.run_id, copied_store)
    run_id = study.networks["run_id"].iloc[0]
    (file,) = (tmp_path / "mlruns").rglob(f"{run_id}/artifacts/network.safetensors")
    whole = file.read_bytes()
    for content in (b"", b"\x80\x04pickle", whole[:-1], whole.replace(b"dense", b"danse")):
        file.write_bytes(content)
        with pytest.raises(sl.TrackingError, match="does not hold a network"):
            study.network("none", seed=1)


def test_weights_outlast_the_way_to_a_file_and_back(wine_job):
    network = wine_job.study.network("L1", l1_weight=0.001, seed=2)
    content = to_safetensors(network.layers)
    assert to_safetensors(from_safetensors(content, "this test")) == content


@pytest.mark.long
def test_a_report_is_written_without_torch(wine_job, tmp_path):
    code = (
        "import sys, pathlib, sparse_lightning as sl\n"
        f"study = sl.Study.load({wine_job.study.run_id!r}, {wine_job.uri!r})\n"
        f"study.write_report(pathlib.Path({str(tmp_path)!r}))\n"
        "assert 'torch' not in sys.modules and 'pytorch_lightning' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    name = "report.html"
    assert (tmp_path / name).read_bytes() == (wine_job.report / name).read_bytes()


def test_a_network_reads_the_same_by_its_study_as_by_its_run(wine_job):
    store = Store(wine_job.uri)
    record = read_study(store, wine_job.study.run_id)
    run_ids = record.networks["run_id"].tolist()
    by_study = read_networks(store, record, run_ids)
    by_run = read_networks_of_runs(store, store.runs(run_ids))
    assert [network.run_id for network in by_study] == run_ids
    for one, other in zip(by_study, by_run, strict=True):
        assert one.params.keys() == other.params.keys() == PARAMS
        assert (one.group, one.settings, one.seed) == (other.group, other.settings, other.seed)
        assert repr(one.mappings()) == repr(other.mappings())
        for there, here in zip(one.weights, other.weights, strict=True):
            np.testing.assert_array_equal(there, here)


def test_a_study_reads_the_same_through_the_api_as_from_the_tables(wine_job, monkeypatch):
    tables = read_study(Store(wine_job.uri), wine_job.study.run_id)
    monkeypatch.setattr(selecting, "reads", lambda sql: False)
    api = read_study(Store(wine_job.uri), wine_job.study.run_id)
    pd.testing.assert_frame_equal(api.networks, tables.networks, check_exact=True)
    assert api.columns == tables.columns
