"""What the page's tests are compared with is what sparse_lightning.comparison gives today."""

import importlib.util
import json
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2] / "page" / "tests"
FIXTURES = TESTS / "fixtures" / "pareto"


@pytest.fixture(scope="module")
def today() -> dict[str, str]:
    """The fixtures as the script would write them now."""
    specification = importlib.util.spec_from_file_location(
        "make_fixtures", TESTS / "make_fixtures.py"
    )
    assert specification is not None
    assert specification.loader is not None
    script = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(script)
    return script.texts()


def flat(value, path: str = "") -> dict[str, object]:
    """Every number and text of a document by where it stands."""
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    else:
        return {path: value}
    return {
        where: leaf for key, part in parts for where, leaf in flat(part, f"{path}/{key}").items()
    }


def test_the_fixtures_are_those_of_the_script(today):
    assert {path.name for path in FIXTURES.glob("*.json")} == set(today)


def test_the_fixtures_are_what_python_gives_today(today):
    for name, text in today.items():
        kept = flat(json.loads((FIXTURES / name).read_text(encoding="utf-8")))
        made = flat(json.loads(text))
        assert kept.keys() == made.keys(), name
        for where, value in made.items():
            # The last bits of a sum may differ between processors.
            expected = pytest.approx(value, rel=1e-12, abs=1e-15) if type(value) is float else value
            assert kept[where] == expected, f"{name}{where}"
