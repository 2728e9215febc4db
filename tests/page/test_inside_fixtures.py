"""The fixtures of the page's reading of networks are what this package reads."""

import importlib.util
import json
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2] / "page" / "tests"
FOLDER = TESTS / "fixtures" / "inside"


def _maker():
    spec = importlib.util.spec_from_file_location(
        "make_inside_fixtures", TESTS / "make_inside_fixtures.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _close(found, kept):
    """Equal, numbers up to rounding: other processors add in other orders."""
    if isinstance(kept, dict):
        return set(found) == set(kept) and all(_close(found[key], kept[key]) for key in kept)
    if isinstance(kept, list):
        return len(found) == len(kept) and all(map(_close, found, kept))
    if isinstance(kept, float):
        return found == pytest.approx(kept, rel=1e-12, abs=1e-15)
    return found == kept


def test_fixtures_are_what_is_read():
    made = dict(_maker().fixtures())
    assert {path.stem for path in FOLDER.iterdir()} == set(made)
    for name, content in made.items():
        kept = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        assert _close(json.loads(json.dumps(content)), kept), name
