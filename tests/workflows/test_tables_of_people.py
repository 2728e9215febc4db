"""Tables as people export them go through at the first try, and every decision is said."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from quick import rough_references
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine

from sparse_lightning import Project, run, search_strengths
from sparse_lightning.address import Address
from sparse_lightning.cli import main
from sparse_lightning.training.progress import SilentProgress
from sparse_lightning.workflows.side_by_side import run_all

SHORT = ["training.seeds=[1]", "regularizers.l1_weights=[0.001, 0.01]", "report.bootstrap=50"]


def iris():
    frame = load_iris(as_frame=True).frame
    names = ["setosa", "versicolor", "virginica"]
    return frame.assign(target=[names[kind] for kind in frame["target"]])


def german(folder):
    """Semicolons, decimal commas and Latin-1."""
    frame = iris().rename(columns={"sepal length (cm)": "Länge", "target": "Größe"})
    frame.to_csv(folder / "t.csv", sep=";", decimal=",", encoding="latin-1", index=False)
    return "t.csv", "Größe"


def utf_16(folder):
    """As Excel saves "Unicode text"."""
    frame = load_wine(as_frame=True).frame
    frame.to_csv(folder / "t.txt", sep="\t", encoding="utf-16", index=False)
    return "t.txt", "target"


def of_r(folder):
    """As write.csv of R: row names in a first column without a name."""
    frame = iris().set_axis(range(1, 151))
    frame.to_csv(folder / "t.csv", index_label="", quoting=2)
    return "t.csv", "target"


def mixed(folder):
    """Text, booleans, dates, an id, missing values, constants."""
    random = np.random.default_rng(0)
    frame = load_diabetes(as_frame=True, scaled=False).data
    rows = len(frame)
    frame = frame.mask(random.random(frame.shape) < 0.15)
    frame.insert(0, "patient", [f"P-{row:04d}" for row in range(rows)])
    frame["smoker"] = random.choice(["yes", "no"], rows)
    frame["town"] = random.choice(["Rome", "Oslo", "Lima", "Bern", "Ulm"], rows)
    frame["insured"] = random.choice([True, False], rows)
    frame["visit"] = pd.date_range("2021-03-01", periods=rows, freq="31h").strftime("%d.%m.%Y")
    frame["site"] = "A"
    frame["kind"] = random.choice(["a", "b", "c"], rows)
    frame.to_csv(folder / "t.csv", index=False)
    return "t.csv", "kind"


def signs(folder):
    """Thousands separators and signs for per cent, below a title."""
    random = np.random.default_rng(1)
    rows = [
        f'"{value:,.2f}",{share:.1f}%,{kind}'
        for value, share, kind in zip(
            random.uniform(500, 9e6, 400),
            random.uniform(0, 100, 400),
            random.choice(["x", "y"], 400),
            strict=True,
        )
    ]
    text = "\n".join(["Report of the year", "", "turnover,share,kind", *rows, ""])
    (folder / "t.csv").write_text(text)
    return "t.csv", "kind"


def excel(folder):
    """A sheet with a title, dates, text with spaces behind it, gaps and a column of comments."""
    random = np.random.default_rng(2)
    rows = 320
    frame = load_diabetes(as_frame=True, scaled=False).frame.head(rows).drop(columns="s6")
    frame.insert(0, "Visit", pd.date_range("2022-01-03", periods=rows, freq="1D"))
    frame["Ward"] = random.choice(["North ", "South", "East"], rows)
    frame["Insured"] = random.choice([True, False], rows)
    frame["Comment"] = [f"seen by doctor {row}" for row in range(rows)]
    frame = frame.mask(random.random(frame.shape) < 0.05).assign(sex=frame["sex"] > 1)
    frame.to_excel(folder / "t.xlsx", index=False, startrow=2)
    return "t.xlsx", "sex"


def packed(folder):
    frame = load_breast_cancer(as_frame=True).frame
    frame.to_csv(folder / "t.csv.gz", index=False)
    return "t.csv.gz", "target"


TABLES = [german, utf_16, of_r, mixed, signs, excel, packed]

NUMBERS = {
    german: "sepal width (cm)",
    utf_16: "alcohol",
    of_r: "petal length (cm)",
    mixed: "bmi",
    signs: "share",
    excel: "target",
    packed: "mean radius",
}
"""A column of each that a regressor predicts."""


@pytest.fixture
def folder(workplace):
    with rough_references():
        yield workplace


def said(*arguments):
    done = CliRunner().invoke(main, [str(one) for one in arguments])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_decision_is_said(folder, table):
    source, target = table(folder)
    said("init", source, "--target", target)
    checked = said("check", f"{source.split('.')[0]}.yaml")
    assert f"target: {target}, " in checked
    columns = [line for line in checked.splitlines() if line.startswith("  ")]
    assert columns
    if table is mixed:
        for expected in ("patient  left out: ", "site     left out: ", "visit    date, "):
            assert expected in checked
        assert "insured  number" in checked


class Heard(SilentProgress):
    """Ends a job when training begins; until then it keeps what was said."""

    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)

    def start(self, stage, epochs, replicas):
        raise InterruptedError(stage)

    def beside(self, title):
        return self


def side_by_side(project, store, folder, progress):
    list(run_all({"t": project}, 1, Address(store), folder, progress, fresh=False))


@pytest.mark.parametrize("job", [run, search_strengths, side_by_side])
def test_every_job_says_first_which_columns_it_leaves_out(folder, job):
    source, target = mixed(folder)
    project = Project(
        name="t",
        task="classifier",
        table={"source": source, "target": target},
        network={"units": [2]},
        training={"epochs": 1, "seeds": [1]},
    )
    heard = Heard()
    with pytest.raises(InterruptedError):
        job(project, f"sqlite:///{folder}/m.db", folder / "r", heard)
    (line,) = [line for line in heard.lines if "left out" in line]
    assert line.startswith("t: left out patient (")
    assert "site (always 'A')" in line


@pytest.mark.long
@pytest.mark.slow
def test_numbers_of_a_mixed_table_are_predicted_at_the_first_try(folder):
    source, _ = mixed(folder)
    said("init", source, "--target", "bmi,bp", "--output", "numbers.yaml")
    assert "target: bmi, bp, numbers" in said("check", "numbers.yaml")
    settings = [part for setting in SHORT for part in ("--set", setting)]
    settings += ["--set", "training.epochs=2", "--set", "table.weight=age"]
    settings += ["--set", "table.columns=auto"]
    store = ["--tracking-uri", f"sqlite:///{folder}/mlflow.db", "--output", folder / "r"]
    pd.read_csv(source).assign(age=1.0).to_csv(source, index=False)
    said("run", "numbers.yaml", *settings, *store)
    report = (folder / "r" / "report.html").read_text()
    for told in ("validation: R² of bmi", "test: mean absolute error of bp", "2 numbers"):
        assert told in report


# That each table is read, `test_every_decision_is_said` shows in a moment.
COMMANDS = [
    pytest.param(task, table, marks=[] if table is mixed else [pytest.mark.long])
    for task in ("sae", "classifier", "regressor")
    for table in TABLES
]


@pytest.mark.slow
@pytest.mark.parametrize(("task", "table"), COMMANDS, ids=lambda one: getattr(one, "__name__", one))
def test_the_first_command_goes_through(folder, table, task):
    source, target = table(folder)
    predicted = {"classifier": target, "regressor": f'"{NUMBERS[table]}"'}
    options = ["--target", predicted[task]] if task in predicted else []
    settings = [part for setting in SHORT for part in ("--set", setting)]
    store = ["--tracking-uri", f"sqlite:///{folder}/mlflow.db", "--output", folder / "r"]
    output = said(task, "--table", source, *options, "--epochs", "2", *settings, *store)
    assert "report" in output
    report = (folder / "r" / "report.html").read_text()
    assert "What was made of" in report
