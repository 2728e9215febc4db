"""What a comparison has to say: figures, tables, files for other programs, the HTML report."""

from sparse_lightning._figures import save_figure
from sparse_lightning.report.component_figure import components_figure
from sparse_lightning.report.document import (
    indices_csv,
    indices_document,
    indices_json,
    indices_schema,
)
from sparse_lightning.report.figures import index_figure, pareto_figure
from sparse_lightning.report.html import report_html
from sparse_lightning.report.published import PUBLISHED, published_values, reproduction
from sparse_lightning.report.tables import indices_table, print_indices
from sparse_lightning.report.view import StudyFacts, View
from sparse_lightning.report.writing import write_report

__all__ = [
    "PUBLISHED",
    "StudyFacts",
    "View",
    "components_figure",
    "index_figure",
    "indices_csv",
    "indices_document",
    "indices_json",
    "indices_schema",
    "indices_table",
    "pareto_figure",
    "print_indices",
    "published_values",
    "report_html",
    "reproduction",
    "save_figure",
    "write_report",
]
