"""Training on several processes or machines, by Dask."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sparse_lightning.address import Address
from sparse_lightning.data.examples import Examples
from sparse_lightning.errors import ClusterError
from sparse_lightning.project import Project
from sparse_lightning.project.search import SearchSettings
from sparse_lightning.secrets import cleaned, keep_secret, without_secrets
from sparse_lightning.training.checkpoints import (
    CarriedCheckpoints,
    Checkpoints,
    NoCheckpoints,
    State,
)
from sparse_lightning.training.devices import Devices
from sparse_lightning.training.grid import joined, parts_of
from sparse_lightning.training.progress import Progress, SilentProgress
from sparse_lightning.training.result import TrainedPopulation
from sparse_lightning.training.tasks import train

if TYPE_CHECKING:
    from distributed import Client

PATIENCE = 20
"""In seconds: how long a scheduler may take to answer."""

GPU = "GPU"
"""The resource that workers with a GPU are started with: `dask worker --resources GPU=1`."""

T = TypeVar("T")


class Cluster:
    """Workers that train parts side by side.

    A part whose worker dies is given to another one; Dask gives it up after three deaths. Only the
    process that asked writes to a tracking store or a study's storage, so that a worker that is
    killed leaves nothing half-written.

    Args:
        client: of the scheduler.
        name: of the option that the user gave, for messages.
    """

    def __init__(self, client: "Client", name: str):
        self._client = client
        self._name = name

    @property
    def workers(self) -> int:
        """How many workers there are now; where some have a GPU, only those get parts.

        Raises:
            ClusterError: none.
        """
        described = self._described()
        gpus = sum(map(_has_gpu, described))
        count = gpus or len(described)
        if not count:
            raise ClusterError(f"{self._name}: has no workers")
        return count

    def run(
        self,
        part: Callable[..., T],
        arguments: Sequence[Sequence[Any]],
        progress: Progress,
        arrived: Callable[[T], None] | None = None,
    ) -> list[T]:
        """The results of a function for each of many arguments, in their order.

        Args:
            part: a function of a module that the workers can import.
            arguments: of each call.
            progress: told of each part that is done, as if it were an epoch.
            arrived: is given each result as soon as there is one.

        Raises:
            ClusterError: the workers were lost.
            SparseLightningError: a part failed; no other part goes on.
        """
        from distributed import KilledWorker, as_completed

        resources = {GPU: 1} if any(map(_has_gpu, self._described())) else None
        # Not pure: what is trained is large, and a hash of it would be of no use.
        futures = [
            self._client.submit(part, *values, pure=False, resources=resources)
            for values in arguments
        ]
        try:
            for future in as_completed(futures):
                result = future.result()
                if arrived is not None:
                    arrived(result)
                progress.advance()
            return [future.result() for future in futures]
        except KilledWorker as error:
            raise ClusterError(
                f"{self._name}: the workers were lost, one after the other, at the same part: "
                f"{without_secrets(str(error))}"
            ) from cleaned(error)
        finally:
            self._client.cancel(futures)

    def _described(self) -> list[dict[str, Any]]:
        found = cast(dict, self._client.scheduler_info(n_workers=-1))["workers"]
        return list(found.values())


def _has_gpu(worker: dict[str, Any]) -> bool:
    return bool(worker.get("resources", {}).get(GPU))


@contextmanager
def cluster_of(workers: int | None, scheduler: str | None) -> Iterator[Cluster | None]:
    """Workers on this machine, those of a scheduler, or None: this process alone.

    Args:
        workers: how many processes to start on this machine; None: none.
        scheduler: the address of a Dask scheduler, `tcp://…`; None: none.

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
            client = Client(**settings)
        else:
            client = Client(address.revealed(), timeout=PATIENCE)
    except (OSError, ValueError) as error:
        said = f"--scheduler {address}: does not answer: {without_secrets(str(error))}"
        raise ClusterError(said) from cleaned(error)
    with client:
        name = f"--workers {workers}" if address is None else f"--scheduler {address}"
        yield Cluster(client, name)


def train_on(
    cluster: Cluster | None,
    project: Project,
    examples: Examples,
    progress: Progress | None,
    checkpoints: Checkpoints | None = None,
) -> TrainedPopulation:
    """Train every network of a project, on a cluster or on several devices if there are.

    Replicas never mix, so that the cut into parts changes no result. Only this process keeps
    checkpoints; of workers it keeps the parts that have come back.

    Args:
        cluster: that trains; None: this process, or one for each of `training.devices`.
        project: what to train.
        examples: the encoded table.
        progress: told of every epoch, or of every part; None: nothing is told.
        checkpoints: of the fits; those that they hold are not trained again. Default: none.

    Raises:
        TableError, TrainingError, CheckpointError: as `train` raises them, or there are fewer
            devices.
        ClusterError: the workers were lost.
    """
    progress = progress or SilentProgress()
    if cluster is None and project.training.devices == 1:
        return train(project, examples, progress, checkpoints=checkpoints)
    workers = Devices(project) if cluster is None else cluster
    project = _without_storage(project)
    count = workers.workers
    kept = checkpoints or NoCheckpoints()
    parts = parts_of(project, count)
    title = f"{len(parts)} parts on {count} {'devices' if cluster is None else 'workers'}"
    progress.start(title, len(parts), sum(map(len, parts)))
    before = [(kept.read(_part_name(numbers)) or {}).get(_FITS, {}) for numbers in parts]
    arguments = [
        (project, examples, numbers, fits) for numbers, fits in zip(parts, before, strict=True)
    ]

    def keep(part: TrainedPart) -> None:
        if part.made:
            numbers = [replica.number for replica in part.population.replicas]
            kept.write(_part_name(numbers), {_FITS: part.made})

    trained = workers.run(_train_part, arguments, progress, keep)
    return joined([part.population for part in trained])


def _without_storage(project: Project) -> Project:
    """A project for workers, who have no use for the password of a search's storage."""
    default = SearchSettings().storage
    search = project.search.model_copy(update={"storage": default})
    return project.model_copy(update={"search": search})


_FITS = "fits"


def _part_name(numbers: Collection[int]) -> str:
    return f"networks {list(numbers)}"


@dataclass(frozen=True)
class TrainedPart:
    """What a worker gives back: networks, and the fits that it has made, by name."""

    population: TrainedPopulation
    made: dict[str, State]


def _train_part(
    project: Project, examples: Examples, numbers: Collection[int], fits: dict[str, State]
) -> TrainedPart:
    carried = CarriedCheckpoints(fits)
    population = train(project, examples, SilentProgress(), numbers, carried)
    return TrainedPart(population, carried.made)
