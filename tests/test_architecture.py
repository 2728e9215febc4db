import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from grimp import build_graph
from importlinter import api
from scipy.sparse.csgraph import connected_components

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


def test_no_modules_import_each_other_in_a_circle_not_even_for_their_types():
    graph = build_graph("sparse_lightning", exclude_type_checking_imports=False, cache_dir=None)
    at_runtime = build_graph("sparse_lightning", exclude_type_checking_imports=True, cache_dir=None)
    packages = {module for module in graph.modules if graph.find_children(module)}
    modules = sorted(graph.modules)
    places = {module: place for place, module in enumerate(modules)}
    imports = np.zeros((len(modules), len(modules)), dtype=bool)
    for module in modules:
        # Packages name for type checkers what their `__getattr__` loads when it is asked for.
        source = at_runtime if module in packages else graph
        for imported in source.find_modules_directly_imported_by(module):
            imports[places[module], places[imported]] = True
    _, circles = connected_components(imports, connection="strong")
    found = [
        [module for module in modules if circles[places[module]] == circle]
        for circle in np.flatnonzero(np.bincount(circles) > 1)
    ]
    assert found == []
