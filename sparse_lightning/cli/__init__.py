"""The command line, `sparse-lightning …`; every MLproject entry point is one of its commands.

Heavy imports happen inside the commands, so that `--help` answers at once.
"""

from sparse_lightning.cli import (
    exporting,
    packaged,
    reporting,
    searching,
    studies,
)
from sparse_lightning.cli.main import main

__all__ = [
    "exporting",
    "main",
    "packaged",
    "reporting",
    "searching",
    "studies",
]
