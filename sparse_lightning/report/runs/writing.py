"""Writing the report of any runs into one folder."""

from pathlib import Path

from sparse_lightning._figures import save_figure
from sparse_lightning._files import write_atomically
from sparse_lightning.report.figures import index_figure
from sparse_lightning.report.runs.document import runs_csv, runs_json
from sparse_lightning.report.runs.figures import runs_figure
from sparse_lightning.report.runs.html import runs_html
from sparse_lightning.report.runs.view import RunsView


def write_runs_report(view: RunsView, output: Path) -> Path:
    """Write `report.html`, `indices.json`, `indices.csv`, and figures as PNG and SVG.

    Files of the same names are replaced, each whole or not at all, the page last.

    Args:
        view: what is reported on.
        output: a folder; made if need be.

    Returns:
        The path of `report.html`.

    Raises:
        OSError: a file cannot be written.
    """
    write_atomically(output / "indices.json", runs_json(view))
    write_atomically(output / "indices.csv", runs_csv(view))
    save_figure(runs_figure(view), output / "figures", "pareto")
    save_figure(index_figure(view.comparison, view.replicates), output / "figures", "indices")
    return write_atomically(output / "report.html", runs_html(view))
