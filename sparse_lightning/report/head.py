"""What was studied, in one line."""

from sparse_lightning._text import counted
from sparse_lightning.comparison import FLOOR_GROUP
from sparse_lightning.report.view import StudyFacts, View
from sparse_lightning.report.wording import bare


def head(view: View) -> list[str]:
    """The parts of a report's first line: table, networks, grid, when the study was finished.

    Of runs of other tools, what is held against what, and how many runs there are.
    """
    study, comparison = view.study, view.comparison
    if study is None:
        axes, groups = comparison.axes, counted(len(comparison.groups), "group")
        by = f" by {bare(axes.group)}" if axes.group else ""
        runs = view.words.counted(len(comparison.points.frame))
        return [f"{axes.y} against {axes.x}", runs, f"{groups}{by}"]
    rows = study.rows + study.rows_validation + study.rows_test + study.rows_held_out
    columns = study.input_columns or study.layers[0]
    table = f"{rows:,} {'row' if rows == 1 else 'rows'}, {counted(columns, 'column')}"
    if study.dataset != view.name:
        table = f"{study.dataset}: {table}"
    finished = [f"finished {study.finished}"] if study.finished else []
    return [table, study.kind, _grid(study), *finished]


def _grid(study: StudyFacts) -> str:
    """How many networks were trained: `4 regularizers × 11 strengths × 5 seeds`."""
    regularized = study.networks.loc[study.networks["group"] != FLOOR_GROUP]
    strengths = regularized.groupby("group")["l1_weight"].nunique()
    fewest, most = int(strengths.min()), int(strengths.max())
    each = counted(most, "strength") if fewest == most else f"{fewest} to {most} strengths"
    groups = counted(len(strengths), "regularizer")
    return f"{groups} × {each} × {counted(regularized['seed'].nunique(), 'seed')}"
