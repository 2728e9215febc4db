"""Stacks trained as populations: chunks, failures, the floor's rule, histories, measures."""

from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from sparse_lightning.data.examples import Examples
from sparse_lightning.errors import TrainingError
from sparse_lightning.nn.failures import Failure
from sparse_lightning.nn.layers import BatchedLinear, flatten, linear_layers, single
from sparse_lightning.project import Project
from sparse_lightning.training import autoencoders, train
from sparse_lightning.training.grid_training import GridTraining
from sparse_lightning.training.progress import SilentProgress

PLAIN = {"resample": False, "refit": False}
"""All networks see the same rows, and stay as their penalty has left them."""

ROWS = torch.rand(60, 5, generator=torch.Generator().manual_seed(11))
EXAMPLES = Examples(ROWS)
GROUPS = {
    "sL1+sh": {"hidden_weight": 0.2, "hidden_threshold": 0.5},
    "L1": {},
    "sL1+KL": {"hidden_weight": 0.1, "sparsity": 0.2},
    "again": {"regularizer": "L1"},
}


def project(units=(4, 3), groups=GROUPS, network=None, **training):
    defaults = {"epochs": 3, "batch_size": 16, "seeds": [1, 2], "accelerator": "cpu"}
    return Project(
        table={"source": "wine", "scale": "minmax"},
        network={"units": list(units), "activation": "sigmoid", **(network or {})},
        training={**PLAIN, **defaults, "floor": {"max_cycles": 2}, **training},
        regularizers={"l1_weights": [0.02], "groups": groups},
        report={"connection_threshold": 0.1},
    )


@cache
def trained(chunk="auto"):
    return train(project(chunk=chunk), EXAMPLES)


def weights_of(population, replicas=slice(None)):
    return [
        tensor.detach()[replicas]
        for layer in linear_layers(population.network)
        for tensor in (layer.weight, layer.bias)
    ]


def test_the_same_project_gives_the_same_networks_bit_for_bit():
    first, second = trained(), train(project(), EXAMPLES)
    for one, other in zip(weights_of(first), weights_of(second), strict=True):
        assert torch.equal(one, other)
    assert (first.squared_error == second.squared_error).all()
    assert [h.points for h in first.histories] == [h.points for h in second.histories]


@pytest.mark.parametrize("chunk", [pytest.param(1, marks=pytest.mark.long), 7])
def test_chunks_change_no_result(chunk):
    whole, cut = trained(), trained(chunk)
    for one, other in zip(weights_of(whole), weights_of(cut), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=2e-6)
    np.testing.assert_allclose(whole.squared_error, cut.squared_error, rtol=1e-5)


def test_networks_come_in_the_order_of_the_grid():
    population = trained()
    assert [replica.number for replica in population.replicas] == list(range(10))
    groups = list(dict.fromkeys(replica.group for replica in population.replicas))
    assert groups == ["none", *GROUPS]
    # One regularizer under two names is one network.
    for weight in weights_of(population):
        torch.testing.assert_close(weight[4:6], weight[8:10], rtol=0, atol=2e-6)
        assert not torch.allclose(weight[2:4], weight[4:6], atol=1e-4)


def test_a_group_alone_is_trained_as_among_others():
    alone = train(project(groups={"sL1+KL": GROUPS["sL1+KL"]}), EXAMPLES)
    for one, other in zip(weights_of(trained()), weights_of(alone), strict=True):
        torch.testing.assert_close(one[6:8], other[2:4], rtol=0, atol=2e-6)


def test_a_stack_has_its_layers_and_counts_all_its_connections():
    population = trained()
    shapes = [layer.weight.shape[1:] for layer in linear_layers(population.network)]
    assert shapes == [(5, 4), (4, 3), (3, 4), (4, 5)]
    activations = [x for x in flatten(population.network) if not isinstance(x, BatchedLinear)]
    assert len(activations) == 4
    assert all(isinstance(layer, nn.Sigmoid) for layer in activations)
    for number, count in enumerate(population.connections):
        weights = [x.weight for x in single(population.network, number) if hasattr(x, "weight")]
        assert count == sum((weight.abs() > 0.1).sum().item() for weight in weights)


def test_squared_error_is_the_mean_over_rows_and_columns():
    population = trained()
    for number, error in enumerate(population.squared_error):
        values = ROWS.double().numpy()
        for layer in single(population.network, number).double():
            if isinstance(layer, nn.Linear):
                values = values @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
            else:
                values = 1 / (1 + np.exp(-values))
        np.testing.assert_allclose(error, np.mean((values - ROWS.numpy()) ** 2), rtol=1e-5)


def test_later_stages_reconstruct_the_codes_of_the_earlier_ones():
    population = train(
        project(epochs=40, learning_rate=0.05, seeds=[1], groups={"L1": {}}), EXAMPLES
    )
    floor = single(population.network, 0)
    with torch.no_grad():
        codes = floor[:2](ROWS)
        rebuilt = floor[2:6](codes)
    assert (rebuilt - codes).square().mean() < codes.var(0).mean()


def test_histories_are_short_and_in_order():
    population = train(
        project(epochs=120, units=[2], seeds=[1], batch_size=60, groups={"L1": {}}), EXAMPLES
    )
    for number, history in enumerate(population.histories):
        cycles = history.epochs // 120
        assert cycles == (2 if population.replicas[number].group == "none" else 1)
        for metric in ("connections", "training_squared_error"):
            steps = [step for name, step, _ in history.points if name == metric]
            assert steps == sorted(set(steps))
            assert (steps[0], steps[-1]) == (1, 120 * cycles)
            assert len(steps) == 50 * cycles
    last = {name: value for name, _, value in population.histories[1].points}
    assert last["connections"] == population.connections[1]
    assert last["training_squared_error"] == pytest.approx(population.squared_error[1], rel=0.1)


def test_histories_of_stacks_go_on_counting():
    history = trained().histories[3]
    assert history.epochs == 6
    steps = [step for name, step, _ in history.points if name == "connections"]
    assert steps == [1, 2, 3, 4, 5, 6]


class Cycles(SilentProgress):
    """Counts the floor's cycles of each stage."""

    def __init__(self):
        self.stages = []
        self.epochs = 0

    def start(self, stage, epochs, replicas):
        self.stages.append(stage)

    def advance(self):
        self.epochs += 1

    def close(self):
        pass


def floor_cycles(errors, monkeypatch, **rule):
    """How the floor ends where the smallest errors of its cycles are `errors`."""
    answers = iter(errors)
    monkeypatch.setattr(GridTraining, "_smallest_error", lambda *_: next(answers))
    progress = Cycles()
    settings = project(units=[2], epochs=1, seeds=[1], floor=rule, groups={"L1": {}})
    population = train(settings, EXAMPLES, progress)
    assert progress.epochs == len(progress.stages)
    return len(progress.stages), population.floor_settled


def test_the_floor_settles_when_a_cycle_gains_less_than_the_tolerance(monkeypatch):
    errors = [1.0, 0.8, 0.75, 0.745]
    assert floor_cycles(errors, monkeypatch, max_cycles=9, tolerance=0.01) == (4, True)


def test_a_cycle_that_gets_worse_settles_the_floor(monkeypatch):
    assert floor_cycles([1.0, 1.1], monkeypatch, max_cycles=9, tolerance=0.01) == (2, True)


def test_a_floor_that_still_falls_at_the_last_cycle_is_unsettled(monkeypatch):
    errors = [1.0, 0.5, 0.25]
    assert floor_cycles(errors, monkeypatch, max_cycles=3, tolerance=0.01) == (3, False)


def poisoned(monkeypatch, numbers, layer_number=0):
    """Training in which the given places of the training order start from NaN."""
    original = autoencoders.batched_layer

    def batched_layer(inputs, outputs, activation, seeds, layer):
        made = original(inputs, outputs, activation, seeds, layer)
        if layer == layer_number:
            with torch.no_grad():
                made[0].weight[numbers] = float("nan")
        return made

    monkeypatch.setattr(autoencoders, "batched_layer", batched_layer)
    return train(project(), EXAMPLES)


@pytest.mark.parametrize("layer", [0, 2])
def test_a_replica_that_diverges_fails_alone(layer, monkeypatch):
    undisturbed = trained()  # kept for the other tests as well: it must not be poisoned
    # In the order of training the floor's two are first, then L1's four.
    population = poisoned(monkeypatch, [1, 2], layer)
    failed = [number for number, failure in enumerate(population.failures) if failure]
    assert len(failed) == 2
    assert failed[0] == 1
    for number in failed:
        phase = f"stage {layer // 2 + 1} of 2"
        assert population.failures[number] == Failure(phase, 0, "weights")
        told = f"diverged in {phase} at step 0: weights were not finite"
        assert str(population.failures[number]) == told
    assert np.isnan(population.squared_error[failed]).all()
    assert np.isnan(population.connections[failed]).all()
    assert all(not weight.any() for weight in weights_of(population, failed))
    sound = [number for number in range(10) if number not in failed]
    for one, other in zip(
        weights_of(population, sound), weights_of(undisturbed, sound), strict=True
    ):
        assert torch.equal(one, other)
    assert np.isfinite(population.squared_error[sound]).all()


def test_every_network_may_diverge():
    wild = {"network": {"activation": "linear", "output": "linear"}, "learning_rate": 1e30}
    population = train(project(optimizer="sgd", groups={"L1": {}}, **wild), EXAMPLES)
    assert all(str(failure).startswith("diverged") for failure in population.failures)
    assert all(not weight.any() for weight in weights_of(population))


def test_a_huge_strength_spoils_no_other_network():
    wild = {"L1": {}, "again": {"regularizer": "L1", "l1_weights": [1e38]}}
    linear = {"activation": "linear", "output": "linear"}
    settings = {"optimizer": "sgd", "learning_rate": 0.1, "network": linear}
    population = train(project(groups=wild, **settings), EXAMPLES)
    alone = train(project(groups={"L1": {}}, **settings), EXAMPLES)
    failed = [bool(failure) for failure in population.failures]
    assert failed == [False] * 4 + [True] * 2
    for one, other in zip(weights_of(population), weights_of(alone), strict=True):
        torch.testing.assert_close(one[:4], other, rtol=0, atol=2e-6)
        assert not one[4:].any()


def test_proximal_training_leaves_exact_zeros():
    settings = project(groups={"L1": {}}, optimizer="sgd", learning_rate=0.1, epochs=8)
    fields = settings.model_dump()
    fields["regularizers"] |= {"proximal": True, "l1_weights": [0.1]}
    population = train(Project(**fields), EXAMPLES)
    encoder = linear_layers(population.network)[0].weight
    assert (encoder[2:] == 0).float().mean() > 0.3
    assert (encoder[:2] != 0).all()


@pytest.mark.parametrize("precision", ["bf16-mixed", "64-true"])
def test_other_precisions_give_32_bit_networks(precision):
    population = train(project(precision=precision, groups={"L1": {}}), EXAMPLES)
    assert {weight.dtype for weight in weights_of(population)} == {torch.float32}
    np.testing.assert_allclose(
        population.squared_error[2:], trained().squared_error[4:6], rtol=0.05
    )


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is an accelerator")
def test_an_accelerator_that_is_not_there_is_an_error_in_the_users_words():
    with pytest.raises(TrainingError, match=r"training\.accelerator cuda with training.precision"):
        train(project(accelerator="cuda"), EXAMPLES)


def test_an_interrupt_stays_a_keyboard_interrupt():
    class Interrupt(Cycles):
        def advance(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(project(), EXAMPLES, Interrupt())


@pytest.mark.parametrize(
    "activation",
    ["tanh", *(pytest.param(name, marks=pytest.mark.long) for name in ("relu", "linear"))],
)
def test_kl_holds_the_activity_of_units_that_are_no_sigmoids(activation):
    quiet = {"sL1": {}, "KL": {"hidden_weight": 0.5, "sparsity": 0.02}}
    population = train(
        project(units=[4], groups=quiet, network={"activation": activation}, epochs=40), EXAMPLES
    )
    with torch.no_grad():
        activity = [
            single(population.network, number)[:2](ROWS).abs().tanh().mean()
            for number in range(2, 6)
        ]
    assert max(activity[2:]) < 0.5 * min(activity[:2])


def test_every_depth_of_a_stack_is_measured():
    population = trained()
    names = {f"{name}_{n}_layers" for name in ("squared_error", "connections") for n in (3, 5)}
    assert set(population.metrics) == names | {"live_connections"}
    np.testing.assert_array_equal(
        population.metrics["squared_error_5_layers"], population.squared_error
    )
    np.testing.assert_array_equal(
        population.metrics["connections_5_layers"], population.connections
    )
    shallow = train(project(units=[4]), EXAMPLES)
    assert set(shallow.metrics) == {"live_connections"}
    np.testing.assert_allclose(
        population.metrics["squared_error_3_layers"], shallow.squared_error, rtol=1e-5
    )


def test_fine_tuning_trains_the_whole_stack_and_no_replica_sees_another():
    settings = {"groups": {"L1": {}, "sL1+sh": GROUPS["sL1+sh"]}, "learning_rate": 0.05}
    before = train(project(**settings), EXAMPLES)
    after = train(project(fine_tune_epochs=40, **settings), EXAMPLES)
    np.testing.assert_array_equal(after.metrics["squared_error_5_layers"], before.squared_error)
    assert (after.squared_error < before.squared_error).all()
    for one, other in zip(weights_of(after), weights_of(before), strict=True):
        assert not torch.allclose(one, other, atol=1e-3)
    alone = train(
        project(fine_tune_epochs=40, **{**settings, "groups": {"sL1+sh": GROUPS["sL1+sh"]}}),
        EXAMPLES,
    )
    for one, other in zip(weights_of(after), weights_of(alone), strict=True):
        torch.testing.assert_close(one[4:], other[2:], rtol=0, atol=1e-5)


def test_the_errors_of_the_inputs_are_kept_with_each_network():
    population = trained()
    for error, document in zip(
        population.squared_error, population.documents["input_errors.json"], strict=True
    ):
        assert np.mean(document["squared_error"]) == pytest.approx(error)
        np.testing.assert_allclose(document["variance"], ROWS.var(0, correction=0), rtol=1e-5)
