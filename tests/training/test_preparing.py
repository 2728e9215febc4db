"""What a training would stop at is found before it begins, by `check` too."""

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner

from sparse_lightning.cli import main
from sparse_lightning.data.examples import Examples
from sparse_lightning.errors import TableError, TrainingError
from sparse_lightning.project import Project
from sparse_lightning.training import preparing
from sparse_lightning.training.preparing import check_training, prepare

ROWS = torch.rand(20, 5, generator=torch.Generator().manual_seed(1))


def project(task="sae", units=(2,), **sections):
    return Project(
        task=task, table={"source": "my.csv"}, network={"units": list(units)}, **sections
    )


def test_a_project_that_can_be_trained_passes():
    check_training(project(), Examples(ROWS))


def test_more_components_than_inputs_are_refused():
    with pytest.raises(TableError, match=r"network.units \[7\] must be at most .* inputs, 5"):
        check_training(project("pca", (7,)), Examples(ROWS))


@pytest.mark.parametrize("row", [1, 3, 4, 20])
def test_the_row_of_what_is_not_finite_is_named_in_every_part_of_the_table(row, monkeypatch):
    monkeypatch.setattr(preparing, "ROWS_AT_ONCE", 3)
    rows = ROWS.clone()
    rows[row - 1, 2] = torch.inf
    rows[-1, 0] = torch.nan
    with pytest.raises(TableError, match=f"^row {row} holds an input that is not finite"):
        check_training(project(), Examples(rows))


def test_folds_that_a_class_is_too_rare_for_are_refused():
    labels = torch.tensor([0] * 17 + [1] * 3)
    examples = Examples(ROWS, labels, ("often", "rare"))
    asked = Project(
        task="classifier",
        table={"source": "my.csv", "target": "y"},
        network={"units": [2]},
        evaluation={"folds": 4},
    )
    with pytest.raises(TableError, match="folds 4 needs at least 4 rows of every class: 'rare'"):
        check_training(asked, examples)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is an accelerator")
def test_an_accelerator_that_is_not_there_is_found():
    with pytest.raises(TrainingError, match=r"training\.accelerator cuda with"):
        check_training(project(training={"accelerator": "cuda"}), Examples(ROWS))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("task: pca\ntable: {source: wine}\nnetwork: {units: [40]}", "network.units [40] must be"),
        (
            "task: classifier\ntable: {source: wine, target: quality}\nnetwork: {units: [4]}\n"
            "evaluation: {folds: 11}",
            "evaluation.folds 11 needs at least 11 rows",
        ),
        (
            "task: sae\ntable: {source: wine}\nnetwork: {units: [4]}\n"
            "training: {accelerator: cpu, precision: 16-mixed}",
            "training.accelerator cpu with training.precision 16-mixed cannot be used here",
        ),
    ],
)
def test_the_command_finds_them_too(settings, told, tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text(settings)
    found = CliRunner().invoke(main, ["check", str(file)])
    assert found.exit_code in (1, 2)
    assert told in found.output


@pytest.mark.parametrize("weight", [None, "w"])
@pytest.mark.parametrize(
    ("task", "target"), [("sae", None), ("classifier", "kind"), ("regressor", "y")]
)
def test_parts_are_the_rows_of_the_table_and_no_copies(tmp_path, task, target, weight):
    random = np.random.default_rng(4)
    table = pd.DataFrame(random.normal(size=(400, 3)), columns=list("abc"))
    table["kind"] = random.choice(["u", "v"], 400)
    table["y"] = table["a"] * 2 + random.normal(size=400)
    table["w"] = random.uniform(0.5, 2, 400)
    table.to_csv(tmp_path / "t.csv", index=False)
    asked = Project(
        task=task,
        table={"source": str(tmp_path / "t.csv"), "target": target, "weight": weight},
        network={"units": [2]},
    )
    prepared = prepare(asked)
    used, examples = prepared.table, prepared.examples
    inputs = torch.from_numpy(used.encoding.transform(used.frame, unseen=True))
    for number, part in enumerate(
        (examples.training(), examples.part("validation"), examples.part("test"))
    ):
        rows = used.split.parts == number
        assert torch.equal(part.inputs, inputs[rows])
        assert (
            part.inputs.untyped_storage().data_ptr() == examples.inputs.untyped_storage().data_ptr()
        )
        if task == "classifier":
            assert [part.classes[code] for code in part.labels] == table["kind"][rows].tolist()
        if task == "regressor":
            frame = part.number_target.frame(part.numbers.numpy())
            np.testing.assert_allclose(frame["y"], table["y"][rows], rtol=1e-5, atol=1e-5)
        if weight:
            ratios = part.weights.numpy() / table["w"][rows].to_numpy()
            np.testing.assert_allclose(ratios, ratios[0], rtol=1e-5)
    assert torch.equal(examples.choosing().part("validation").inputs, inputs[used.split.parts == 1])
