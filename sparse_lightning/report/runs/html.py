"""The HTML report of any runs: one file that opens offline."""

from sparse_lightning._embedding import page_frame
from sparse_lightning.comparison import INDICES
from sparse_lightning.comparison.frames import records
from sparse_lightning.report.colours import looks
from sparse_lightning.report.html import pair_rows, template
from sparse_lightning.report.runs.findings import findings
from sparse_lightning.report.runs.view import RunsView, short
from sparse_lightning.report.wording import index_name

MOST_FAILED = 200
"""So many runs without a result are named at most."""


def runs_html(view: RunsView) -> str:
    """The page of an experiment.

    Every name comes from somebody's runs and is written as text, never as markup.

    Args:
        view: what is reported on.

    Returns:
        An HTML document without references to other hosts.
    """
    comparison = view.comparison
    failed = view.runs.loc[view.runs["failed"]]
    return template("runs.html.j2").render(
        view=view,
        axes=view.axes,
        comparison=comparison,
        replicates=view.replicates,
        indices=[(index, index_name(index)) for index in INDICES],
        findings=findings(view),
        groups=records(comparison.indices),
        pairs=pair_rows(comparison),
        colours={group: look.colour for group, look in looks(comparison.groups).items()},
        settings=[short(name) for name in view.axes.marker] or ["run"],
        markers=[
            {**row, "settings": list(view.settings[row["marker"]].values())}
            for row in records(view.markers)
        ],
        failures=[
            {**row, "url": view.run_url(row["run_id"])} for row in records(failed.head(MOST_FAILED))
        ],
        failed=len(failed),
        page=page_frame(view.page(), f"Comparison of {view.experiment}") if view.page else None,
    )
