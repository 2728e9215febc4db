"""Shapes and types are checked while testing, and hypothesis draws the same examples every time.

`pytest --hypothesis-profile nightly`, as `make fuzz` calls it, draws others each time, and more.
"""

import signal

import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile(
    "nightly",
    max_examples=10_000,
    deadline=None,
    derandomize=False,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("repeatable")

# In effect for what is imported from here on. Beartype knows no `Self` of single methods, hence the
# choice: where tensors have shapes.
CHECKED = ("data.loading", "nn", "penalties", "training")
install_import_hook([f"sparse_lightning.{name}" for name in CHECKED], "beartype.beartype")

# A shell has what it starts in the background ignore Ctrl-C, and so would what tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The whole jobs and the database that several tests look at.
pytest_plugins = ["first_steps", "postgres", "quick", "served", "studies", "wine_autoencoder"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--soak",
        type=int,
        default=1,
        metavar="N",
        help="repeat the tests of faults N times as often (`make soak`)",
    )


@pytest.fixture(scope="session")
def soak(pytestconfig: pytest.Config) -> int:
    """How many times as often as usual the tests of faults are to repeat what they do."""
    return pytestconfig.getoption("--soak")
