"""What each task trains."""

from collections.abc import Collection

from sparse_lightning.data.examples import Examples
from sparse_lightning.project import Project
from sparse_lightning.training.autoencoders import train_autoencoders
from sparse_lightning.training.checkpoints import Checkpoints
from sparse_lightning.training.classifiers import train_classifiers
from sparse_lightning.training.components import train_components
from sparse_lightning.training.preparing import check_examples
from sparse_lightning.training.progress import Progress, SilentProgress
from sparse_lightning.training.result import TrainedPopulation


def train(
    project: Project,
    examples: Examples,
    progress: Progress | None = None,
    numbers: Collection[int] | None = None,
    checkpoints: Checkpoints | None = None,
) -> TrainedPopulation:
    """Train the networks of a project.

    Args:
        project: what to train.
        examples: the encoded table.
        progress: told of every epoch; default: nothing is told.
        numbers: of the networks of the grid that are trained; default: all. A network does not
            depend on which others there are.
        checkpoints: of the fits; those that they hold are not trained again. Default: none.

    Returns:
        The networks in the order of the grid; the measures of other methods with those of the floor
        only, so that they are taken once however the grid is cut.

    Raises:
        TableError: the rows cannot be split as the project asks for, or hold what is not finite.
        CheckpointError: what is kept of a fit cannot be used.
        TrainingError: the accelerator or the precision cannot be used.
        KeyboardInterrupt: the user stopped it.
    """
    progress = progress or SilentProgress()
    check_examples(project, examples)
    if project.task == "classifier":
        return train_classifiers(project, examples, progress, numbers, checkpoints)
    if project.task == "pca":
        return train_components(project, examples, progress, numbers, checkpoints)
    return train_autoencoders(project, examples.inputs, progress, numbers, checkpoints)
