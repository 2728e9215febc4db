"""The answer of a study as a notebook shows it: what the report begins with, and one picture."""

from sparse_lightning._figures import figure_file
from sparse_lightning.interpret.diagram import structure_figure
from sparse_lightning.report.answer import recommended_reading
from sparse_lightning.report.parts import answer_parts, reading_parts
from sparse_lightning.report.templating import template
from sparse_lightning.report.view import View


def study_html(view: View) -> str:
    """The answer as a piece of HTML, in the order and the words of the report."""
    reading = recommended_reading(view)
    network = None
    if reading is not None:
        diagram = figure_file(structure_figure(reading.structure), "svg")
        network = reading_parts(view, reading, diagram)
    return template("notebook.html.j2").render(
        view=view, study=view.study, words=view.words, network=network, **answer_parts(view)
    )
