"""Training on several devices of this machine, a process for each."""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.queues import Queue
from typing import Any, TypeVar

import torch

from sparse_lightning.errors import TrainingError
from sparse_lightning.project import Project
from sparse_lightning.training.processes import Processes
from sparse_lightning.training.progress import Progress

T = TypeVar("T")


class Devices:
    """The devices of this machine that train parts side by side.

    Args:
        project: with `training.devices` and `training.accelerator`.

    Attributes:
        workers: how many devices there are.

    Raises:
        TrainingError: this machine has fewer.
    """

    def __init__(self, project: Project):
        self.workers = project.training.devices
        accelerator = project.training.accelerator
        self.gpu = accelerator in ("gpu", "cuda") or (
            accelerator == "auto" and torch.cuda.is_available()
        )
        available = torch.cuda.device_count() if self.gpu else os.cpu_count() or 1
        if accelerator == "mps":
            available = 1
        if self.workers > available:
            kind = f"training.accelerator {accelerator}"
            raise TrainingError(
                f"training.devices must be at most {available}, what this machine has for {kind}, "
                f"got {self.workers}"
            )

    def run(
        self,
        part: Callable[..., T],
        arguments: Sequence[Sequence[Any]],
        progress: Progress,
        arrived: Callable[[T], None] | None = None,
    ) -> list[T]:
        """The results of a function for each of many arguments, in their order.

        Args:
            part: a function of a module that a new process can import.
            arguments: of each call.
            progress: told of each part that is done, as if it were an epoch.
            arrived: is given each result in the order of the arguments.

        Raises:
            TrainingError: a process died.
            SparseLightningError: a part failed; no other part goes on.
        """
        numbers: Queue[int] = multiprocessing.get_context("spawn").Queue()
        for number in range(self.workers):
            numbers.put(number)
        threads = max(1, torch.get_num_threads() // self.workers)
        results = []
        try:
            with Processes(self.workers, threads, _take_device, (numbers, self.gpu)) as processes:
                futures = [processes.submit(part, *values) for values in arguments]
                for future in futures:
                    results.append(future.result())
                    if arrived is not None:
                        arrived(results[-1])
                    progress.advance()
        except BrokenProcessPool as error:
            raise TrainingError(
                f"training.devices {self.workers}: a process that trained a part has died: {error}"
            ) from error
        return results


def visible_device(number: int, visible: str | None) -> str:
    """What `CUDA_VISIBLE_DEVICES` is for the process with this number.

    Args:
        number: from 0.
        visible: what it is for all of them; None: every device is visible.
    """
    return str(number) if visible is None else visible.split(",")[number].strip()


def _take_device(numbers: "Queue[int]", gpu: bool) -> None:
    """In a new process, before it has asked for a device: see one alone."""
    number = numbers.get()
    if gpu:
        os.environ["CUDA_VISIBLE_DEVICES"] = visible_device(
            number, os.environ.get("CUDA_VISIBLE_DEVICES")
        )
