"""From a project to all that training needs, every part of it checked."""

from dataclasses import dataclass

from sparse_lightning.data.catalog import Table, load_table
from sparse_lightning.data.examples import Examples
from sparse_lightning.project import Project
from sparse_lightning.training.checking import check_training
from sparse_lightning.training.examples import examples_of
from sparse_lightning.training.facts import facts_of
from sparse_lightning.training.grid import network_count
from sparse_lightning.training.memory import check_memory


@dataclass(frozen=True, eq=False)
class Prepared:
    """What is known before anything is trained.

    Attributes:
        table: as it is used.
        examples: the encoded table.
        layers: units from inputs to outputs.
        facts: measures of the study, as `facts_of` returns them.
    """

    table: Table
    examples: Examples
    layers: list[int]
    facts: dict[str, float | int]


def prepare(project: Project, networks: int | None = None, here: bool = True) -> Prepared:
    """Read the table of a project and see to it that its networks can be trained on it.

    Args:
        project: what is to be trained.
        networks: how many are held at once; default: those of the study.
        here: whether this process trains them, and not workers that know what they have.

    Raises:
        ProjectError: the study takes more memory than there is.
        TableError: the table cannot be used as it is, or the rows cannot be split as asked for.
        TrainingError: the accelerator or the precision cannot be used.
    """
    table = load_table(project.table, project.folder)
    inputs = len(table.encoding.input_names)
    outputs = inputs if table.target is None else table.target.nunique()
    held = network_count(project) if networks is None else networks
    check_memory(project, len(table.frame), inputs, outputs, held)
    examples = examples_of(project, table)
    check_training(project, examples, accelerator=here)
    facts = facts_of(project, table, examples)
    return Prepared(table, examples, project.layers(inputs, outputs), facts)
