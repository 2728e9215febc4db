"""From a project's table to the examples that its networks are trained and judged on."""

import torch

from sparse_lightning.data.catalog import Table
from sparse_lightning.data.examples import Examples
from sparse_lightning.data.target import ClassTarget
from sparse_lightning.project import Project


def examples_of(project: Project, table: Table) -> Examples:
    """The encoded rows of a table, with classes and held-out rows where the project has them.

    Raises:
        TableError: the target cannot be predicted, or the rows cannot be split as asked for.
    """
    inputs = torch.from_numpy(table.encoding.transform(table.frame))
    if table.target is None:
        return Examples(inputs)
    target = ClassTarget.fit(table.target)
    examples = Examples(inputs, torch.from_numpy(target.codes(table.target)), target.classes)
    if not project.evaluation.holdout:
        return examples
    return examples.hold_out(project.evaluation.holdout, project.evaluation.seed)
