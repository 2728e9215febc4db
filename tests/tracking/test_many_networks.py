"""Hundreds of stored networks read at once, written without training anything."""

import subprocess
import sys

import numpy as np
import pytest
from mlflow import MlflowClient
from stored_networks import stored_study

from sparse_lightning import InputError, Study
from sparse_lightning.tracking import files
from sparse_lightning.tracking.store import Store

GROUPS, WEIGHTS, SEEDS = ("L1", "sL1"), (0.0002, 0.001, 0.3), tuple(range(50))


@pytest.fixture(scope="module")
def study(empty_store, tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    uri = f"sqlite:///{folder}/mlflow.db"
    (folder / "mlflow.db").write_bytes(empty_store.read_bytes())
    MlflowClient(uri).create_experiment("many", artifact_location=(folder / "runs").as_uri())
    return Study.load(stored_study(Store(uri), "many", GROUPS, WEIGHTS, SEEDS), uri)


def test_all_networks_are_read_in_the_order_of_the_project(study):
    networks = study.networks_at()
    assert [network.run_id for network in networks] == study.networks["run_id"].tolist()
    assert len(networks) == len(GROUPS) * len(WEIGHTS) * len(SEEDS)
    # What they share is one object.
    assert len({id(network.encoding) for network in networks}) == 1


def test_a_marker_has_all_its_seeds(study):
    networks = study.networks_at("L1", l1_weight=0.0002)
    assert [network.seed for network in networks] == list(SEEDS)
    assert {network.group for network in networks} == {"L1"}
    assert all(network.settings == {"l1_weight": 0.0002} for network in networks)
    one = study.network("L1", 0.0002, 7)
    assert one.run_id == networks[7].run_id
    for there, here in zip(one.weights, networks[7].weights, strict=True):
        np.testing.assert_array_equal(there, here)


@pytest.mark.parametrize("weight", ["3e-1", "0.30", 0.1 + 0.2, np.float32(0.3), np.float64(0.3)])
def test_a_strength_is_a_number_whatever_its_digits(study, weight):
    assert {network.settings["l1_weight"] for network in study.networks_at("L1", weight)} == {0.3}
    assert study.network("L1", weight, 1).settings == {"l1_weight": 0.3}


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"group": "L2"}, "there is no group 'L2'; the groups are L1, sL1"),
        ({"group": "L1", "l1_weight": 0.0003}, r"L1 has no l1_weight 0.0003; there are \[0.0002, "),
        ({"l1_weight": "many"}, "a strength must be a number, got 'many'"),
        ({"l1_wait": 1.0}, r"no strength 'l1_wait'; did you mean l1_weight\?"),
        ({"hidden_weight": 1.0}, r"the study has no hidden_weight 1.0; there are \[\]"),
    ],
)
def test_what_there_is_not_is_told_with_what_there_is(study, wanted, message):
    with pytest.raises(InputError, match=message):
        study.networks_at(**wanted)


def test_files_that_are_elsewhere_are_read_by_several_requests_at_a_time(study, monkeypatch):
    expected = study.networks_at("sL1", 0.001)
    asked = []

    def read_document(store, run_id, file):
        asked.append(run_id)
        return read(store, run_id, file)

    read = files.read_document
    monkeypatch.setattr(files, "_is_local", lambda store, run_id, file: False)
    monkeypatch.setattr(files, "read_document", read_document)
    networks = Study.load(study.run_id, study._store.uri).networks_at("sL1", 0.001)
    assert [network.run_id for network in networks] == [network.run_id for network in expected]
    assert set(asked) >= {network.run_id for network in expected}


@pytest.mark.long
@pytest.mark.slow
def test_networks_are_read_mapped_and_exported_without_torch(study, tmp_path):
    uri = study._store.uri.revealed()
    code = (
        "import sys, sparse_lightning as sl\n"
        f"study = sl.Study.load({study.run_id!r}, {uri!r})\n"
        "network = study.networks_at('L1', 0.0002)[0]\n"
        "network.structure(), network.mappings(), network.describe()\n"
        f"sl.save_model(network, {str(tmp_path / 'model')!r})\n"
        "assert 'torch' not in sys.modules and 'pytorch_lightning' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert list((tmp_path / "model").rglob("network.safetensors"))
