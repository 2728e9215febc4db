"""Writing a report: the page, the indices and the figures, into one folder.

The figures are drawn by a second process, on the other core, while this one writes the rest.
"""

import multiprocessing
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryFile

from sparse_lightning._figures import save_figure
from sparse_lightning._files import write_atomically
from sparse_lightning.errors import InputError
from sparse_lightning.interpret.diagram import structure_figure
from sparse_lightning.report.component_curves import ComponentCurves
from sparse_lightning.report.component_figure import components_figure
from sparse_lightning.report.definition import definition_figure
from sparse_lightning.report.document import indices_csv, indices_json
from sparse_lightning.report.figures import index_figure, pareto_figure
from sparse_lightning.report.html import report_html
from sparse_lightning.report.residuals import residual_figure
from sparse_lightning.report.view import View

FILES = ("report.html", "indices.json", "indices.csv", "figures/*.png", "figures/*.svg")
"""What a report consists of, as patterns in its folder."""

PATIENCE = 30.0
"""In seconds: so long the second process may be at work after this one has done its own part."""


def writable(folder: Path) -> Path:
    """Make the folder of a report before hours are spent on what is to lie there.

    Raises an InputError where it cannot be written, or its `figures` would lead to another folder.
    """
    # The folder itself may be a link, as to a larger disk; below it nothing may lead elsewhere.
    if (folder / "figures").is_symlink():
        raise InputError(f"--output {folder}: figures in it is a link to elsewhere; remove it")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except (OSError, ValueError) as error:  # a name with a character that is none
        said = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"--output {folder}: cannot be written: {said}") from error
    return folder


def write_report(view: View, output: Path) -> Path:
    """Write a report; files of the same names are replaced. Returns the path of `report.html`.

    Writes `report.html`, `indices.json`, `indices.csv`, and in `figures/`, as PNG and SVG, `pareto`
    and `indices`; of a study also `definition`, the indices on the curve of the first group that
    has one, `structure_1`, … of the networks that are shown from inside, of regressors also
    `residuals_1`, …, and of a study of components `components`. Each file is written whole or not
    at all, the page last.
    """
    output, figures = Path(output), Path(output) / "figures"
    with beside(lambda: _save_curves(view, figures)):
        write_atomically(output / "indices.json", indices_json(view))
        write_atomically(output / "indices.csv", indices_csv(view))
        diagrams = _save_structures(view, figures)
        residuals = _save_residuals(view, figures)
        page = report_html(view, diagrams, _save_components(view, figures), residuals)
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


def _save_residuals(view: View, folder: Path) -> list[bytes]:
    """The figures of the networks that are shown from inside; empty where there are none."""
    if view.study is None:
        return []
    for former in folder.glob("residuals_[0-9]*.*"):
        former.unlink()
    figures = []
    for place, reading in enumerate(view.study.readings, start=1):
        if reading.predictions is None:
            figures.append(b"")
            continue
        figure = residual_figure(reading.predictions, f"{view.name}: {reading.title}")
        figures.append(_svg(save_figure(figure, folder, f"residuals_{place}")))
    return figures


def _save_components(view: View, folder: Path) -> bytes:
    if ComponentCurves.of(view) is None:
        return b""
    return _svg(save_figure(components_figure(view), folder, "components"))


def _svg(files: list[Path]) -> bytes:
    return next(file.read_bytes() for file in files if file.suffix == ".svg")


@contextmanager
def beside(work: Callable[[], object]) -> Iterator[None]:
    """Have work done while the block runs; it is done when the block has ended.

    A copy of this process does it, where that is safe and saves time. Where it is not, and where
    the copy fails or takes too long, this process does it after the block, and has its errors. The
    work must leave nothing but files, and bear being done twice. If the block raises, it is
    stopped.
    """
    process = _begun(work) if _can_fork() else None
    try:
        yield
    except BaseException:
        if process is not None:
            process.kill()
            process.join()
        raise
    if process is None or not _succeeded(process):
        work()


def _can_fork() -> bool:
    """Whether a copy of this process can work: another thread could hold a lock for ever there.

    The threads of numerical libraries are not Python's; they know of forks. On macOS the system's
    own libraries do not.
    """
    return (
        sys.platform == "linux"
        and threading.active_count() == 1
        and not multiprocessing.current_process().daemon
        and len(os.sched_getaffinity(0)) > 1
    )


def _begun(work: Callable[[], object]) -> BaseProcess:
    process = multiprocessing.get_context("fork").Process(target=_do, args=(work,), daemon=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(?s).*multi-threaded.*fork", DeprecationWarning)
        process.start()
    return process


def _do(work: Callable[[], object]) -> None:
    try:
        work()
    except BaseException:
        # Whoever waits for this does it again, and tells the user of the error.
        sys.exit(1)


def _succeeded(process: BaseProcess) -> bool:
    process.join(PATIENCE)
    if process.exitcode is None:
        process.kill()
        process.join()
    return process.exitcode == 0
