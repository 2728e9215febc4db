"""`python -m sparse_lightning.cli`."""

from sparse_lightning.cli import main

main()
