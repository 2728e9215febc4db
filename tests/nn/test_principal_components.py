"""Components by back-propagation: the losses, replicas that never mix, PCA found again."""

import pytest
import pytorch_lightning as pl
import torch

from sparse_lightning.errors import RegularizerError, TrainingError
from sparse_lightning.nn.components import (
    by_contribution,
    contribution_ratios,
    covariance_of,
    exact_components,
    mean_loadings,
    unit_loadings,
)
from sparse_lightning.nn.population import Optimization
from sparse_lightning.nn.principal_components import (
    PrincipalComponents,
    nested_weights,
    span_error,
    tied_error,
)
from sparse_lightning.project import Project
from sparse_lightning.regularizers.groups import regularizers_for
from sparse_lightning.regularizers.hidden_penalties import HiddenKL, HiddenL2
from sparse_lightning.regularizers.replica import Replica
from sparse_lightning.training.fitting import fit

GENERATOR = torch.Generator().manual_seed(3)
SPREAD = torch.diag(torch.tensor([3.0, 2.0, 1.4, 1.0, 0.6, 0.3]))
TURN = torch.linalg.qr(torch.randn(6, 6, generator=GENERATOR))[0]
RAW = torch.randn(90, 6, generator=GENERATOR) @ SPREAD @ TURN
ROWS = RAW - RAW.mean(0)
COVARIANCE = covariance_of(ROWS)
HIDDEN = {"hidden_weight": 0.3, "hidden_threshold": 0.8}
REPLICAS = [
    Replica(0, "none", "none", 1),
    Replica(1, "L1", "L1", 1, l1_weight=0.2),
    Replica(2, "sL1", "sL1", 2, l1_weight=0.2, l1_threshold=0.3),
    Replica(3, "sL1+sh", "sL1+sh", 1, l1_weight=0.1, l1_threshold=0.3, **HIDDEN),
    Replica(4, "sh2", "sh2", 3, **HIDDEN),
    Replica(5, "KL", "KL", 3, hidden_weight=1.0, sparsity=0.2),
    Replica(6, "sL1+decs", "sL1+decs", 2, l1_weight=0.1, l1_threshold=0.3, hidden_weight=0.1),
]
DECODERS = ["tied", "span"]


def population(replicas=REPLICAS, decoder="tied", components=3, nesting=0.5, rates=None, **given):
    optimization = Optimization(**{"epochs": 4, **given})
    seeds = [replica.seed for replica in replicas]
    return PrincipalComponents.initialise(
        COVARIANCE, components, seeds, optimization, rates, decoder, nesting
    )


def fitted(module, replicas=REPLICAS, callbacks=(), precision="32-true", proximal=False):
    project = Project(
        table={"source": "ctg", "scale": "standard"},
        network={"units": [3]},
        training={"accelerator": "cpu", "precision": precision},
    )
    regularizers = regularizers_for(replicas, proximal)
    fit(module, ROWS, project, [*regularizers, *callbacks], batch_size=30, order=3)
    return module


def drawn_loadings(seed=0, shape=(2, 6, 3)):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).double()


def reconstruction(decoder, rows, first):
    if decoder == "tied":
        return rows @ first @ first.mT
    return rows @ first @ torch.linalg.pinv(first)


LOSSES = {"tied": tied_error, "span": span_error}


@pytest.mark.parametrize("nesting", [1.0, 0.4, 0.0])
@pytest.mark.parametrize("decoder", DECODERS)
def test_the_loss_is_the_mean_of_the_errors_of_the_first_n_components(decoder, nesting):
    vectors = drawn_loadings()
    if decoder == "span":
        vectors = vectors / vectors.norm(dim=1, keepdim=True)
    rows = ROWS.double()
    errors = [
        (reconstruction(decoder, rows, vectors[:, :, :n]) - rows).square().sum(2).mean(1)
        for n in (1, 2, 3)
    ]
    expected = nesting * torch.stack(errors).mean(0) + (1 - nesting) * errors[-1]
    found = LOSSES[decoder](vectors, covariance_of(rows), nested_weights(3, nesting))
    torch.testing.assert_close(found, expected, rtol=2e-5, atol=1e-5)


@pytest.mark.parametrize("decoder", DECODERS)
def test_the_gradient_of_the_loss_is_the_limit_of_differences(decoder):
    vectors = drawn_loadings(1).requires_grad_()
    loss, matrix, weights = LOSSES[decoder], COVARIANCE.double(), nested_weights(3, 0.7)
    assert torch.autograd.gradcheck(lambda v: loss(v, matrix, weights), vectors)


def test_the_span_error_is_what_the_contribution_ratio_leaves():
    vectors = unit_loadings(drawn_loadings(2))
    matrix = COVARIANCE.double()
    error = span_error(vectors, matrix, nested_weights(3, 0.0)) / matrix.trace()
    ratio = contribution_ratios(vectors, matrix)[:, -1]
    torch.testing.assert_close(1 - error, ratio, rtol=1e-5, atol=1e-5)


def test_dependent_and_empty_components_have_a_finite_span_error_and_gradient():
    vectors = unit_loadings(drawn_loadings(3)).float()
    vectors[0, :, 2] = vectors[0, :, 0]
    vectors[1] = 0.0
    vectors.requires_grad_()
    error = span_error(vectors, COVARIANCE, nested_weights(3, 0.5).float())
    (gradient,) = torch.autograd.grad(error.sum(), vectors)
    assert gradient.isfinite().all()
    torch.testing.assert_close(error[1], COVARIANCE.trace())


@pytest.mark.long
@pytest.mark.parametrize("decoder", DECODERS)
def test_unregularized_components_are_the_exact_ones(decoder):
    module = population(REPLICAS[:1], decoder, epochs=800, learning_rate=0.02)
    fitted(module, REPLICAS[:1])
    exact = exact_components(COVARIANCE, 3)
    if decoder == "tied":
        cosines = (unit_loadings(module.loadings) * exact).sum(1).abs()
        torch.testing.assert_close(cosines, torch.ones(1, 3), rtol=0, atol=1e-3)
        torch.testing.assert_close(module.loadings.norm(dim=1), torch.ones(1, 3), rtol=0, atol=1e-3)
    found, best = (contribution_ratios(v, COVARIANCE) for v in (module.loadings, exact))
    torch.testing.assert_close(found, best, rtol=0, atol=1e-4)


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize(
    "settings", [{"optimizer": "adam"}, {"optimizer": "sgd", "learning_rate": 0.01}]
)
def test_a_replica_alone_is_the_replica_in_the_crowd(decoder, settings):
    crowd = fitted(population(decoder=decoder, **settings))
    for place, replica in enumerate(REPLICAS):
        alone = fitted(population([replica], decoder, **settings), [replica])
        torch.testing.assert_close(crowd.loadings[place], alone.loadings[0], rtol=0, atol=1e-5)


@pytest.mark.parametrize("decoder", DECODERS)
def test_every_penalty_reaches_the_loadings_and_none_the_others(decoder):
    plain = [Replica(n, "none", "none", one.seed) for n, one in enumerate(REPLICAS)]
    start, without = population(decoder=decoder), fitted(population(decoder=decoder), plain)
    module = fitted(population(decoder=decoder))
    moved = (module.loadings - without.loadings).abs().amax((1, 2))
    assert moved[0] == 0
    assert (moved[1:] > 1e-3).all()
    assert (start.loadings != module.loadings).any()


def hidden_penalty(replica, scores):
    """The penalties of the scores as they are defined, for autograd."""
    small = scores.abs() < 0.8
    rho, mean = replica.sparsity or 0.5, scores.abs().tanh().mean(0)
    matrix = torch.cov(scores.T, correction=0)
    return (
        replica.hidden_weight
        * {
            "sh": (scores.abs() * small).sum(1).mean(),
            "sh2": (scores.square() * small).sum(1).mean(),
            "KL": (rho * (rho / mean).log() + (1 - rho) * ((1 - rho) / (1 - mean)).log()).sum(),
            "decs": (matrix - matrix.diag().diag()).square().sum(),
        }[replica.regularizer]
    )


@pytest.mark.parametrize("place", [3, 4, 5, 6])
def test_one_step_follows_the_gradient_of_loss_and_hidden_penalty(place):
    name = REPLICAS[place].regularizer.removeprefix("sL1+")
    strengths = REPLICAS[place].strengths.items()
    hidden = {key: value for key, value in strengths if not key.startswith("l1")}
    replica = Replica(0, name, name, 1, **hidden)
    module = population([replica], optimizer="sgd", learning_rate=0.01, epochs=1, tail=0.0)
    start = module.loadings.clone().requires_grad_()
    project = Project(
        table={"source": "ctg"}, network={"units": [3]}, training={"accelerator": "cpu"}
    )
    fit(module, ROWS, project, regularizers_for([replica]), batch_size=len(ROWS))
    loss = tied_error(start, COVARIANCE, nested_weights(3, 0.5).float()).sum()
    (gradient,) = torch.autograd.grad(loss + hidden_penalty(replica, ROWS @ start[0]), start)
    expected = start.detach() - 0.01 * gradient
    torch.testing.assert_close(module.loadings, expected, rtol=0, atol=2e-5)


def test_span_keeps_components_at_unit_length():
    module = fitted(population(decoder="span"))
    torch.testing.assert_close(module.loadings.norm(dim=1), torch.ones(7, 3))


def test_span_starts_near_the_exact_components_and_each_seed_elsewhere():
    module = population(decoder="span")
    cosines = (unit_loadings(module.loadings) * exact_components(COVARIANCE, 3)).sum(1)
    assert (cosines > 0.98).all()
    assert not torch.equal(module.loadings[0], module.loadings[2])
    assert torch.equal(module.loadings[0], module.loadings[1])


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_diverging_replica_fails_alone(decoder):
    plain = REPLICAS[:4]
    sound = fitted(population(plain, decoder), plain)
    module = population(plain, decoder)
    with torch.no_grad():
        module.encoder[0].weight[1] = float("nan")
    fitted(module, plain)
    assert module.failures.step.tolist() == [-1, 0, -1, -1]
    assert not module.loadings[1].any()
    torch.testing.assert_close(
        module.loadings[[0, 2, 3]], sound.loadings[[0, 2, 3]], rtol=0, atol=0
    )


@pytest.mark.parametrize("decoder", DECODERS)
def test_16_bits_leave_the_loss_exact(decoder):
    whole = fitted(population(REPLICAS[:3], decoder), REPLICAS[:3])
    short = fitted(population(REPLICAS[:3], decoder), REPLICAS[:3], precision="bf16-mixed")
    torch.testing.assert_close(whole.loadings, short.loadings, rtol=0, atol=1e-6)


@pytest.mark.parametrize("decoder", DECODERS)
def test_proximal_steps_leave_exact_zeros(decoder):
    settings = {"optimizer": "sgd", "learning_rate": 0.01, "epochs": 60}
    replicas = [Replica(0, "L1", "L1", 1, l1_weight=2.0)]
    module = fitted(population(replicas, decoder, **settings), replicas, proximal=True)
    assert (module.loadings == 0).any()
    assert (module.loadings != 0).any()


def test_forward_gives_the_scores():
    module = population()
    torch.testing.assert_close(module(ROWS), ROWS @ module.loadings)


class EpochError(pl.Callback):
    def on_train_epoch_end(self, trainer, pl_module):
        self.error = pl_module.epoch_error()


def test_the_error_of_an_epoch_is_a_mean_per_row_and_input():
    recorder = EpochError()
    module = population(REPLICAS[:1], rates=torch.zeros(1), epochs=1)
    fitted(module, REPLICAS[:1], [recorder])
    expected = tied_error(module.loadings, COVARIANCE, nested_weights(3, 0.5).float()) / 6
    torch.testing.assert_close(recorder.error.float(), expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"components": 7}, "components must be between 1 and the 6 inputs, got 7"),
        ({"components": 0}, "components must be between 1 and the 6 inputs, got 0"),
        ({"nesting": 1.5}, "nesting must be between 0 and 1, got 1.5"),
    ],
)
def test_settings_out_of_range_are_refused(change, message):
    with pytest.raises(TrainingError) as caught:
        population(**change)
    assert str(caught.value) == message


@pytest.mark.long
@pytest.mark.slow
def test_sparse_components_keep_most_of_the_variance():
    weights = [0.02, 0.05, 0.1, 0.2, 0.5]
    replicas = [Replica(n, "L1", "L1", 1, l1_weight=w) for n, w in enumerate(weights)]
    module = fitted(population(replicas, "span", epochs=300), replicas)
    ordered = by_contribution(unit_loadings(module.loadings), COVARIANCE)
    counts = mean_loadings(ordered)[:, -1]
    ratios = contribution_ratios(ordered, COVARIANCE)[:, -1]
    assert counts[-1] < counts[0]
    assert (ratios > 0.5).all()


def test_hidden_penalties_of_the_user_find_the_scores():
    module = fitted(population(REPLICAS[:1]), REPLICAS[:1], [HiddenL2(0.5, threshold=100.0)])
    plain = fitted(population(REPLICAS[:1]), REPLICAS[:1])
    assert (module.loadings.norm() < plain.loadings.norm()).all()


def test_kl_takes_the_activity_of_scores_unless_it_is_told_not_to():
    fitted(population(REPLICAS[:1]), REPLICAS[:1], [HiddenKL(0.1, sparsity=0.3)])
    with pytest.raises(RegularizerError, match=r"the outputs must lie in \[0, 1\]"):
        fitted(population(REPLICAS[:1]), REPLICAS[:1], [HiddenKL(0.1, sparsity=0.3, squash=False)])
