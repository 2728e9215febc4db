"""What each task trains, in this process or in parts on several workers."""

from collections.abc import Collection
from dataclasses import dataclass

from sparse_lightning.data.examples import Examples
from sparse_lightning.nn.surroundings import usual_torch
from sparse_lightning.project import Project
from sparse_lightning.project.search import SearchSettings
from sparse_lightning.training.autoencoders import train_autoencoders
from sparse_lightning.training.checkpoints import (
    CarriedCheckpoints,
    Checkpoints,
    NoCheckpoints,
    State,
)
from sparse_lightning.training.components import train_components
from sparse_lightning.training.executors import Devices, Workers
from sparse_lightning.training.grid import TrainedPopulation, joined, parts_of
from sparse_lightning.training.predictors import train_predictors
from sparse_lightning.training.preparing import check_examples
from sparse_lightning.training.progress import Progress, SilentProgress


@usual_torch()
def train(
    project: Project,
    examples: Examples,
    progress: Progress | None = None,
    numbers: Collection[int] | None = None,
    checkpoints: Checkpoints | None = None,
) -> TrainedPopulation:
    """Train the networks of a project, by default all of its grid, in the order of the grid.

    A network does not depend on which others have their `numbers` given. Fits that the checkpoints
    hold are not trained again. The measures of other methods come with those of the floor only, so
    that they are taken once however the grid is cut. Raises `TableError` if the rows cannot be
    split or hold what is not finite, `CheckpointError`, `TrainingError` if the accelerator or the
    precision cannot be used, and KeyboardInterrupt if the user stopped it.
    """
    progress = progress or SilentProgress()
    check_examples(project, examples)
    if project.predicts:
        return train_predictors(project, examples, progress, numbers, checkpoints)
    if project.task == "pca":
        return train_components(project, examples, progress, numbers, checkpoints)
    return train_autoencoders(project, examples, progress, numbers, checkpoints)


def train_on(
    workers: Workers | None,
    project: Project,
    examples: Examples,
    progress: Progress | None,
    checkpoints: Checkpoints | None = None,
) -> TrainedPopulation:
    """Train every network of a project, in parts where there are several workers or devices.

    Replicas never mix, so that the cut into parts changes no result. Only this process keeps
    checkpoints; of workers it keeps the parts that have come back. Fits that the checkpoints hold
    are not trained again. Without workers the networks are trained by this process, or by one for
    each of `training.devices`. The progress counts epochs, or parts. Raises what `train` does,
    `TrainingError` also without enough devices, and `ClusterError` if the workers were lost.
    """
    progress = progress or SilentProgress()
    if workers is None and project.training.devices == 1:
        return train(project, examples, progress, checkpoints=checkpoints)
    workers = workers or Devices(project)
    project = _without_storage(project)
    count = workers.workers
    checkpoints = checkpoints or NoCheckpoints()
    parts = parts_of(project, count)
    title = f"{len(parts)} parts on {count} {workers.title}"
    progress.start(title, len(parts), sum(map(len, parts)))
    before = [(checkpoints.read(_part_name(numbers)) or {}).get(_FITS, {}) for numbers in parts]
    arguments = [
        (project, examples, numbers, fits) for numbers, fits in zip(parts, before, strict=True)
    ]

    def keep(part: TrainedPart) -> None:
        if part.fits:
            numbers = [replica.number for replica in part.population.replicas]
            checkpoints.write(_part_name(numbers), {_FITS: part.fits})

    trained = workers.run(_train_part, arguments, progress, keep)
    return joined([part.population for part in trained])


def train_whole_on(
    workers: Workers | None,
    project: Project,
    examples: Examples,
    progress: Progress,
    numbers: Collection[int],
    checkpoints: Checkpoints | None = None,
) -> TrainedPopulation:
    """As `train`, in one part on one worker where there are some.

    Networks that are trained until all of them have settled depend on each other.
    """
    if workers is None:
        return train(project, examples, progress, numbers, checkpoints)
    arguments = [(_without_storage(project), examples, numbers, {})]
    progress.start(f"a pilot on one of the {workers.title}", 1, len(numbers))
    (part,) = workers.run(_train_part, arguments, progress)
    return part.population


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
    """What a worker gives back: networks, and its new fits by name."""

    population: TrainedPopulation
    fits: dict[str, State]


def _train_part(
    project: Project, examples: Examples, numbers: Collection[int], fits: dict[str, State]
) -> TrainedPart:
    carried = CarriedCheckpoints(fits)
    population = train(project, examples, SilentProgress(), numbers, carried)
    return TrainedPart(population, carried.new)
