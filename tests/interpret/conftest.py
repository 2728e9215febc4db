import numpy as np
import pytest


def layered(*weights):
    """The weights of a network, each `(output, input)`, in double precision."""
    return [np.array(weight, dtype=np.float64) for weight in weights]


@pytest.fixture(scope="session", name="layered")
def layered_fixture():
    return layered


@pytest.fixture(scope="session")
def textbook():
    """A 6-5-6 autoencoder with a code of each kind; variables a to f.

    Code 1 keeps a alone; code 2 keeps b and c, b more; code 3 is fed by d and rebuilds d and e;
    code 4 rebuilds e, but nothing feeds it; code 5 is fed by d and reaches no output. f is ignored.
    """
    encoder = [
        [2.0, 0, 0, 0, 0, 0],
        [0, -3.0, 2.0, 0, 0, 0],
        [0, 0, 0, 1.5, 0, 0.001],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 1.0, 0, 0],
    ]
    decoder = [
        [1.0, 0, 0, 0, 0],
        [0, 2.0, 0, 0, 0],
        [0, -1.0, 0, 0, 0],
        [0, 0, 1.0, 0, 0],
        [0, 0, 0.9, 0.7, 0],
        [0, 0, 0, 0, 0],
    ]
    return layered(encoder, decoder)
