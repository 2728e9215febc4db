import os
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter import api

ROOT = Path(__file__).parents[1]


def test_imports_go_downwards_only():
    # In a process of its own: it switches off all loggers that there are.
    command = "from importlinter.cli import lint_imports; exit(lint_imports(no_cache=True))"
    done = subprocess.run(
        [sys.executable, "-c", command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "KEPT" in done.stdout


@pytest.mark.parametrize("upward", ["comparison", "project"])
def test_the_layers_hold_every_module_of_the_package(monkeypatch, upward):
    monkeypatch.chdir(ROOT)
    contracts = api.read_configuration("pyproject.toml")["contracts_options"]
    (layers,) = [contract for contract in contracts if contract["type"] == "layers"]
    assert layers["exhaustive"] in (True, "True")
    assert any(upward in layer.split(" | ") for layer in layers["layers"])
