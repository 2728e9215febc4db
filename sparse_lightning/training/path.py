"""The path of λ: from where a penalty leaves nothing to where nearly all is left, by a pilot.

How strong a penalty must be to empty a network depends on the table, its scale, the task, the loss,
the activations and the penalty itself, and short trainings misjudge it by up to ten times. So a
pilot, one network for each of many strengths, is trained as the study will be, on the training rows
alone; it takes a fraction of the study, whose networks are several for each strength.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sparse_lightning.data.examples import Examples
from sparse_lightning.nn.moments import mean_of, variance_of
from sparse_lightning.project import Project
from sparse_lightning.project.groups import PATH_LENGTH, Group
from sparse_lightning.regularizers.replica import FLOOR
from sparse_lightning.training.checkpoints import Checkpoints, TitledCheckpoints
from sparse_lightning.training.executors import Workers
from sparse_lightning.training.grid import TrainedPopulation, replicas_of
from sparse_lightning.training.progress import Progress, Titled
from sparse_lightning.training.tasks import train_whole_on

PILOT = "pilot, "
"""What the titles of its stages begin with."""

STEPS = (0.0, 0.02, 0.05, 0.09, 0.14, 0.2, 0.29, 0.4, 0.55, 0.75, 1.0)
"""Where the values of a path lie between the fewest and the most connections of the pilot. They are
denser where networks are small enough to be read, and nowhere a fifth apart but at the end."""

NEARLY_ALL = 0.92
"""The share of the connections that counts as nearly all of them."""

BRACKET = 16
"""How many strengths of each group the pilot tries, three in a decade, below half the loss without
weights: a path through a network costs at least twice its λ, and saves at most that loss."""


@dataclass(frozen=True, eq=False)
class Found:
    """What a pilot has found for the settings of a project that are `auto`.

    Attributes:
        project: with numbers in their place.
        epochs: of each stage, and of fine-tuning; None where the project has given them.
        settled: whether the pilot had settled within its budget.
        curves: by the name of a group its strengths in the pilot, strongest first, and the share of
            the connections that each leaves.
    """

    project: Project
    epochs: tuple[int, int] | None
    settled: bool
    curves: dict[str, tuple[list[float], list[float]]]

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "version": 1,
            "epochs": None if self.epochs is None else self.epochs[0],
            "fine_tune_epochs": None if self.epochs is None else self.epochs[1],
            "settled": self.settled,
            "groups": {
                group: {
                    "pilot": [
                        {"l1_weight": weight, "share_of_connections": share}
                        for weight, share in zip(*curve, strict=True)
                    ],
                    "l1_weights": [
                        one["l1_weight"] for one in self.project.regularizers.grid(group)
                    ],
                }
                for group, curve in self.curves.items()
            },
        }


def found_settings(
    project: Project,
    examples: Examples,
    progress: Progress,
    checkpoints: Checkpoints,
    workers: Workers | None = None,
) -> Found | None:
    """Train a pilot where a project's epochs or λ are `auto`; None where nothing is.

    Raises what `train` does.
    """
    settings = project.regularizers
    paths = [group for group in settings.groups if settings.has_path(group)]
    shares = {g: _shares() for g in paths if any(term.share for term in settings.terms(g))}
    searched = [group for group in paths if group not in shares]
    training = project.training
    automatic = "auto" in (training.epochs, training.fine_tune_epochs)
    if not paths and not automatic:
        return None
    epochs, settled = None, True
    found: dict[str, Sequence[float]] = dict(shares)
    curves: dict[str, tuple[list[float], list[float]]] = {}
    if searched or automatic:
        tried = dict.fromkeys(searched, _bracket(project, examples))
        pilot = _pilot(project, {**tried, **shares})
        numbers = [one.number for one in replicas_of(pilot) if one.group != FLOOR]
        part = examples.training()
        told, kept = Titled(progress, PILOT), TitledCheckpoints(checkpoints, PILOT)
        trained = train_whole_on(workers, pilot, part, told, numbers, kept)
        if automatic:
            epochs, settled = (trained.epochs, trained.fine_tune_epochs), trained.settled
        curves = _curves(trained, searched, pilot, part)
        found |= {group: path_of(*curves[group]) for group in searched}
    chosen = _with_weights(project, found)
    return Found(_with_epochs(chosen, epochs), epochs, settled, curves)


def path_of(
    weights: Sequence[float], shares: Sequence[float], length: int = PATH_LENGTH
) -> list[float]:
    """A path of λ between the strongest and the weakest that the pilot has tried.

    Args:
        weights: λ of the pilot, falling.
        shares: the share of the connections that each of them leaves.
        length: how many values the path has.

    Returns:
        Falling values. The first is the second above the weakest that leaves nothing, or as little
        as ever, the last the next below that which leaves nearly all, as other seeds may keep more
        or fewer there; the others lie where the shares of `STEPS` do.
    """
    from sklearn.isotonic import isotonic_regression

    levels = np.log(np.asarray(weights, float))
    # One network each: what is out of order is noise.
    rising = np.asarray(isotonic_regression(np.asarray(shares, float)))
    few, most = rising[0], min(rising[-1], NEARLY_ALL)
    first = int(np.flatnonzero(rising <= few + 0.005)[-1])
    last = int(np.flatnonzero(rising >= most)[0])
    if last <= first:  # as good as no difference between the strongest and the weakest
        path = np.linspace(levels[0], levels[-1], length)
    else:
        wanted = few + (most - few) * np.interp(np.linspace(0, 1, length), _PLACES, STEPS)
        path = np.interp(wanted, rising[first : last + 1], levels[first : last + 1])
        path[0], path[-1] = levels[max(first - 2, 0)], levels[min(last + 1, len(levels) - 1)]
    return _distinct(path)


_PLACES = np.linspace(0, 1, len(STEPS))


def _distinct(levels: np.ndarray) -> list[float]:
    """The exponentials of falling numbers, with three digits, each once."""
    rounded = [float(f"{value:.3g}") for value in np.exp(levels)]
    if len(set(rounded)) < len(rounded):
        between = np.linspace(levels.max(), min(levels.min(), levels.max() - 0.5), len(levels))
        rounded = [float(f"{value:.3g}") for value in np.exp(between)]
    return rounded


def _shares() -> list[float]:
    """λ of pruning is the share of the weights that goes, so that its path is known."""
    return [float(f"{1 - step:.3g}") for step in (0.01, *STEPS[1:-1], NEARLY_ALL)]


def _bracket(project: Project, examples: Examples) -> list[float]:
    most = loss_without_weights(project, examples.training()) / 2
    return [float(f"{most * 10 ** (-place / 3):.3g}") for place in range(BRACKET)]


def loss_without_weights(project: Project, training: Examples) -> float:
    """The loss of a network whose weights are all 0, as its penalties are weighed against it.

    It is the sum over outputs of the variance, or the entropy of the classes in nats. A stack is
    first trained to rebuild its inputs, whose loss is the sum of their variances; the larger of
    the two counts.
    """
    rebuilt = float(variance_of(training.inputs, training.weights).sum())
    if not project.predicts:
        return rebuilt
    predicted = float(variance_of(training.targets, training.weights).sum())
    if project.training.loss == "cross_entropy":
        shares = mean_of(training.targets, training.weights).clamp_min(1e-12)
        predicted = float(-(shares * shares.log()).sum())
    return max(rebuilt, predicted)


def _pilot(project: Project, weights: Mapping[str, Sequence[float]]) -> Project:
    """One seed of a project, without what is done to trained networks or judges them."""
    fields = _with_weights(project, weights).model_dump()
    fields["training"] |= {
        "seeds": project.training.seeds[:1],
        "resample": False,
        "refit": False,
    }
    fields["evaluation"] |= {"folds": 0, "validation": 0.0, "test": 0.0, "holdout": 0.0}
    fields["evaluation"] |= {"group": None, "time": None}
    fields["report"]["structures"] = {}
    fields["search"] = {}
    return Project(**fields)


def _with_weights(project: Project, weights: Mapping[str, Sequence[float]]) -> Project:
    settings = project.regularizers
    groups: dict[str, Group] = {
        name: group.model_copy(update={"l1_weights": tuple(weights[name])})
        if name in weights
        else group
        for name, group in settings.groups.items()
    }
    changed = settings.model_copy(update={"groups": groups})
    return project.model_copy(update={"regularizers": changed})


def _with_epochs(project: Project, epochs: tuple[int, int] | None) -> Project:
    if epochs is None:
        return project
    training = project.training
    values: dict[str, int] = {}
    if training.epochs == "auto":
        values["epochs"] = epochs[0]
    if training.fine_tune_epochs == "auto":
        values["fine_tune_epochs"] = epochs[1]
    return project.model_copy(update={"training": training.model_copy(update=values)})


def _curves(
    trained: TrainedPopulation, groups: Sequence[str], pilot: Project, part: Examples
) -> dict[str, tuple[list[float], list[float]]]:
    units = pilot.layers(part.inputs.shape[1], part.outputs)
    total = units[0] if pilot.task == "pca" else int(np.dot(units[:-1], units[1:]))
    shares = trained.connections / total
    curves = {}
    for group in groups:
        places = [n for n, one in enumerate(trained.replicas) if one.group == group]
        known = [place for place in places if np.isfinite(shares[place])] or places
        weights = [trained.replicas[place].strengths["l1_weight"] for place in known]
        # Where every network of the pilot has failed there is nothing to go by but the bracket.
        curves[group] = weights, np.nan_to_num(shares[known]).tolist()
    return curves
