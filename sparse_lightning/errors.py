"""The errors that this package raises on purpose.

Every message names the thing the user wrote (file, field, column, row), what was expected and how
to mend it. The command line turns an `InputError` into exit status 2 and every other
`SparseLightningError` into exit status 1.
"""

from numbers import Real
from types import UnionType

from sparse_lightning.secrets import without_secrets


def kind_of(value: object) -> str:
    """What a message calls a value of the wrong type: `the text 'a'`, or its type's name."""
    if isinstance(value, str):
        return f"the text {without_secrets(value)!r:.60}"  # cut, an address is none any more
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    return f"an object of type {type(value).__name__}"


def check_type(value: object, kind: type | UnionType, name: str, wanted: str) -> None:
    """Raise an InputError for a value of another type, `NAME must be WANTED, got …`."""
    if not isinstance(value, kind):
        raise InputError(f"{name} must be {wanted}, got {kind_of(value)}")


class SparseLightningError(Exception):
    """Base of every error that this package raises on purpose; a job failed (exit status 1).

    Its message is without passwords, whoever has put what into it.
    """

    exit_status = 1

    def __init__(self, *args: object):
        super().__init__(*(without_secrets(one) if isinstance(one, str) else one for one in args))


class InputError(SparseLightningError):
    """What the user gave cannot be used: a wrong option, file or value (exit status 2)."""

    exit_status = 2


class ProjectError(InputError):
    """A project file, or a value in it, is wrong."""


class TableError(InputError):
    """A table cannot be used as it is: unreadable, missing values, constant columns."""


class TableWarning(UserWarning):
    """A table can be used, and holds what may not have been meant."""


class RegularizerError(InputError):
    """A regularizer does not fit the module, the optimizer or the strengths it was given."""


class EstimatorError(InputError, ValueError):
    """An estimator's parameter or data is wrong; a `ValueError`, as scikit-learn wants it."""


class TrackingError(SparseLightningError):
    """The tracking store cannot be reached, or does not hold what was asked for."""


class DamagedError(TrackingError):
    """What the store holds in some place is not what this package writes there."""


class UnfinishedError(TrackingError):
    """The tracking store does not take what was trained; the same command again finishes it."""

    located = False
    """Whether the message says where the job is kept."""

    def kept_in(self, folder: object, unwritten: str = "") -> "UnfinishedError":
        """The same error, which also says where the job is kept and how it goes on.

        `unwritten` says why not all of it could be kept there, "" where all is.
        """
        if self.located:
            return self
        place = f"{self}; what was trained is kept in {folder}"
        if unwritten:
            place += f" as far as it could be written ({unwritten})"
        error = UnfinishedError(
            f"{place}, and the same command again goes on without training it again"
        )
        error.located = True
        return error


class ReportError(SparseLightningError):
    """A report cannot be written."""


class TrainingError(SparseLightningError):
    """A fit could not be carried out."""


class CheckpointError(InputError):
    """What is kept of an unfinished study cannot be used: it is torn, or of other settings."""


class StudyInUseError(InputError):
    """Another process is at work on the same study."""


class ClusterError(SparseLightningError):
    """Training on several processes or machines cannot go on: no scheduler, or no workers."""


class SearchError(SparseLightningError):
    """A search cannot go on: its storage cannot be reached, or a package is not installed."""


def check_number(value: object, name: str, error: type[InputError] = InputError) -> None:
    """Raise an `error` for what is no number; text and switches are none."""
    number = isinstance(value, Real) or (hasattr(value, "__float__") and hasattr(value, "item"))
    if not number or isinstance(value, bool):
        raise error(f"{name} must be a number, got {kind_of(value)}")
