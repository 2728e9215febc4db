"""What docs/how-to/estimators.md shows runs as it stands there, from top to bottom."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "estimators.md"


@pytest.mark.long
@pytest.mark.slow
def test_the_examples_of_the_page_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    names = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    assert list(names["codes"]) == ["code_1", "code_2", "code_3", "code_4"]
    assert list(names["rebuilt"]) == list(names["X"])
    assert Path("structure.svg").exists()
    results = names["search"].cv_results_
    chosen = results["mean_test_connections"][names["search"].best_index_]
    assert chosen >= results["mean_test_connections"][results["mean_test_accuracy"].argmax()]
    assert (names["pca"].components_ == 0).any()
