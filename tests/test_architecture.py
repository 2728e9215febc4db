from pathlib import Path

import pytest
from importlinter import api
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[1]


def test_imports_go_downwards_only(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(str(ROOT))
    status = lint_imports(config_filename="pyproject.toml", no_cache=True, no_logo=True)
    assert status == 0, capsys.readouterr().out


@pytest.mark.parametrize("upward", ["comparison", "project"])
def test_the_layers_hold_every_module_of_the_package(monkeypatch, upward):
    monkeypatch.chdir(ROOT)
    contracts = api.read_configuration("pyproject.toml")["contracts_options"]
    (layers,) = [contract for contract in contracts if contract["type"] == "layers"]
    assert layers["exhaustive"] in (True, "True")
    assert any(upward in layer.split(" | ") for layer in layers["layers"])
