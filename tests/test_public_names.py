import subprocess
import sys

import pytest

import sparse_lightning as sl

HEAVY = {"torch", "pytorch_lightning", "mlflow", "pandas", "numpy", "matplotlib"}


def imported_by(statement):
    """The heavy modules that a statement brings into a fresh interpreter."""
    script = f"import sys\n{statement}\nprint(*sys.modules)"
    options = {"capture_output": True, "text": True, "check": True}
    output = subprocess.run([sys.executable, "-c", script], **options).stdout
    return (HEAVY | {"pydantic", "yaml"}) & set(output.splitlines()[-1].split())


@pytest.mark.parametrize("name", sl.__all__)
def test_every_public_name_is_there_and_documented(name):
    assert name in dir(sl)
    assert getattr(sl, name).__name__ == name
    assert getattr(sl, name).__doc__


def test_every_public_name_has_a_home_and_no_other_has():
    assert set(sl._HOMES) == set(sl.__all__)
    assert set(dir(sl)) == {*sl.__all__, "__version__"}


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'sparse_lightning' has no attribute 'Studdy'"):
        _ = sl.Studdy


def test_importing_the_package_costs_next_to_nothing():
    assert imported_by("import sparse_lightning") == set()


def test_a_project_is_read_without_torch_or_mlflow():
    loaded = imported_by("from sparse_lightning import Project, ProjectError")
    assert loaded <= {"pydantic", "yaml"}


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments):
    statement = (
        "from sparse_lightning.cli import main\n"
        f"main({arguments}, prog_name='sparse-lightning', standalone_mode=False)"
    )
    assert imported_by(statement) == set()


def test_checking_a_project_does_without_lightning():
    statement = (
        "from sparse_lightning.cli import main\n"
        "main(['check', 'projects/wine_sae.yaml'], standalone_mode=False)"
    )
    assert not {"pytorch_lightning", "mlflow", "matplotlib"} & imported_by(statement)
