"""The tables of the fields of a project file, made from its models."""

import runpy

import yaml
from markdown_pages import ROOT

from sparse_lightning.project import Project

MADE = runpy.run_path(str(ROOT / "docs" / "building" / "project_fields.py"))


def test_every_field_of_every_section_has_a_row_with_its_meaning():
    rows = [line for line in "\n".join(MADE["tables"]()).splitlines() if line.startswith("| ")]
    schema = Project.model_json_schema()
    for model in (schema, *schema["$defs"].values()):
        for field in model["properties"]:
            cells = next(row for row in rows if row.startswith((f"| `{field}`", f"| [`{field}`]")))
            assert cells.split(" | ")[-1] not in ("|", " |"), field


def test_bounds_and_choices_are_told():
    text = "\n".join(MADE["tables"]())
    assert "| `confidence` | number > 0 < 1 | `0.95` | of the intervals. |" in text
    assert "| `holdout` | number ≥ 0 < 1 |" in text
    assert '| `optimizer` | `adam`, `sgd` | `"adam"` |' in text
    assert "| `units` | list of: whole number ≥ 1 ≤ 1000000000 | needed |" in text


def test_the_page_shows_all_defaults():
    page = MADE["on_page_markdown"]("before\n<!-- project defaults -->\nafter")
    shown = yaml.safe_load(page.split("```yaml\n")[1].split("```")[0])
    assert Project(**shown) == Project(table={"source": "my.csv"}, network={"units": [8]})
    assert MADE["on_page_markdown"]("nothing to do") == "nothing to do"
