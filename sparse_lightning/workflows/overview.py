"""Tracked studies side by side, as the publication's table 1 has its six."""

import shlex
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sparse_lightning.errors import InputError
from sparse_lightning.report.output import writable
from sparse_lightning.report.overview import Column
from sparse_lightning.report.overview_pages import Overview, write_overview
from sparse_lightning.tracking.provenance import made_with
from sparse_lightning.workflows.study import Study


def overview(
    studies: Sequence[str],
    tracking_uri: str | None = None,
    output: Path | None = None,
    title: str | None = None,
    index: str | None = None,
) -> Path:
    """Write one page of several tracked studies: their indices, and what they say together.

    Args:
        studies: each the name of an experiment or project, of which the newest finished study is
            taken, or the id of a study's run.
        tracking_uri: of the MLflow store; default: as MLflow resolves it.
        output: a folder; default: `reports/overview`. It then holds `overview.html`, `.md`, `.csv`
            and `.json`, the curves in `figures/`, and the report of each study in a folder of its
            name.
        title: of the page.
        index: that comes first; default: that of the first study's project.

    Returns:
        The path of `overview.html`.

    Raises:
        InputError: a study is not there, or named twice; the folder cannot be written.
        TrackingError: the store fails.
        TrainingError: a study cannot be compared.
    """
    found = [Study.named(name, tracking_uri) for name in studies]
    for run_id, times in Counter(study.run_id for study in found).items():
        if times > 1:
            raise InputError(f"the study {run_id} is named {times} times")
    folder = writable(output or Path("reports") / "overview")
    names = _names(found)
    columns, figures = [], {}
    (folder / "figures").mkdir(exist_ok=True)
    for study, name in zip(found, names, strict=True):
        own = study.project.name if name == study.project.name else study.run_id
        study.write_report(folder / own)
        view = study.view()
        if index:
            view = replace(view, comparison=view.comparison.ordered_by(index))
        columns.append(Column(view, study.seconds, f"{own}/report.html", name))
        for ending in ("png", "svg"):
            drawn = folder / own / "figures" / f"pareto.{ending}"
            shutil.copyfile(drawn, folder / "figures" / f"{own}.{ending}")
        figures[f"figures/{own}"] = f"{name}: Pareto curves"
    return write_overview(
        Overview(
            title=title or "Studies side by side",
            columns=columns,
            origin=made_with(),
            figures=figures,
            command=f"sparse-lightning overview {shlex.join(studies)}",
        ),
        folder,
        "overview",
    )


def _names(studies: Sequence[Study]) -> list[str]:
    """The project's name of each, with the beginning of the run's id where two have one name."""
    often = Counter(study.project.name for study in studies)
    return [
        study.project.name
        if often[study.project.name] == 1
        else f"{study.project.name} {study.run_id[:8]}"
        for study in studies
    ]
