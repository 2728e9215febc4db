"""Table 1 of the publication: six studies, their reports, and one overview of all."""

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from sparse_lightning._files import write_atomically
from sparse_lightning.errors import InputError
from sparse_lightning.project import Project
from sparse_lightning.project.messages import flat
from sparse_lightning.report.overview import Column, Overview, write_overview
from sparse_lightning.report.writing import writable
from sparse_lightning.tracking import Store
from sparse_lightning.tracking.job_run import OpenedRun
from sparse_lightning.tracking.names import OVERVIEW
from sparse_lightning.tracking.provenance import made_with
from sparse_lightning.training.progress import Progress
from sparse_lightning.workflows.running import open_run_of
from sparse_lightning.workflows.side_by_side import Trained, run_all, usual_jobs
from sparse_lightning.workflows.study import Study
from sparse_lightning.workflows.unfinished import unfinished, versions

COLUMNS = ("census_sae", "ctg_sae", "wine_sae", "census_class", "ctg_class", "ctg_pca")
"""The project files, in the order of the publication's columns."""

FIGURES = (
    ("census_sae", "pareto", "Figure 1. Census, stacked autoencoders: Pareto curves"),
    ("census_sae", "definition", "Figure 2. The definition of the indices"),
    ("census_sae", "structure_1", "Figure 3. Census, stacked autoencoder under L1"),
    ("census_sae", "structure_2", "Figure 4. Census, stacked autoencoder under sL1"),
    ("census_sae", "structure_3", "Figure 5. Census, stacked autoencoder under sL1+sh"),
    ("census_class", "pareto", "Figure 6. Census, classifiers: Pareto curves"),
    ("census_class", "structure_1", "Figure 7. Census, classifier"),
    ("ctg_pca", "components", "Figure 8. CTG, principal components"),
)
"""The publication's figures: the study, its figure's file, and the caption."""

QUICK = {
    "sae": ["training.epochs=2", "training.fine_tune_epochs=2"],
    "classifier": ["training.epochs=2", "training.fine_tune_epochs=3"],
    "pca": ["training.epochs=20"],
}
OVERVIEW_FILES = ("table1.*", "figures/*.png", "figures/*.svg")
"""What the overview's run holds; the report of each study is in the study's run."""

QUICK_NOTE = (
    "Quick variant: a few epochs and two seeds. It shows that everything runs; its values mean "
    "nothing."
)

OWN_RANGE = "own_range"
"""The folder of the same project files, but with a range of λ of every group's own."""

OWN_RANGE_NOTE = (
    "Every group at its own best range of λ, chosen with the same budget for all: the files in "
    "projects/own_range say how. Curves over different ranges are compared by distance from ideal; "
    "the published areas, which are at the same λ for all groups, are no comparison."
)


def table1(
    tracking_uri: str | None = None,
    output: Path | None = None,
    quick: bool = False,
    progress: Progress | None = None,
    own_range: bool = False,
    fresh: bool = False,
    jobs: int | None = None,
) -> Path:
    """Train and report the six columns, then write the overview; returns the path of `table1.html`.

    One that was begun in the folder and not finished goes on where it was.

    The overview lies in `output` (default: that of the experiment's name in `reports`) as
    `table1.html`, `.md`, `.csv` and `.json`, with the figures of the publication in `figures/` and
    the report of each study in a folder of its name. It is also in a run of the experiment
    `table1`, `table1-own-range`, `table1-quick` or `table1-own-range-quick`: `quick` trains a few
    epochs from two seeds, and is marked as such everywhere; with `own_range` every group has its
    own range of λ instead of the published one. `jobs` columns are trained at a time, each in a
    process of its own; default: `usual_jobs`.
    """
    name = "table1" + "-own-range" * own_range + "-quick" * quick
    folder = writable(output or Path("reports") / name)
    store = Store(tracking_uri)
    projects = dict(_projects(quick, own_range))
    identity = flat({file: project.model_dump(mode="json") for file, project in projects.items()})
    with (
        unfinished(folder, {**identity, **versions()}, fresh) as job,
        OpenedRun(store, OVERVIEW, name, open_run_of(), key=job.key) as opened,
    ):
        opened.describe(
            params={"columns": ", ".join(COLUMNS), "quick": quick, "own_range": own_range}
        )
        done = _Done(job.folder / "columns.json")
        for file in done.studies:
            done.describe(opened, file)
        left = {file: project for file, project in projects.items() if file not in done.studies}
        jobs = usual_jobs() if jobs is None else jobs
        with closing(run_all(left, jobs, store.uri, folder, progress, fresh)) as finished:
            for study in finished:
                done.add(study)
                done.describe(opened, study.name)
        columns = {
            file: Column(
                Study.load(done.studies[file]["run"], store.uri).view(),
                done.studies[file]["seconds"],
                f"{project.name}/report.html",
            )
            for file, project in projects.items()
        }
        figures = dict(_figures(folder, {file: _folder(c) for file, c in columns.items()}))
        overview = Overview(
            title="Table 1: six regularizers on six tasks"
            + (", each group at its own best range of λ" if own_range else "")
            + (", quick" if quick else ""),
            columns=list(columns.values()),
            origin=made_with(),
            figures=figures,
            command="sparse-lightning table1" + " --own-range" * own_range + " --quick" * quick,
            note=" ".join([QUICK_NOTE] * quick + [OWN_RANGE_NOTE] * own_range),
        )
        page = write_overview(overview, folder, "table1")
        opened.report(folder, OVERVIEW_FILES)
    return page


class _Done:
    """The studies of an overview that are finished, kept until all are."""

    def __init__(self, path: Path):
        self._path = path
        self.studies: dict[str, dict[str, Any]] = {}
        if path.exists():
            self.studies = json.loads(path.read_text(encoding="utf-8"))

    def add(self, study: Trained) -> None:
        self.studies[study.name] = {"run": study.run_id, "seconds": study.seconds}
        write_atomically(self._path, json.dumps(self.studies), durable=True, private=True)

    def describe(self, run: OpenedRun, name: str) -> None:
        """Add to the overview's run which study a column is, and how long it took."""
        study = self.studies[name]
        run.describe(
            metrics={f"seconds_{name}": study["seconds"]}, tags={f"{OVERVIEW}.{name}": study["run"]}
        )


def projects_folder() -> Path:
    """The folder of the project files: in the installed package, or in its repository."""
    package = Path(__file__).parents[1]
    for folder in (package / "projects", package.parent / "projects"):
        if (folder / f"{COLUMNS[0]}.yaml").is_file():
            return folder
    raise InputError("the project files of table 1 are not installed with this package")


def _projects(quick: bool, own_range: bool) -> Iterator[tuple[str, Project]]:
    folder = projects_folder() / OWN_RANGE if own_range else projects_folder()
    for file in COLUMNS:
        path = folder / f"{file}.yaml"
        project = Project.load(path)
        if quick:
            project = Project.load(
                path,
                [
                    *QUICK[project.task],
                    f"name={project.name}-quick",
                    f"report.title={project.name}, quick",
                    "training.seeds=[1, 2]",
                    "training.floor.max_cycles=2",
                    "report.bootstrap=200",
                ],
            )
        yield file, project


def _folder(column: Column) -> str:
    return column.report.removesuffix("/report.html")


def _figures(folder: Path, studies: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Copy the publication's figures together; gives the caption of each by its path."""
    (folder / "figures").mkdir(exist_ok=True)
    for number, (file, figure, caption) in enumerate(FIGURES, start=1):
        if file not in studies:
            continue
        source = folder / studies[file] / "figures" / figure
        target = f"figures/figure_{number}"
        for ending in ("png", "svg"):
            if source.with_suffix(f".{ending}").is_file():
                shutil.copyfile(source.with_suffix(f".{ending}"), folder / f"{target}.{ending}")
        if (folder / f"{target}.png").is_file():
            yield target, caption
