"""The steps that prepare a table, as project files declare them."""

import pytest
from pydantic import ValidationError

from sparse_lightning.errors import ProjectError
from sparse_lightning.project import Dummies, Project, Step, TableSettings

TEXT = """\
table:
  source: my.csv
  prepare:
    - drop_rare: {columns: [job, race], below: 50}
    - binarize: {sex: Male, income: ">50K", year: 2020, rate: 1.5, code: "1"}
    - dummies: {columns: [job]}
    - dummies: {columns: [race], drop_first: true}
network: {units: [8]}
"""


def test_steps_are_read_in_order_and_written_back():
    project = Project.parse(TEXT)
    rare, binarize, jobs, races = project.table.prepare
    assert [step.kind for step in project.table.prepare] == [
        *("drop_rare", "binarize", "dummies", "dummies"),
    ]
    assert [step.recodes for step in project.table.prepare] == [False, True, True, True]
    assert rare.drop_rare is not None
    assert (rare.columns, rare.drop_rare.below) == (("job", "race"), 50)
    assert binarize.columns == ("sex", "income", "year", "rate", "code")
    assert binarize.binarize == {
        **{"sex": "Male", "income": ">50K", "year": 2020, "rate": 1.5, "code": "1"}
    }
    assert jobs.dummies == Dummies(columns=("job",), drop_first=False)
    assert races.dummies == Dummies(columns=("race",), drop_first=True)
    written = project.dump_yaml()
    assert "null" not in written[written.index("prepare") : written.index("network")]
    assert Project.parse(written) == project


def test_steps_are_built_in_python_alike():
    step = Step(dummies=Dummies(columns=("a",)))
    assert TableSettings(source="t", prepare=(step,)).prepare == (step,)
    assert step == Step.model_validate({"dummies": {"columns": ["a"]}})
    assert step.model_dump() == {"dummies": {"columns": ("a",), "drop_first": False}}
    with pytest.raises(ValidationError, match="must be a mapping with one key"):
        Step()


VALUE = "must be a value of the column, text or a number"
WRONG = [
    ("3", "prepare must be a list of steps, got 3"),
    (
        "{dummies: {columns: [a]}}",
        "prepare must be a list of steps, got {'dummies': {'columns': ['a']}} (begin each step wi",
    ),
    (
        "[dummies]",
        "prepare[0] must be a mapping with one key, one of [drop_rare, binarize, dummies], got 'du",
    ),
    ("[null]", "prepare[0] must be a mapping with one key"),
    ("[{}]", "prepare[0] must be a mapping with one key"),
    (
        "[{binarize: {a: 1}, dummies: {columns: [b]}}]",
        "prepare[0] must be a mapping with one key",
    ),
    (
        "[{dumies: {columns: [a]}}]",
        "prepare[0].dumies is not a known field; did you mean dummies? (known: drop_rare, binarize",
    ),
    ("[{dummies: }]", "prepare[0].dummies must be a mapping of fields, got null"),
    ("[{dummies: [a]}]", "prepare[0].dummies must be a mapping of fields, got ['a']"),
    ("[{dummies: {}}]", "prepare[0].dummies.columns is missing"),
    ("[{dummies: {columns: a}}]", "prepare[0].dummies.columns must be a list, got 'a' (write [a])"),
    ("[{dummies: {columns: []}}]", "prepare[0].dummies.columns must hold at least one value"),
    (
        "[{dummies: {columns: [a, a]}}]",
        "prepare[0].dummies.columns must hold different values, got 'a' twice",
    ),
    (
        "[{dummies: {columns: [no]}}]",
        "prepare[0].dummies.columns must hold names of columns, got false (put it in quotes)",
    ),
    (
        "[{dummies: {columns: [a], dropfirst: true}}]",
        "prepare[0].dummies.dropfirst is not a known field; did you mean drop_first? (known: colum",
    ),
    (
        "[{dummies: {columns: [a], drop_first: 3}}]",
        "prepare[0].dummies.drop_first must be true or false, got 3",
    ),
    ("[{drop_rare: {columns: [a]}}]", "prepare[0].drop_rare.below is missing"),
    (
        "[{drop_rare: {columns: [a], below: 1}}]",
        "prepare[0].drop_rare.below must be at least 2, got 1",
    ),
    ("[{binarize: {}}]", "prepare[0].binarize must hold at least 1"),
    ("[{binarize: [a]}]", "prepare[0].binarize must be a mapping of fields, got ['a']"),
    ("[{binarize: {a: yes}}]", f"prepare[0].binarize.a {VALUE}, got true (put it in quotes)"),
    ("[{binarize: {a: }}]", f"prepare[0].binarize.a {VALUE}, got null"),
    ("[{binarize: {a: ''}}]", f"prepare[0].binarize.a {VALUE}, got ''"),
    ("[{binarize: {a: .inf}}]", f"prepare[0].binarize.a {VALUE}, got inf"),
    (f"[{{binarize: {{a: 1{'0' * 399}}}}}]", f"prepare[0].binarize.a {VALUE}, got 1000"),
    ("[{binarize: {a: 2020-01-01}}]", f"prepare[0].binarize.a {VALUE}, got datetime.date(2020, "),
    (
        "[{binarize: {a: 1}}, {dummies: {columns: [b, a]}}]",
        "prepare[1].dummies holds the column 'a', which table.prepare[0].binarize holds already",
    ),
    (
        "[{drop_rare: {columns: [a], below: 2}}, {drop_rare: {columns: [a], below: 3}}]",
        "prepare[1].drop_rare holds the column 'a', which table.prepare[0].drop_rare holds already",
    ),
]


@pytest.mark.parametrize(("steps", "expected"), WRONG, ids=lambda value: value[:40])
def test_a_wrong_step_names_file_field_and_value(steps, expected):
    text = f"table: {{source: a, prepare: {steps}}}\nnetwork: {{units: [2]}}\n"
    with pytest.raises(ProjectError) as caught:
        Project.parse(text, origin="p.yaml")
    assert str(caught.value).startswith(f"p.yaml: table.{expected}")
    assert "\n" not in str(caught.value)
