"""Attributions: how much of what a network says of a row is owed to each variable, by Captum."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, get_args

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor, nn

from sparse_lightning.errors import InputError
from sparse_lightning.interpret.structure import Groups
from sparse_lightning.nn.surroundings import usual_torch

Method = Literal["integrated_gradients", "gradient_shap", "shapley_sampling"]

SEED = 18114870
"""The seed of the methods that draw; any number will do, as long as it stays."""

EXTRA = "Captum is not installed; pip install 'sparse-lightning[attribution]'"


def attributions(
    model: nn.Module,
    rows: Float[np.ndarray, "row input"],
    groups: Groups,
    output_names: Sequence[str],
    method: Method = "integrated_gradients",
) -> pd.DataFrame:
    """The mean over the rows of the size of each variable's attribution to each output.

    An attribution says how much of output(row) − output(mean row) is owed to a variable; that of a
    variable of several inputs is the sum over them.

        integrated_gradients   Sundararajan, Taly and Yan 2017, from the mean row
        gradient_shap          Lundberg and Lee 2017: expected gradients, from the rows themselves
        shapley_sampling       Štrumbelj and Kononenko 2014: Shapley values from drawn orders of the
                               variables, which are at their means before their turn

    Args:
        model: the module, from the rows to the outputs.
        rows: the network's inputs.
        groups: the variables and their inputs.
        output_names: the names of the outputs.
        method: one of those above. The same arguments give the same numbers, also where it draws.

    Returns:
        `(output, variable)`.

    Raises:
        InputError: the method is unknown, no two rows differ, or Captum is not installed.
    """
    if method not in get_args(Method):
        raise InputError(f"method must be one of {', '.join(get_args(Method))}, got {method!r}")
    if not len(rows):
        raise InputError("there are no rows, so there is nothing to attribute")
    if (rows == rows[:1]).all():
        raise InputError(
            "attributions are counted from the mean row, so at least 2 rows must differ, got "
            f"{'1 row' if len(rows) == 1 else f'{len(rows)} equal rows'}"
        )
    inputs = torch.from_numpy(np.ascontiguousarray(rows))
    with _repeatable():
        sizes = [
            _by_variable(_attributed(model, inputs, groups, output, method), groups, method)
            for output in range(len(output_names))
        ]
    return pd.DataFrame(
        np.stack(sizes),
        index=pd.Index(output_names, name="output"),
        columns=pd.Index([name for name, _ in groups], name="variable"),
    )


def is_installed() -> bool:
    """Whether Captum can be imported."""
    from importlib.util import find_spec

    return find_spec("captum") is not None


def _attributed(
    model: nn.Module, inputs: Tensor, groups: Groups, output: int, method: Method
) -> Tensor:
    try:
        from captum.attr import GradientShap, IntegratedGradients, ShapleyValueSampling
    except ImportError as error:
        raise InputError(EXTRA) from error
    mean = inputs.mean(0, keepdim=True)

    def of_all_rows(rows: Tensor) -> Tensor:
        """Σ over rows of the output, whose gradient by a row is that of the row's own output.

        Of an output for each row Captum asks for as many gradients, one by one.
        """
        return model(rows)[:, output].sum().unsqueeze(0)

    if method == "integrated_gradients":
        return IntegratedGradients(of_all_rows).attribute(inputs, mean)
    if method == "gradient_shap":
        return GradientShap(of_all_rows).attribute(inputs, inputs, n_samples=50)
    mask = torch.empty(1, inputs.shape[1], dtype=torch.long)
    for place, (_, part) in enumerate(groups):
        mask[:, part] = place
    return ShapleyValueSampling(model).attribute(
        inputs, mean, target=output, feature_mask=mask, perturbations_per_eval=1
    )


def _by_variable(
    attributed: Tensor, groups: Groups, method: Method
) -> Float[np.ndarray, " variable"]:
    values = attributed.detach().numpy().astype(float)
    parts = [values[:, part] for _, part in groups]
    # Shapley sampling gives each input of a variable what the whole variable has.
    shared = method == "shapley_sampling"
    columns = [part.mean(axis=1) if shared else part.sum(axis=1) for part in parts]
    return np.abs(np.stack(columns, axis=1)).mean(axis=0)


@contextmanager
def _repeatable() -> Iterator[None]:
    """Captum draws from numpy's and torch's own generators, and advises those who call it."""
    state = np.random.get_state()  # noqa: NPY002
    with usual_torch(), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.random.seed(SEED)  # noqa: NPY002
        torch.manual_seed(SEED)
        try:
            yield
        finally:
            np.random.set_state(state)  # noqa: NPY002
