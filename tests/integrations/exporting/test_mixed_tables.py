"""An exported network of a table as people have it: numbers, levels, dates and missing values."""

import json

import mlflow
import numpy as np
import pandas as pd
import pytest
import torch
from mlflow.exceptions import MlflowException
from torch import nn

from sparse_lightning.data.catalog import load_table
from sparse_lightning.integrations.exporting import save_model
from sparse_lightning.network import Network
from sparse_lightning.project import TableSettings
from sparse_lightning.weights import layers_of

ROWS = 240


def table_of(folder):
    random = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "id": np.arange(1, ROWS + 1),
            "age": random.integers(18, 90, ROWS),
            "income": np.where(random.random(ROWS) < 0.2, np.nan, random.normal(3e4, 9e3, ROWS)),
            "price": [f"${value:.2f}" for value in random.uniform(1, 90, ROWS)],
            "member": random.choice([True, False], ROWS),
            "sex": random.choice(["female", "male"], ROWS),
            "city": random.choice(["Rome", "Oslo", "Lima", "Bern"], ROWS, p=[0.5, 0.3, 0.19, 0.01]),
            "grade": random.choice(["low", "mid", "high"], ROWS),
            "signup": pd.date_range("2019-03-01", periods=ROWS, freq="77h").strftime("%d.%m.%Y"),
        }
    )
    frame.loc[random.random(ROWS) < 0.1, "city"] = None
    frame.loc[random.random(ROWS) < 0.1, "signup"] = None
    frame.loc[7, "city"] = "Bonn"
    frame.to_csv(folder / "t.csv", index=False)
    order = {"grade": {"ordered": ["low", "mid", "high"]}}
    settings = TableSettings(source="t.csv", scale="equal", columns=order)
    return frame, load_table(settings, folder)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """The user's rows, the network, and the exported model."""
    folder = tmp_path_factory.mktemp("mixed")
    frame, table = table_of(folder)
    torch.manual_seed(0)
    width = len(table.encoding.input_names)
    model = nn.Sequential(nn.Linear(width, 5), nn.Tanh(), nn.Linear(5, width), nn.Identity())
    network = Network(layers_of(model), table.encoding, {"group": "L1", "seed": 1}, "run")
    exported = mlflow.pyfunc.load_model(save_model(network, folder / "model", threshold=0))
    return frame, network, exported


def test_the_exported_model_says_what_the_network_says(mixed):
    frame, network, exported = mixed
    predicted = exported.predict(frame)
    expected = network.reconstruct(frame)
    codes = network.encode(frame)
    assert predicted.iloc[:, -5:].to_numpy() == pytest.approx(codes.to_numpy(), abs=1e-5)
    for name in expected:
        column, wanted = predicted[name], expected[name]
        assert column.isna().tolist() == wanted.isna().tolist(), name
        if name in ("age", "income", "price", "member"):
            assert column.to_numpy() == pytest.approx(wanted.to_numpy(), rel=1e-4, nan_ok=True)
        else:
            assert column.dropna().tolist() == wanted.dropna().tolist()


def test_rows_that_training_did_not_see_are_served(mixed):
    frame, network, exported = mixed
    row = json.loads(frame.drop(columns="id").head(1).to_json(orient="records"))[0]
    row |= {"city": "Tokyo", "income": None, "signup": None, "sex": None, "price": "17.5"}
    rows = pd.DataFrame([row, {**row, "member": "True", "age": "40", "price": "$17.50"}])
    predicted = exported.predict(rows)
    codes = network.encode(rows)
    assert predicted.iloc[:, -5:].to_numpy() == pytest.approx(codes.to_numpy(), abs=1e-5)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("age", "old", "column 'age' holds 'old' in row 2"),
        ("income", "12 kg", "column 'income' holds '12 kg' in row 2"),
        ("signup", "31.02.2020", "column 'signup' holds '31.02.2020' in row 2"),
        ("grade", "top", "column 'grade' holds 'top' in row 2"),
        ("city", [1], "column 'city' holds [1] in row 2"),
    ],
)
def test_what_cannot_be_taken_is_named(mixed, name, value, expected):
    frame, _, exported = mixed
    rows = frame.head(3).astype(object)
    rows[name] = [rows[name].iloc[0], value, rows[name].iloc[2]]
    with pytest.raises(MlflowException) as caught:
        exported.predict(rows)
    assert expected in caught.value.message
