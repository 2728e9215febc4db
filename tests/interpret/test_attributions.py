"""Attributions against closed forms of linear networks, and their agreement with the paths."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import spearmanr
from torch import nn

from sparse_lightning.data.encoding import Encoding
from sparse_lightning.errors import InputError
from sparse_lightning.interpret import attributions as module
from sparse_lightning.interpret.agreement import Agreement, sampled, summary
from sparse_lightning.interpret.attributions import attributions
from sparse_lightning.network import Network
from sparse_lightning.project import Step
from sparse_lightning.weights import layers_of

pytest.importorskip("captum")

METHODS = ["integrated_gradients", "gradient_shap", "shapley_sampling"]
WEIGHTS = np.array([[2.0, -1.0, 0.0, 0.5], [0.0, 3.0, 1.0, 1.0]], dtype=np.float32)
GROUPS = (("a", slice(0, 1)), ("b", slice(1, 2)), ("c d", slice(2, 4)))


@pytest.fixture
def linear():
    layer = nn.Linear(4, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(WEIGHTS))
    return nn.Sequential(layer)


@pytest.fixture
def rows():
    return np.random.default_rng(2).normal(size=(30, 4)).astype(np.float32)


@pytest.mark.parametrize("method", ["integrated_gradients", "shapley_sampling"])
def test_of_a_linear_network_they_are_weights_times_deviations(linear, rows, method):
    found = attributions(linear, rows, GROUPS, ["y", "z"], method)
    each = WEIGHTS[:, None, :] * (rows - rows.mean(axis=0))
    summed = np.stack([each[..., 0], each[..., 1], each[..., 2] + each[..., 3]], axis=-1)
    np.testing.assert_allclose(found, np.abs(summed).mean(axis=1), rtol=1e-3, atol=1e-5)
    assert (list(found.index), list(found.columns)) == (["y", "z"], ["a", "b", "c d"])


def test_expected_gradients_come_near_to_them(linear, rows):
    exact = attributions(linear, rows, GROUPS, ["y", "z"])
    drawn = attributions(linear, rows, GROUPS, ["y", "z"], "gradient_shap")
    np.testing.assert_allclose(drawn, exact, rtol=0.2, atol=0.05)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_arguments_give_the_same_and_touch_no_generator(linear, rows, method):
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    expected = torch.rand(1).item(), np.random.rand()  # noqa: NPY002
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    first = attributions(linear, rows, GROUPS, ["y", "z"], method)
    assert (torch.rand(1).item(), np.random.rand()) == expected  # noqa: NPY002
    pd.testing.assert_frame_equal(first, attributions(linear, rows, GROUPS, ["y", "z"], method))
    assert all(weight.grad is None for weight in linear.parameters())


def test_unusable_arguments_are_named(linear, rows, monkeypatch):
    with pytest.raises(InputError, match="method must be one of integrated_gradients, "):
        attributions(linear, rows, GROUPS, ["y", "z"], "lime")
    for same, told in ((rows[:1], "1 row"), (rows[[2, 2, 2]], "3 equal rows")):
        with pytest.raises(InputError, match=f"at least 2 rows must differ, got {told}"):
            attributions(linear, same, GROUPS, ["y", "z"])
    with pytest.raises(InputError, match="there are no rows"):
        attributions(linear, rows[:0], GROUPS, ["y", "z"])
    monkeypatch.setitem(__import__("sys").modules, "captum.attr", None)
    with pytest.raises(InputError, match=r"pip install 'sparse-lightning\[attribution\]'"):
        attributions(linear, rows, GROUPS, ["y", "z"])
    assert module.is_installed()


def test_correlations_are_spearmans():
    random = np.random.default_rng(4)
    strengths = pd.DataFrame(random.random((3, 12)).round(1), index=list("xyz"))
    sizes = pd.DataFrame(random.random((3, 12)), index=list("xyz"))
    found = Agreement.of(strengths, sizes, "shapley_sampling", 9)
    for place, row in enumerate(found.outputs.itertuples()):
        expected = spearmanr(strengths.iloc[place], sizes.iloc[place]).statistic
        assert row.rank_correlation == pytest.approx(expected)
        best = [
            set((-frame.iloc[place]).sort_values(kind="stable").index[:5])
            for frame in (strengths, sizes)
        ]
        assert row.top_overlap == pytest.approx(len(best[0] & best[1]) / 5)
        assert row.k == 5


def test_overlap_counts_what_both_have_among_their_strongest():
    strengths = pd.DataFrame([[9.0, 8, 7, 0, 0, 0, 0, 0]], index=["y"], columns=list("abcdefgh"))
    sizes = pd.DataFrame([[9.0, 8, 0, 0, 0, 0, 0, 7]], index=["y"], columns=list("abcdefgh"))
    found = Agreement.of(strengths, sizes, "integrated_gradients", 3)
    assert found.outputs["k"].tolist() == [3]
    assert found.outputs["top_overlap"].tolist() == [pytest.approx(2 / 3)]
    assert found.sentences == (
        "c → y: strong paths (rank 3 of 8), but no attribution: it does not move the output.",
        "h → y: much attribution (rank 3 of 8), but no path: it acts through connections below the "
        "threshold.",
    )


def test_where_they_disagree_is_told_the_greatest_difference_first():
    names = list("abcdefgh")
    strengths = pd.DataFrame([[8.0, 7, 6, 5, 4, 3, 2, 1]], index=["y"], columns=names)
    sizes = pd.DataFrame([[1.0, 7, 6, 5, 4, 3, 2, 8]], index=["y"], columns=names)
    found = Agreement.of(strengths, sizes, "integrated_gradients", 3)
    assert found.sentences == (
        "a → y: strong paths (rank 1 of 8), little attribution (rank 8): its paths cancel or "
        "saturate, or it hardly varies.",
        "h → y: much attribution (rank 1 of 8), weak paths (rank 8): they are thin, but it varies "
        "much where the output answers.",
    )
    assert found.outputs["top_overlap"].tolist() == [0.75]


def test_what_is_next_to_nothing_by_both_is_no_disagreement():
    """A rank of 2 of 10 may be an attribution of 0.0001 where the largest is 0.0432."""
    names = list("abcdefghij")
    strengths = pd.DataFrame([[5.0, *[0.0] * 9]], index=["y"], columns=names)
    tiny = [0.0432, 1e-4, *np.linspace(9e-5, 1e-6, 8)]
    sizes = pd.DataFrame([tiny], index=["y"], columns=names)
    for one, other in ((strengths, sizes), (sizes, strengths)):
        found = Agreement.of(one, other, "integrated_gradients", 3)
        assert found.sentences == ()
        assert found.outputs[["k", "top_overlap"]].to_numpy().tolist() == [[1, 1.0]]


def test_sizes_that_are_alike_are_no_disagreement_however_far_apart_their_ranks():
    names = list("abcdefgh")
    strengths = pd.DataFrame([[1.0, *np.linspace(0.99, 0.9, 7)]], index=["y"], columns=names)
    sizes = strengths.iloc[:, ::-1].set_axis(names, axis=1)
    assert Agreement.of(strengths, sizes, "integrated_gradients", 3).sentences == ()


def test_ties_do_not_turn_a_disagreement_around():
    names = list("abcdefg")
    none = [0.0] * 7
    some = [3.0, 0.1, *[0.0] * 5]
    paths = pd.DataFrame([none, some], index=["y", "z"], columns=names)
    sizes = pd.DataFrame([some, none], index=["y", "z"], columns=names)
    found = Agreement.of(paths, sizes, "integrated_gradients", 3)
    assert found.sentences == (
        "a → y: much attribution (rank 1 of 7), but no path: it acts through connections below the "
        "threshold.",
    )
    sizes.loc["z"] = [0.0, *[0.2] * 6]
    found = Agreement.of(paths, sizes, "integrated_gradients", 3)
    assert (
        "a → z: strong paths (rank 1 of 7), but no attribution: it does not move the output."
        in (found.sentences)
    )


def test_an_output_that_stands_still_is_no_disagreement():
    names = list("abcdefg")
    paths = pd.DataFrame([[0.0] * 7, [1.0] * 7], index=["still", "moved"], columns=names)
    tiny = [3.8e-5, *[1e-6] * 6]
    sizes = pd.DataFrame([tiny, [0.1] * 7], index=["still", "moved"], columns=names)
    assert Agreement.of(paths, sizes, "integrated_gradients", 3).sentences == ()


def test_outputs_that_nothing_reaches_have_no_figures():
    nothing = pd.DataFrame(np.zeros((1, 4)), index=["y"])
    found = Agreement.of(nothing, nothing, "integrated_gradients", 3)
    assert found.outputs[["rank_correlation", "top_overlap"]].isna().all(axis=None)
    assert summary(found).startswith("No output has variables that differ")
    again = Agreement.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)))
    pd.testing.assert_frame_equal(again.outputs, found.outputs)
    with pytest.raises(InputError, match="the agreement cannot be read"):
        Agreement.from_dict({"outputs": [{}]})
    with pytest.raises(InputError, match=r"the shape \(1, 4\), attributions \(1, 3\)"):
        Agreement.of(nothing, nothing.iloc[:, :3], "integrated_gradients", 3)


def test_a_sample_is_always_the_same_and_in_order():
    frame = pd.DataFrame({"x": range(1000)})
    one = sampled(frame, 500)
    assert len(one) == 500
    assert one["x"].is_monotonic_increasing
    assert one["x"].is_unique
    pd.testing.assert_frame_equal(one, sampled(frame, 500))
    assert sampled(frame, 1000) is frame


@pytest.fixture
def network():
    random = np.random.default_rng(7)
    frame = pd.DataFrame(
        {
            "size": random.normal(10, 3, 60),
            "job": random.choice(["cook", "clerk", "nurse"], 60),
            "age": random.integers(20, 60, 60),
        }
    )
    encoding = Encoding.fit(frame, "minmax", [Step(dummies={"columns": ["job"]})])
    width = len(encoding.input_names)
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(width, 2), nn.Tanh(), nn.Linear(2, 2), nn.Sigmoid())
    with torch.no_grad():
        model[0].weight[:, width - 1] = 0.0  # the last input leads nowhere
    classes = ("no", "yes")
    return Network(layers_of(model), encoding, {}, "a" * 32, "classifier", classes), frame


def test_a_network_tells_its_attributions_in_the_users_columns(network):
    net, frame = network
    found = net.attributions(frame)
    assert (list(found.index), set(found.columns)) == (["no", "yes"], {"size", "job", "age"})
    last = net.encoding.groups[-1][0]
    assert (found[last] == 0).all()
    agreement = net.agreement(frame, most_rows=40)
    assert agreement.rows == 40
    assert agreement.outputs["output"].tolist() == ["no", "yes"]
    sample = sampled(frame, 40)
    strengths = net.mappings().strengths
    sizes = net.attributions(sample)
    for row in agreement.outputs.itertuples():
        expected = spearmanr(strengths.loc[row.output], sizes.loc[row.output]).statistic
        assert row.rank_correlation == pytest.approx(expected)
    assert "rank_correlation" in repr(agreement)
