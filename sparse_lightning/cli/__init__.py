"""The command line, `sparse-lightning …`; every MLproject entry point is one of its commands.

Heavy imports happen inside the commands, so that `--help` answers at once.
"""

from sparse_lightning.cli import (
    checking,
    exporting,
    packaged,
    reporting,
    searching,
    studies,
)
from sparse_lightning.cli.main import main

__all__ = [
    "checking",
    "exporting",
    "main",
    "packaged",
    "reporting",
    "searching",
    "studies",
]
