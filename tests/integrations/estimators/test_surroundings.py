"""What a process has set, and what a fit leaves of it."""

import logging
import os
import signal
import subprocess
import sys
import warnings
from contextlib import contextmanager
from functools import cache, partial

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import sklearn
import torch

import sparse_lightning as sl

ROWS = np.random.default_rng(0).normal(size=(60, 4))
LABELS = (ROWS[:, 0] > 0).astype(int)
SHORT = {"n_seeds": 2, "epochs": 3, "accelerator": "cpu"}

ESTIMATORS = {
    "classifier": partial(sl.SparseClassifier, 3, **SHORT),
    "autoencoder": partial(
        sl.SparseAutoencoder, (3, 2), regularizer="sL1+KL", fine_tune_epochs=2, **SHORT
    ),
    "gates": partial(sl.SparseAutoencoder, 2, regularizer="L0", **SHORT),
    "components": partial(sl.SparsePCA, 2, **SHORT),
}


def outputs(name, random_state: int | None = 0):
    fitted = ESTIMATORS[name](random_state=random_state).fit(ROWS, LABELS)
    return fitted.predict_proba(ROWS) if name == "classifier" else fitted.transform(ROWS)


@cache
def usual(name):
    """What an estimator gives where nothing is set."""
    return outputs(name)


@contextmanager
def float64_by_default():
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


SURROUNDINGS = {
    "the default dtype float64": float64_by_default,
    "another default device": lambda: torch.device("meta"),
    "no gradients": torch.no_grad,
    "inference": torch.inference_mode,
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "anomaly detection": lambda: torch.autograd.set_detect_anomaly(True),
    "numpy's errors": lambda: np.errstate(all="raise"),
    "scikit-learn's own checks": lambda: sklearn.config_context(assume_finite=True),
}


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name == "autoencoder" else [pytest.mark.long])
        for name in ESTIMATORS
    ],
)
@pytest.mark.filterwarnings("ignore:Anomaly Detection has been enabled")
def test_a_fit_is_the_same_to_the_last_bit_whatever_the_process_has_set(name, surroundings):
    expected = usual(name)
    with SURROUNDINGS[surroundings]():
        found = outputs(name)
    np.testing.assert_array_equal(found, expected)


def settings():
    """All that a library can set for its whole process, as far as one can ask for it.

    But for Python's generator, from which the checks of shapes and types draw in tests.
    """
    return {
        "torch's generator": torch.get_rng_state().tolist(),
        "numpy's generator": repr(np.random.get_state()),  # noqa: NPY002
        "dtype": torch.get_default_dtype(),
        "device": torch.get_default_device(),
        "gradients": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "deterministic": (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
            torch.backends.cudnn.benchmark,
            torch.backends.cudnn.deterministic,
        ),
        "anomaly": torch.is_anomaly_enabled(),
        "precision": torch.get_float32_matmul_precision(),
        "threads": (torch.get_num_threads(), torch.get_num_interop_threads()),
        "numpy's errors": np.geterr(),
        "warnings": (list(warnings.filters), warnings.showwarning, warnings.formatwarning),
        "matplotlib": (dict(mpl.rcParams), mpl.get_backend(auto_select=False)),
        "logging": (logging.root.level, list(logging.root.handlers), logging.root.disabled),
        "Lightning's logging": logging.getLogger("pytorch_lightning").level,
        "signals": [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)],
        "streams": (sys.stdout, sys.stderr, sys.excepthook),
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "scikit-learn": sklearn.get_config(),
        "pandas": [pd.get_option(name) for name in ("display.max_rows", "display.precision")],
    }


def changed(before, after):
    return [name for name, value in before.items() if after[name] != value]


@pytest.mark.parametrize("random_state", [0, None])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_fit_leaves_the_whole_process_as_it_was(name, random_state):
    usual(name)  # imports what it needs
    before = settings()
    outputs(name, random_state)
    assert changed(before, settings()) == []


@pytest.mark.parametrize("flags", [{}, {"warn_only": True}])
def test_a_fit_leaves_the_wish_for_deterministic_algorithms(flags):
    torch.use_deterministic_algorithms(True, **flags)
    try:
        before = settings()
        outputs("classifier")
        assert changed(before, settings()) == []
    finally:
        torch.use_deterministic_algorithms(False)


def test_reading_a_network_leaves_the_process_as_it_was(tmp_path):
    fitted = ESTIMATORS["autoencoder"](random_state=0).fit(ROWS)
    frame = pd.DataFrame(ROWS, columns=fitted.network_.encoding.columns)
    before = settings()
    fitted.network_.describe(frame)
    fitted.network_.reconstruct(frame)
    fitted.network_.attributions(frame)
    fitted.network_.draw(tmp_path / "network.svg")
    fitted.network_.draw(tmp_path / "network.html")
    assert changed(before, settings()) == []


def test_autocast_does_not_round_what_a_network_says():
    network = ESTIMATORS["classifier"](random_state=0).fit(ROWS, LABELS).network_
    frame = pd.DataFrame(ROWS, columns=network.encoding.columns)
    expected = network.classify(frame)
    with torch.autocast("cpu", dtype=torch.bfloat16), float64_by_default():
        pd.testing.assert_frame_equal(network.classify(frame), expected)


def test_without_a_random_state_two_fits_differ_whatever_numpy_was_seeded_with():
    found = []
    for _ in range(2):
        np.random.seed(0)  # noqa: NPY002
        found.append(outputs("components", random_state=None))
    assert not np.array_equal(*found)


FIRST_FIT = """
import random, warnings, logging, os
import numpy as np, torch
torch.set_default_dtype(torch.float64)
import sparse_lightning as sl
short = {"epochs": 2, "n_seeds": 1, "accelerator": "cpu"}
models = sl.SparseAutoencoder(2, **short), sl.SparsePCA(2, **short), sl.SparseClassifier(2, **short)
states = lambda: (torch.get_rng_state().tolist(), repr(np.random.get_state()),
                  random.getstate(), list(warnings.filters), logging.root.level,
                  torch.get_default_dtype(), dict(os.environ))
before = states()
rows = np.random.default_rng(0).normal(size=(20, 3))
for model in models:
    model.fit(rows, rows[:, 0] > 0)
    assert states() == before, model
"""


@pytest.mark.long
@pytest.mark.slow
def test_the_first_fit_of_a_process_with_float64_by_default():
    subprocess.run([sys.executable, "-c", FIRST_FIT], check=True, timeout=120)
