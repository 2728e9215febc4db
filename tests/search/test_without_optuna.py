import subprocess
import sys

import pytest

WITHOUT = "import sys; sys.modules['optuna'] = None\n"


def outcome(script, folder):
    words = [sys.executable, "-c", WITHOUT + script]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True)


def test_the_search_says_what_to_install(make_project, workplace):
    make_project()
    script = "from sparse_lightning.cli import main; main(['search', 'small.yaml'])"
    ended = outcome(script, workplace)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == (
        "Error: a search needs Optuna, which is not installed: "
        "pip install 'sparse-lightning[scale]'"
    )
    assert "Traceback" not in ended.stderr


@pytest.mark.long
def test_all_else_works(make_project, workplace):
    make_project()
    script = (
        "import sparse_lightning as sl; from sparse_lightning.cli import main\n"
        "[getattr(sl, name) for name in sl.__all__]; main(['check', 'small.yaml'])"
    )
    ended = outcome(script, workplace)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("small.yaml: small, ")
