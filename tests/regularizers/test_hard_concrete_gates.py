"""L0: gates against derivatives and integrals, fits against the gates as parameters of a module."""

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from small_fits import ROWS, Plain, SaveAtEnd, assert_same, fitted, perceptron
from torch import nn
from torch.func import functional_call

from sparse_lightning import L0, L1, ConnectionCount, RegularizerError, Warmup, penalties
from sparse_lightning.nn.layers import BatchedLinear, single
from sparse_lightning.nn.population import Optimization, PopulationModule

ALPHAS = torch.linspace(-4, 4, 9, dtype=torch.float64).view(1, -1)


def zeros(module):
    return [p == 0 for p in module.parameters() if p.ndim == 2]


def test_the_probability_of_an_open_gate_is_the_share_of_the_noise_that_opens_it():
    noise = (torch.arange(100_000, dtype=torch.float64) + 0.5) / 100_000
    for log_alpha in ALPHAS.T:
        gate, _ = penalties.hard_concrete(log_alpha.expand_as(noise), noise)
        share = (gate > 0).double().mean().item()
        assert penalties.open_probability(log_alpha).item() == pytest.approx(share, abs=1e-5)


@pytest.mark.parametrize("function", ["hard_concrete", "final_gate"])
def test_the_slope_of_a_gate_is_its_derivative(function):
    noise = torch.rand(5, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    log_alpha = ALPHAS.expand(5, -1).clone().requires_grad_()
    arguments = (log_alpha, noise) if function == "hard_concrete" else (log_alpha,)
    gate, slope = getattr(penalties, function)(*arguments)
    assert ((gate >= 0) & (gate <= 1)).all()
    assert (gate == 0).any()
    assert (gate == 1).any()
    torch.testing.assert_close(slope, torch.autograd.grad(gate.sum(), log_alpha)[0])


def test_the_gradient_of_the_penalty_is_its_derivative():
    log_alpha = ALPHAS.clone().requires_grad_()
    expected = torch.autograd.grad(penalties.open_probability(log_alpha).sum(), log_alpha)[0]
    torch.testing.assert_close(penalties.open_probability_gradient(log_alpha), expected)


def test_noise_of_zero_shuts_a_gate_and_is_finite():
    gate, slope = penalties.hard_concrete(torch.tensor([3.0]), torch.tensor([0.0]))
    assert gate.item() == slope.item() == 0


def by_autograd(optimizer, strength, epochs, accumulate=1, skipped=()):
    """The same fit with log α as parameters of a module, differentiated by torch."""
    module = Plain(perceptron(), optimizer)
    steps = module.configure_optimizers()
    names = [name for name, p in module.network.named_parameters() if p.ndim == 2]
    start = torch.tensor(0.95 / 0.05).log()
    gates = {
        n: nn.Parameter(start.expand_as(module.network.get_parameter(n)).clone()) for n in names
    }
    learner = torch.optim.Adam(gates.values(), lr=0.2)
    noise = torch.Generator().manual_seed(7)
    epoch = list(enumerate(ROWS.split(8)))
    groups = [epoch[i : i + accumulate] for i in range(0, len(epoch), accumulate)]
    for group in groups * epochs:
        sizes = [gates[n].numel() for n in names]
        uniform = torch.rand(sum(sizes), generator=noise).split(sizes)
        steps.zero_grad()
        learner.zero_grad()
        for number, batch in group:
            if number in skipped:
                continue
            weights = {
                n: module.network.get_parameter(n)
                * penalties.hard_concrete(gates[n], u.view_as(gates[n]))[0]
                for n, u in zip(names, uniform, strict=True)
            }
            output = functional_call(module.network, weights, (batch,))
            loss = (output[:, :1] - batch[:, :1]).square().sum() / len(batch)
            expected = sum(penalties.open_probability(gate).sum() for gate in gates.values())
            ((loss + strength * expected) / accumulate).backward()
        steps.step()
        learner.step()
    with torch.no_grad():
        for name in names:
            module.network.get_parameter(name).mul_(penalties.final_gate(gates[name])[0])
    return module


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_fit_is_that_of_the_gates_as_parameters(optimizer, accumulate):
    module = fitted(
        Plain(perceptron(), optimizer),
        [L0(0.02, seed=7, learning_rate=0.2)],
        epochs=15,
        accumulate_grad_batches=accumulate,
    )
    reference = by_autograd(optimizer, 0.02, 15, accumulate)
    assert_same(module, reference, atol=1e-5)
    for one, other in zip(zeros(module), zeros(reference), strict=True):
        assert torch.equal(one, other)
    assert any(mask.any() for mask in zeros(module))


@pytest.mark.filterwarnings("ignore:.*`training_step` returned `None`:UserWarning")
@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_gates_neither_learn_nor_shut_in_steps_without_a_backward_pass(optimizer, accumulate):
    class Skipping(Plain):
        def training_step(self, batch, number):
            return None if number in (2, 3) else super().training_step(batch, number)

    module = fitted(
        Skipping(perceptron(), optimizer),
        [L0(0.02, seed=7, learning_rate=0.2)],
        epochs=8,
        accumulate_grad_batches=accumulate,
    )
    assert_same(module, by_autograd(optimizer, 0.02, 8, accumulate, skipped=(2, 3)), atol=1e-5)


def test_a_step_with_fewer_accumulated_batches_has_their_share_of_the_penalty():
    module = fitted(
        Plain(perceptron(), "adam"),
        [L0(0.5, seed=7, learning_rate=0.2)],
        epochs=4,
        accumulate_grad_batches=3,
    )
    # By hand an epoch's fourth batch makes a step with a third of the loss and of the penalty.
    assert_same(module, by_autograd("adam", 0.5, 4, 3), atol=1e-5)


@pytest.mark.filterwarnings("ignore:.*no weight of .* is left")
def test_the_strength_decides_how_many_gates_are_shut():
    counts = [
        sum(int((~mask).sum()) for mask in zeros(fitted(Plain(perceptron()), [L0(w)], epochs=40)))
        for w in (0.0, 0.01, 10.0)
    ]
    assert 35 >= counts[0] > counts[1] > counts[2] == 0


def test_the_same_seed_gives_the_same_and_another_one_another():
    one, same, other = (
        fitted(Plain(perceptron()), [L0(0.01, seed=seed)], epochs=5) for seed in (3, 3, 4)
    )
    assert_same(one, same, atol=0)
    assert not torch.equal(one.network[0].weight, other.network[0].weight)


def test_validation_checkpoints_and_measures_see_the_gates_of_a_trained_network(tmp_path):
    class Seen(pl.Callback):
        connections: list[int] = []  # noqa: RUF012

        def on_train_epoch_end(self, trainer, pl_module):
            self.connections.append(int(ConnectionCount(0).measures(pl_module)["connections"]))

    keep = ModelCheckpoint(tmp_path, save_last=True)
    module = fitted(
        Plain(perceptron()), [L0(0.03), Seen(), keep], epochs=30, enable_checkpointing=True
    )
    stored = torch.load(tmp_path / "last.ckpt", weights_only=True)["state_dict"]
    for name, weight in module.named_parameters():
        assert torch.equal(stored[name], weight)
    left = sum(int((~mask).sum()) for mask in zeros(module))
    assert Seen.connections[-1] == left < Seen.connections[0]


@pytest.mark.parametrize("saved", [0, 2, 3])
@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
def test_a_resumed_fit_ends_as_the_whole_one(tmp_path, optimizer, saved):
    class Save(pl.Callback):
        def on_train_epoch_end(self, trainer, _):
            if trainer.current_epoch == saved:
                trainer.save_checkpoint(tmp_path / "some.ckpt")

    def callbacks():
        return [L0(0.03, seed=5, learning_rate=0.3, schedule=Warmup(epochs=3))]

    whole = fitted(Plain(perceptron(), optimizer), [*callbacks(), Save()], epochs=12)
    torch.manual_seed(9)
    resumed = Plain(nn.Sequential(nn.Linear(6, 5), nn.Sigmoid(), nn.Linear(5, 1)), optimizer)
    fitted(resumed, callbacks(), epochs=12, checkpoint=tmp_path / "some.ckpt")
    assert_same(resumed, whole, atol=1e-6)
    assert any(mask.any() for mask in zeros(whole))


def test_what_is_zero_at_the_start_stays_zero():
    module = Plain(perceptron(), "adam")
    with torch.no_grad():
        module.network[0].weight[2] = 0
    fitted(module, [L0(0.0)], epochs=5)
    assert not module.network[0].weight[2].any()
    assert module.network[0].weight[0].all()


def test_it_goes_with_another_penalty_and_with_single_layers():
    """L1 acts on the weights of the forward pass, so that a shut gate takes its gradient too."""
    module = fitted(Plain(perceptron()), [L0({"network.0": 0.005}), L1(1e-3)], epochs=40)
    first, _, last = module.network
    assert (first.weight == 0).any()
    assert last.weight.all()


def test_the_reported_loss_holds_the_penalty():
    class Losses(Plain):
        def on_train_batch_end(self, outputs, *_):
            self.first = getattr(self, "first", outputs["loss"].item())

    def first(weight):
        return fitted(Losses(perceptron()), [L0(weight)], epochs=1).first

    start = torch.tensor([0.95 / 0.05]).log()
    expected = 35 * penalties.open_probability(start).item()
    assert first(0.5) - first(0.0) == pytest.approx(0.5 * expected, rel=1e-5)


def test_one_callback_serves_several_fits():
    gates = L0(0.02)
    assert_same(*(fitted(Plain(perceptron(), "adam"), [gates], epochs=3) for _ in range(2)), atol=0)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:.*no weight of .* is left")
def test_a_convolution_a_recurrent_layer_and_attention_have_gates():
    class Mixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution = nn.Conv1d(1, 2, 3, padding=1)
            self.recurrent = nn.GRU(2, 4, batch_first=True)
            self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
            self.last = nn.Linear(4, 1)

        def forward(self, x):
            states, _ = self.recurrent(self.convolution(x.unsqueeze(1)).mT)
            return self.last(self.attention(states, states, states)[0].mean(1))

    torch.manual_seed(0)
    module = fitted(Plain(Mixed(), "adam"), [L0(10.0)], epochs=40)
    for name, weight in module.named_parameters():
        if weight.ndim >= 2:
            assert not weight.any(), name


class Crowd(PopulationModule):
    """Linear layers of all replicas that rebuild a column."""

    def __init__(self, seeds, optimizer):
        super().__init__(len(seeds), Optimization(optimizer, 0.05, epochs=20))
        layers = [BatchedLinear.initialise(6, 5, seeds), BatchedLinear.initialise(5, 1, seeds, 1)]
        self.network = nn.Sequential(layers[0], nn.Sigmoid(), layers[1])

    def forward(self, batch):
        return self.network(batch)

    def errors(self, batch):
        output = self(batch)
        return (output - batch[:, :1]).square().sum((1, 2)), output[0].numel()


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_replica_is_the_single_network_with_its_seed_and_strength(optimizer):
    """The flat order of a layer's weights differs, and so does its noise: only of one input."""
    seeds, strengths = [1, 2, 1, 2], [0.0, 0.02, 0.05, 0.3]
    crowd = Crowd(seeds, optimizer)
    gates = L0(strengths[1:], replicas=slice(1, None), seed=seeds[1:])
    fitted(crowd, [gates], epochs=20)
    for place in range(1, 4):
        alone = Crowd(seeds[place : place + 1], optimizer)
        fitted(alone, [L0(strengths[place], seed=seeds[place])], epochs=20)
        for one, other in zip(
            single(alone.network, 0).parameters(),
            single(crowd.network, place).parameters(),
            strict=True,
        ):
            torch.testing.assert_close(one, other, rtol=0, atol=2e-6)
            assert torch.equal(one == 0, other == 0)
    dense = Crowd(seeds, optimizer)
    fitted(dense, epochs=20)
    for one, other in zip(crowd.parameters(), dense.parameters(), strict=True):
        torch.testing.assert_close(one[0], other[0], rtol=0, atol=2e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: L0(-1), "L0: weight must be finite and at least 0, got -1"),
        (lambda: L0(1, learning_rate=0), "learning_rate must be finite and greater than 0, got 0"),
        (lambda: L0(1, drop_rate=1), "drop_rate must be between 0 and 1, both excluded, got 1"),
        (lambda: L0(1, layers="head.*"), "L0: no layer matches head"),
        (lambda: L0(1, seed=[1, 2]), "L0: seed has 2 values for 1 replicas"),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises(RegularizerError, match=message):
        fitted(Plain(perceptron()), [make()])


def test_an_optimizer_with_several_evaluations_is_refused():
    class Quasi(Plain):
        def configure_optimizers(self):
            return torch.optim.LBFGS(self.parameters())

    with pytest.raises(RegularizerError, match="one evaluation of the loss a step, got LBFGS"):
        fitted(Quasi(perceptron()), [L0(0.1)])


def test_gates_of_another_module_are_refused(tmp_path):
    fitted(Plain(perceptron()), [L0(0.1), SaveAtEnd(tmp_path / "end.ckpt")])
    frozen = Plain(perceptron())
    frozen.network[0].weight.requires_grad_(False)
    with pytest.raises(RegularizerError, match=r"gates for network\.0\.weight, network\.2\.weight"):
        fitted(frozen, [L0(0.1)], epochs=3, checkpoint=tmp_path / "end.ckpt")
    with pytest.raises(RegularizerError, match="gates of other optimizers or seeds"):
        fitted(Plain(perceptron()), [L0(0.1, seed=1)], epochs=3, checkpoint=tmp_path / "end.ckpt")
