"""What a job adds to the run that it has open."""

from sparse_lightning.tracking import Store
from sparse_lightning.tracking.opened import OpenedRun


def test_only_the_files_of_the_report_are_added(workplace):
    folder = workplace / "mine"
    (folder / "figures").mkdir(parents=True)
    for name in ("report.html", "figures/a.png", "tax.txt", "figures/photo.jpg"):
        (folder / name).write_text(name)
    with OpenedRun(Store(), "study", "mine") as run:
        run.report(folder, ["report.html", "figures/*.png"])
    client = Store().client
    assert [file.path for file in client.list_artifacts(run.run_id)] == ["report"]
    found = {file.path for file in client.list_artifacts(run.run_id, "report")}
    assert found == {"report/report.html", "report/figures"}
    figures = client.list_artifacts(run.run_id, "report/figures")
    assert [file.path for file in figures] == ["report/figures/a.png"]
