"""Values of the wrong Python type: the package's own errors, which name the argument."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import sparse_lightning as sl
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.weights import layers_of

FRAME = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [2.0, 1.0, 0.0]})
ARRAY = FRAME.to_numpy()


@pytest.fixture(scope="module")
def network():
    model = nn.Sequential(nn.Linear(2, 1), nn.Sigmoid(), nn.Linear(1, 2), nn.Sigmoid())
    return sl.Network(layers_of(model), Encoding.fit(FRAME, "minmax", ()), {}, "run")


@pytest.mark.parametrize("given", [ARRAY, ARRAY.tolist(), None, "my.csv"])
@pytest.mark.parametrize("method", ["encode", "reconstruct", "information_loss", "attributions"])
def test_rows_that_are_no_frame_are_refused(network, method, given):
    if method == "attributions":
        pytest.importorskip("captum")
    with pytest.raises(sl.TableError, match="expected a pandas DataFrame with named columns, got"):
        getattr(network, method)(given)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda net: net.structure("a"), "the connection threshold must be a number, got the text"),
        (lambda net: net.mappings(None), "the connection threshold must be a number, got None"),
        (lambda net: net.mappings(0.1, "a"), "the share must be a number, got the text 'a'"),
        (lambda net: net.draw(5), "path must be that of a file, got 5"),
        (lambda net: sl.save_model(5, "there"), "network must be a Network, got 5"),
        (lambda net: sl.save_model(net, 5), "path must be that of a folder, got 5"),
        (lambda net: sl.save_model(net, "there", format=5), "format must be text, got 5"),
        (lambda _: sl.run("p.yaml"), "project must be a Project, as Project.load reads it"),
        (lambda _: sl.search_strengths("p.yaml"), "project must be a Project, as Project.load"),
        (lambda _: sl.Project.load(5), "path must be that of a project file, got 5"),
        (lambda _: sl.Study.load(5), "run_id must be the id of a study's run, got 5"),
        (lambda _: sl.area_index([1], [1], floor="x"), "area_index: floor must be a number"),
    ],
)
def test_functions_name_the_argument(network, call, told):
    with pytest.raises(sl.InputError, match=told):
        call(network)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: sl.L1(weight="a"), "L1: weight must be a number, or one for each replica"),
        (lambda: sl.L1(weight=None), "L1: weight must be a number, or one for each replica"),
        (lambda: sl.L1(weight={"encoder": "b"}), "L1: weight of encoder must be a number"),
        (lambda: sl.L1(1e-3, layers=5), "L1: layers must be a pattern of layer names"),
        (lambda: sl.L1(1e-3, schedule=5), "L1: schedule must be a function of the step"),
        (lambda: sl.L1(1e-3, replicas=5), "L1: replicas must be a slice, got 5"),
        (lambda: sl.SelectiveL1(1e-3, threshold=object()), "an object of type object"),
        (lambda: sl.HiddenKL(1e-3, sparsity="a"), "HiddenKL: sparsity must be a number"),
        (lambda: sl.HiddenL1(1e-3, 0.1, unit_axis="a"), "unit_axis must be a whole number"),
        (lambda: sl.ElasticNet(1e-3, l1_ratio="a"), "ElasticNet: l1_ratio must be a number"),
        (lambda: sl.L0(1e-3, learning_rate="a"), "L0: learning_rate must be a number"),
        (lambda: sl.L0(1e-3, drop_rate=True), "L0: drop_rate must be a number, got True"),
        (lambda: sl.L0(1e-3, seed="a"), "L0: seed must be a number"),
        (lambda: sl.Warmup(epochs="a"), "Warmup: epochs must be a number"),
        (lambda: sl.Prune(threshold="a", epoch=2), "Prune: threshold must be a number"),
        (lambda: sl.Prune(amount="a"), "Prune: amount must be a number"),
        (lambda: sl.ConnectionCount(threshold="a"), "ConnectionCount: threshold must be a number"),
    ],
)
def test_regularizers_name_the_argument(make, told):
    with pytest.raises(sl.RegularizerError, match=told):
        make()


def test_numbers_of_numpy_and_torch_are_numbers(network):
    for threshold in (np.float32(0.1), np.int64(0), torch.tensor(0.1)):
        network.structure(threshold)
    sl.ElasticNet(np.float64(1e-3), l1_ratio=np.float32(0.5))
    sl.L0(1e-3, seed=np.int64(3))
