"""What a training would stop at, found before it begins."""

from sparse_lightning.data.examples import Examples
from sparse_lightning.errors import TableError
from sparse_lightning.project import Project

ROWS_AT_ONCE = 10_000

ALWAYS_THERE = (("auto", "32-true"), ("cpu", "32-true"))
"""Accelerators and precisions that no machine lacks."""


def check_training(project: Project, examples: Examples, accelerator: bool = True) -> None:
    """Look for all that `train` refuses; nothing is trained.

    Args:
        project: what would be trained.
        examples: the encoded table.
        accelerator: whether this process is to have it.

    Raises:
        TableError: the rows hold what is not finite, cannot be split into the folds that the
            project asks for, or have fewer columns than it asks for components.
        TrainingError: the accelerator or the precision cannot be used.
    """
    check_examples(project, examples)
    if project.evaluation.folds:
        examples.folds(project.evaluation.folds, project.evaluation.seed)
    training = project.training
    if accelerator and (training.accelerator, training.precision) not in ALWAYS_THERE:
        # Lightning knows; to load it takes longer than all else here.
        from sparse_lightning.training.fitting import check_accelerator

        check_accelerator(project)


def check_examples(project: Project, examples: Examples) -> None:
    """Whether the inputs are finite, and enough for the components of the project.

    Raises:
        TableError: they are not.
    """
    for place, part in enumerate(examples.inputs.split(ROWS_AT_ONCE)):  # it makes copies
        bad = ~part.isfinite().all(1)
        if bool(bad.any()):
            row = place * ROWS_AT_ONCE + int(bad.nonzero()[0]) + 1
            raise TableError(f"row {row} holds an input that is not finite")
    components, inputs = project.network.units[0], examples.inputs.shape[1]
    if project.task == "pca" and components > inputs:
        raise TableError(
            f"network.units [{components}] must be at most the number of inputs, {inputs}"
        )
