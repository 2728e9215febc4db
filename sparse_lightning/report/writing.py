"""Writing a report: the page, the indices and the figures, into one folder."""

from pathlib import Path

from sparse_lightning._figures import save_figure
from sparse_lightning._files import write_atomically
from sparse_lightning.interpret.diagram import structure_figure
from sparse_lightning.report.beside import beside
from sparse_lightning.report.component_curves import ComponentCurves
from sparse_lightning.report.components import components_figure
from sparse_lightning.report.definition import definition_figure
from sparse_lightning.report.document import indices_csv, indices_json
from sparse_lightning.report.figures import index_figure, pareto_figure
from sparse_lightning.report.html import report_html
from sparse_lightning.report.view import View

FILES = ("report.html", "indices.json", "indices.csv", "figures/*.png", "figures/*.svg")
"""What a report consists of, as patterns in its folder."""


def write_report(view: View, output: Path) -> Path:
    """Write a report; files of the same names are replaced.

    Writes `report.html`, `indices.json`, `indices.csv`, and in `figures/`, as PNG and SVG, `pareto`
    and `indices`; of a study also `definition`, the indices on the curve of the first group that
    has one, `structure_1`, … of the networks that are shown from inside, and of a study of
    components `components`. Each file is written whole or not at all, the page last.

    Args:
        view: what is reported on.
        output: a folder; made if need be.

    Returns:
        The path of `report.html`.

    Raises:
        OSError: a file cannot be written.
    """
    output, figures = Path(output), Path(output) / "figures"
    with beside(lambda: _save_curves(view, figures)):
        write_atomically(output / "indices.json", indices_json(view))
        write_atomically(output / "indices.csv", indices_csv(view))
        diagrams = _save_structures(view, figures)
        page = report_html(view, diagrams, _save_components(view, figures))
    return write_atomically(output / "report.html", page)


def _save_curves(view: View, folder: Path) -> None:
    comparison = view.comparison
    save_figure(pareto_figure(view), folder, "pareto")
    save_figure(index_figure(comparison, view.words.replicates), folder, "indices")
    if view.study is None:
        return
    drawn = set(comparison.markers["group"])
    for group in [group for group in comparison.groups if group in drawn][:1]:
        save_figure(definition_figure(view, group), folder, "definition")


def _save_structures(view: View, folder: Path) -> list[bytes]:
    """Write the diagrams of the networks that are shown from inside; returns them as SVG."""
    if view.study is None:
        return []
    for former in folder.glob("structure_[0-9]*.*"):
        former.unlink()  # an earlier study of this name may have shown more networks
    diagrams = []
    for place, reading in enumerate(view.study.readings, start=1):
        diagram = structure_figure(reading.structure, f"{view.name}: {reading.title}")
        files = save_figure(diagram, folder, f"structure_{place}")
        diagrams.append(_svg(files))
    return diagrams


def _save_components(view: View, folder: Path) -> bytes:
    """Write the figure of a study of components; returns it as SVG, nothing of another study."""
    if ComponentCurves.of(view) is None:
        return b""
    return _svg(save_figure(components_figure(view), folder, "components"))


def _svg(files: list[Path]) -> bytes:
    return next(file.read_bytes() for file in files if file.suffix == ".svg")
