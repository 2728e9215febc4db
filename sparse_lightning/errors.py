"""The errors that this package raises on purpose.

Every message names the thing the user wrote (file, field, column, row), what was expected and how
to mend it. The command line turns an `InputError` into exit status 2 and every other
`SparseLightningError` into exit status 1.
"""


class SparseLightningError(Exception):
    """Base of every error that this package raises on purpose; a job failed (exit status 1)."""

    exit_status = 1


class InputError(SparseLightningError):
    """What the user gave cannot be used: a wrong option, file or value (exit status 2)."""

    exit_status = 2


class ProjectError(InputError):
    """A project file, or a value in it, is wrong."""


class TableError(InputError):
    """A table cannot be used as it is: unreadable, missing values, constant columns."""


class RegularizerError(InputError):
    """A regularizer does not fit the module, the optimizer or the strengths it was given."""


class EstimatorError(InputError, ValueError):
    """An estimator's parameter or data is wrong; a `ValueError`, as scikit-learn wants it."""


class TrackingError(SparseLightningError):
    """The tracking store cannot be reached, or does not hold what was asked for."""


class UndeliveredError(TrackingError):
    """The tracking store does not take what a job has made; it is kept on disk to be delivered."""


class ReportError(SparseLightningError):
    """A report cannot be written."""


class TrainingError(SparseLightningError):
    """A fit could not be carried out."""


class ClusterError(SparseLightningError):
    """Training on several processes or machines cannot go on: no scheduler, or no workers."""


class SearchError(SparseLightningError):
    """A search cannot go on: its storage cannot be reached, or a package is not installed."""
