"""The search for each group's own best strengths: Optuna proposes, a population is trained.

Optuna comes with the extra `scale`; without it, importing this package says what to install.
"""

from sparse_lightning.errors import SearchError

try:
    import optuna  # noqa: F401 - only whether it is there
except ImportError as error:
    raise SearchError(
        "a search needs Optuna, which is not installed: pip install 'sparse-lightning[scale]'"
    ) from error
