"""Optuna's samplers and pruner by the names that project files have for them."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import optuna
from optuna import samplers
from optuna.pruners import BasePruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler

from sparse_lightning.errors import SearchError
from sparse_lightning.project import SearchSettings

_SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {
    # Trials in flight count as bad ones, so that those of a batch lie apart.
    "tpe": lambda seed: samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True),
    "cmaes": lambda seed: samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False),
    "gp": lambda seed: samplers.GPSampler(seed=seed, warn_independent_sampling=False),
    "nsga2": lambda seed: samplers.NSGAIISampler(seed=seed),
    "nsga3": lambda seed: samplers.NSGAIIISampler(seed=seed),
    "random": lambda seed: samplers.RandomSampler(seed=seed),
}


def sampler_of(settings: SearchSettings, position: int) -> BaseSampler:
    """The sampler that proposes the trial at a position of the budget, counted from 0; a
    `SearchError` where it needs a package that is not installed.

    Its random numbers depend on the seed and on the position alone, so that a search that was
    interrupted goes on with the numbers that it would have drawn, and not from the start again.
    """
    if settings.sampler == "qmc":
        # It keeps its place in the sequence in the storage; another seed is another sequence.
        return samplers.QMCSampler(
            scramble=True,
            seed=settings.seed,
            independent_sampler=samplers.RandomSampler(settings.seed),
            warn_asynchronous_seeding=False,
            warn_independent_sampling=False,
        )
    if settings.sampler == "cmaes":
        try:
            import cmaes  # noqa: F401 # pyright: ignore[reportMissingImports]
        except ImportError as error:
            raise SearchError(
                "search.sampler cmaes needs a package that is not installed: pip install cmaes"
            ) from error
    state = np.random.SeedSequence([settings.seed, position]).generate_state(1)[0]
    return _SAMPLERS[settings.sampler](int(state))


def pruner_of(settings: SearchSettings) -> BasePruner:
    """The pruner of a search: the median of the trials before, or none."""
    return MedianPruner(n_startup_trials=settings.batch) if settings.pruning else NopPruner()


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Hide Optuna's messages on every trial, and its warnings on what it may change one day."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            # That small values are the good ones is what we want of every measure.
            warnings.filterwarnings("ignore", message="PedAnovaImportanceEvaluator computes")
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)
