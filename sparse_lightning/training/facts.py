"""What is known of a study before anything is trained."""

from itertools import pairwise

from sparse_lightning.data.catalog import Table
from sparse_lightning.data.examples import Examples
from sparse_lightning.project import Project


def facts_of(project: Project, table: Table, examples: Examples) -> dict[str, float | int]:
    """Measures of the table and of the whole networks.

    Args:
        project: of the study.
        table: that its networks are trained on.
        examples: the encoded table.

    Returns:
        `rows`, `rows_held_out`, `rows_dropped`, `null_error` (the error with every weight 0) and
        `connections_total` (how many connections there can be).
    """
    layers = project.layers(examples.inputs.shape[1], examples.outputs)
    weights = sum(inputs * outputs for inputs, outputs in pairwise(layers))
    return {
        "rows": len(examples.inputs) - examples.rows_held_out,
        "rows_held_out": examples.rows_held_out,
        "rows_dropped": table.rows_dropped,
        # Of components y is a share of the variance.
        "null_error": 1.0 if project.task == "pca" else examples.null_error,
        # Of components x is the mean number of loadings of one, which has one an input.
        "connections_total": layers[0] if project.task == "pca" else weights,
    }
