"""What writes a job into a run of its own."""

from abc import ABC, abstractmethod
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from sparse_lightning.tracking.opened import OpenedRun


class JobWriter(ABC):
    """What writes a job into a run of its own; a context manager that ends the run in any case.

    Args:
        run: the run of the job.
    """

    def __init__(self, run: OpenedRun):
        self._run = run
        self._open = ExitStack()

    @property
    def run(self) -> OpenedRun:
        """The job's run."""
        return self._run

    @property
    def run_id(self) -> str:
        """The id of the job's run."""
        return self._run.run_id

    def __enter__(self) -> Self:
        # Python calls __exit__ only for what has been entered: a failure in here ends the run too.
        with ExitStack() as stack:
            stack.enter_context(self._run)
            self._begin(stack)
            self._open = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.__exit__(kind, error, trace)

    @abstractmethod
    def _begin(self, stack: ExitStack) -> None:
        """Describe the job; what is entered into the stack ends before the run does."""
