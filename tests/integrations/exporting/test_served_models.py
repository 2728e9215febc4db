"""An exported network of a mixed table, served over HTTP as MLflow serves models."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from server_processes import Server, serving_model
from torch import nn

from sparse_lightning.data.catalog import load_table
from sparse_lightning.integrations.exporting import save_model
from sparse_lightning.network import Network
from sparse_lightning.project import TableSettings
from sparse_lightning.weights import layers_of

pytestmark = [pytest.mark.slow, pytest.mark.long]

ROWS = 200


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Numbers, levels, dates and missing values."""
    random = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "age": random.integers(18, 90, ROWS),
            "income": random.normal(3e4, 9e3, ROWS).round(2),
            "share": [f"{value:.1f}%" for value in random.uniform(1, 90, ROWS)],
            "member": random.choice([True, False], ROWS),
            "city": random.choice(["Rome", "Oslo", "Lima"], ROWS),
            "signup": pd.date_range("2019-03-01", periods=ROWS, freq="77h").strftime("%d.%m.%Y"),
        }
    )
    for name in ("income", "city", "signup"):
        frame[name] = frame[name].mask(random.random(ROWS) < 0.15)
    return frame


@pytest.fixture(scope="module")
def network(rows: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Network:
    folder = tmp_path_factory.mktemp("table")
    rows.to_csv(folder / "t.csv", index=False)
    table = load_table(TableSettings(source="t.csv", scale="equal"), folder)
    torch.manual_seed(0)
    width = len(table.encoding.input_names)
    model = nn.Sequential(nn.Linear(width, 3), nn.Tanh(), nn.Linear(3, width), nn.Identity())
    return Network(layers_of(model), table.encoding, {"group": "L1", "seed": 1}, "run")


@pytest.fixture(scope="module")
def server(network: Network, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("model")
    with serving_model(folder, save_model(network, folder / "model", threshold=0)) as running:
        yield running


def records(rows: pd.DataFrame) -> list[dict]:
    """Rows as JSON has them; missing values are null."""
    return json.loads(rows.to_json(orient="records"))


def answer(server: Server, rows: list[dict]):
    return server.post("invocations", {"dataframe_records": rows})


def test_rows_of_the_table_get_the_codes_of_the_network(server, network, rows):
    told = answer(server, records(rows))
    assert told.status_code == 200, told.text
    found = pd.DataFrame(told.json()["predictions"])
    codes = network.encode(rows)
    np.testing.assert_allclose(found.iloc[:, -3:].to_numpy(), codes.to_numpy(), atol=1e-5)


def test_new_levels_and_missing_values_are_answered(server, network, rows):
    row = records(rows.head(1))[0]
    nothing = {"income": None, "city": None, "signup": None}
    asked = [{**row, "city": "Tokyo"}, {**row, **nothing}, {**row, "city": "Bonn", "share": None}]
    told = answer(server, asked)
    assert told.status_code == 200, told.text
    found = pd.DataFrame(told.json()["predictions"]).iloc[:, -3:].to_numpy()
    np.testing.assert_allclose(found, network.encode(pd.DataFrame(asked)).to_numpy(), atol=1e-5)
    # Both cities are new, but the second row lacks its share, too.
    assert not np.allclose(found[0], found[2])


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("age", "old", "column 'age' holds 'old' in row 2"),
        ("signup", "31.02.2020", "column 'signup' holds '31.02.2020' in row 2"),
        ("city", ["Rome"], "column 'city' holds ['Rome'] in row 2"),
    ],
)
def test_the_answer_names_what_cannot_be_taken(server, rows, name, value, expected):
    asked = records(rows.head(3))
    asked[1][name] = value
    told = answer(server, asked)
    assert told.status_code == 400
    assert expected in told.json()["message"]


def test_the_answer_names_a_column_that_is_not_given(server, rows):
    told = answer(server, records(rows.head(2).drop(columns="city")))
    assert told.status_code == 400
    assert "city" in told.json()["message"]
