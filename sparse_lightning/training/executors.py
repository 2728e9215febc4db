"""Parts that are trained side by side, by the executors of `concurrent.futures`."""

import logging
import multiprocessing
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from multiprocessing.queues import Queue
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

import torch

from sparse_lightning.address import Address
from sparse_lightning.errors import ClusterError, TrainingError
from sparse_lightning.project import Project
from sparse_lightning.secrets import cleaned, keep_secret, without_secrets
from sparse_lightning.training.processes import Processes
from sparse_lightning.training.progress import Progress

if TYPE_CHECKING:
    from distributed import Client

PATIENCE = 20
"""In seconds: how long a scheduler may take to answer."""

GPU = "GPU"
"""The resource that workers with a GPU are started with: `dask worker --resources GPU=1`."""

MOST_WAITING = 64
"""So many calls are waited for at a time; Dask itself has all of them."""

P = ParamSpec("P")
T = TypeVar("T")


class Workers(ABC):
    """Whatever trains parts side by side: an executor and the number of its workers.

    Only the process that asks writes to a tracking store or a study's storage, so that a worker
    that is killed leaves nothing half-written.

    Attributes:
        title: the plural noun for messages.
    """

    title = "workers"

    @property
    @abstractmethod
    def workers(self) -> int:
        """How many parts are trained at the same time."""

    @abstractmethod
    def executor(self) -> AbstractContextManager[Executor]:
        """An executor, as a context that ends what is at work when it is left by an error.

        Raises:
            SparseLightningError: the workers died.
        """

    def run(
        self,
        function: Callable[..., T],
        arguments: Sequence[Sequence[Any]],
        progress: Progress,
        arrived: Callable[[T], None] | None = None,
    ) -> list[T]:
        """The results of a function for each of many arguments, in their order.

        The function must be one that another process can import. The progress advances with each
        result, which `arrived` gets as soon as there is one.

        Raises:
            SparseLightningError: the workers died, or a part failed; no other part goes on.
        """
        with self.executor() as executor:
            futures = [executor.submit(function, *values) for values in arguments]
            for future in as_completed(futures):
                result = future.result()
                if arrived is not None:
                    arrived(result)
                progress.advance()
            return [future.result() for future in futures]


class Devices(Workers):
    """The devices of this machine, a process for each.

    Raises:
        TrainingError: this machine has fewer than `training.devices`.
    """

    title = "devices"

    def __init__(self, project: Project):
        self._count = project.training.devices
        accelerator = project.training.accelerator
        self.gpu = accelerator in ("gpu", "cuda") or (
            accelerator == "auto" and torch.cuda.is_available()
        )
        available = torch.cuda.device_count() if self.gpu else os.cpu_count() or 1
        if accelerator == "mps":
            available = 1
        if self._count > available:
            kind = f"training.accelerator {accelerator}"
            raise TrainingError(
                f"training.devices must be at most {available}, what this machine has for {kind}, "
                f"got {self._count}"
            )

    @property
    def workers(self) -> int:
        return self._count

    @contextmanager
    def executor(self) -> Iterator[Executor]:
        numbers: Queue[int] = multiprocessing.get_context("spawn").Queue()
        for number in range(self._count):
            numbers.put(number)
        threads = max(1, torch.get_num_threads() // self._count)
        try:
            with Processes(self._count, threads, _take_device, (numbers, self.gpu)) as processes:
                yield processes
        except BrokenProcessPool as error:
            raise TrainingError(
                f"training.devices {self._count}: a process that trained a part has died: {error}"
            ) from error


def visible_device(number: int, visible: str | None) -> str:
    """`CUDA_VISIBLE_DEVICES` of the process with this number, counted from 0.

    `visible` is the variable of the parent process; None: every device is visible.
    """
    return str(number) if visible is None else visible.split(",")[number].strip()


def _take_device(numbers: "Queue[int]", gpu: bool) -> None:
    """In a new process, before it has asked for a device: see one alone."""
    number = numbers.get()
    if gpu:
        os.environ["CUDA_VISIBLE_DEVICES"] = visible_device(
            number, os.environ.get("CUDA_VISIBLE_DEVICES")
        )


class Cluster(Workers):
    """Workers of Dask.

    A part whose worker dies is given to another one; Dask gives it up after three deaths.

    Args:
        client: a connection to the scheduler.
        name: the option that the user gave, for messages.
    """

    def __init__(self, client: "Client", name: str):
        self._client = client
        self._name = name

    @property
    def workers(self) -> int:
        """How many workers there are now; where some have a GPU, only those get parts.

        Raises:
            ClusterError: there is none.
        """
        described = self._described()
        count = sum(map(_has_gpu, described)) or len(described)
        if not count:
            raise ClusterError(f"{self._name}: has no workers")
        return count

    @contextmanager
    def executor(self) -> Iterator[Executor]:
        from distributed import KilledWorker

        resources = {GPU: 1} if any(map(_has_gpu, self._described())) else None
        try:
            with _DaskExecutor(self._client, resources) as executor:
                yield executor
        except KilledWorker as error:
            raise ClusterError(
                f"{self._name}: the workers were lost, one after the other, at the same part: "
                f"{without_secrets(str(error))}"
            ) from cleaned(error)

    def _described(self) -> list[dict[str, Any]]:
        found = cast(dict, self._client.scheduler_info(n_workers=-1))["workers"]
        return list(found.values())


class _DaskExecutor(ThreadPoolExecutor):
    """An executor whose calls Dask's workers make, while threads of this process wait for them.

    `Client.get_executor` never ends a call whose worker dies again and again (distributed 2026.8).
    """

    def __init__(self, client: "Client", resources: dict[str, Any] | None):
        super().__init__(MOST_WAITING)
        self._client = client
        self._resources = resources
        self._calls: list[Any] = []

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        # Not pure: what is trained is large, and a hash of it would be of no use.
        call = self._client.submit(fn, *args, **kwargs, pure=False, resources=self._resources)
        self._calls.append(call)
        return super().submit(call.result)

    def __exit__(self, *error: Any) -> None:
        self._client.cancel(self._calls)  # where all are done, that only frees the workers' memory
        self.shutdown(cancel_futures=True)


def _has_gpu(worker: dict[str, Any]) -> bool:
    return bool(worker.get("resources", {}).get(GPU))


@contextmanager
def cluster_of(workers: int | None, scheduler: str | None) -> Iterator[Cluster | None]:
    """So many processes on this machine, the workers of a Dask scheduler, or None where both are.

    Args:
        workers: how many processes are started on this machine.
        scheduler: the address of a Dask scheduler, `tcp://…`.

    Raises:
        ClusterError: Dask is not installed, or the scheduler does not answer.
    """
    if workers is None and scheduler is None:
        yield None
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterError(
            "--workers and --scheduler need Dask, which is not installed: "
            "pip install 'sparse-lightning[scale]'"
        ) from error
    settings = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
    address = None if scheduler is None else keep_secret(Address(scheduler))
    try:
        if address is None:
            # What fails is raised here; Dask would print it too, and every worker that is ended.
            client = Client(**settings, silence_logs=logging.CRITICAL)
        else:
            client = Client(address.revealed(), timeout=PATIENCE)
    except (OSError, ValueError) as error:
        message = f"--scheduler {address}: does not answer: {without_secrets(str(error))}"
        raise ClusterError(message) from cleaned(error)
    with client:
        name = f"--workers {workers}" if address is None else f"--scheduler {address}"
        yield Cluster(client, name)
