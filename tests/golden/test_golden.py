"""Short jobs give what they gave before the package was rearranged, to the last digit.

`values/` holds, of each job, what `reading` finds: the indices, their intervals, the markers, and
of every network its measures, and for each array of its weights a hash of the bytes. They were made
with the package of the commit that added them, by

    KEEP_GOLDEN=1 pytest tests/golden

which is to be done again only where a change of the numbers is meant.

Why not on every machine: a sum of floating-point numbers depends on the order of its terms, and how
many are added at a time depends on the processor. `machine` pins what can be pinned, so that one
kind of processor gives the same digits every time, but another one, or another version of a
library, may still round differently. `values/machine.json` says where the values were made: where
that is what is here, every digit and every hash must agree. Elsewhere numbers must agree within
`comparing.RELATIVE`, some within the other bounds beside it, and hashes are left out; the sum of
the absolute values of each array stands for them. To hold a change to the last digit on another
machine, keep golden values there first, with the commit before the change.

All jobs run in one process of its own, because libraries read these settings when they are loaded.
"""

import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from golden.comparing import differences
from golden.machine import PINNED, machine

VALUES = Path(__file__).parent / "values"
TESTS = Path(__file__).parents[1]
KEEP = bool(os.environ.get("KEEP_GOLDEN"))
SHOWN = 30


def golden_values():
    return {
        file.stem: json.loads(file.read_text(encoding="utf-8"))
        for file in sorted(VALUES.glob("*.json"))
    }


def run_jobs(folder):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    kept.pop("PYTHONWARNINGS", None)
    paths = [str(TESTS.parent), str(TESTS), os.environ.get("PYTHONPATH")]
    settings = {
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
    }
    words = [sys.executable, "-m", "golden.jobs"]
    environment = {**kept, **PINNED, **settings}
    made = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr[-5000:]
    return json.loads((folder / "gave.json").read_text(encoding="utf-8"))


@pytest.mark.long
@pytest.mark.slow
def test_short_jobs_give_what_they_gave(tmp_path):
    given = run_jobs(tmp_path)
    if KEEP:
        VALUES.mkdir(exist_ok=True)
        for name, values in given.items():
            text = json.dumps(values, indent=1, ensure_ascii=False) + "\n"
            (VALUES / f"{name}.json").write_text(text, encoding="utf-8")
    golden = golden_values()
    exact = golden.pop("machine") == given.pop("machine")
    found = list(differences(golden, given, exact))
    how = "to the last digit" if exact else "within the tolerance for other machines"
    shown = "\n".join(found[:SHOWN])
    assert not found, f"{len(found)} values differ, compared {how}:\n{shown}"


def test_this_is_the_machine_of_the_golden_values():
    made_on = golden_values()["machine"]
    if other := [name for name in made_on | machine() if made_on.get(name) != machine().get(name)]:
        pytest.skip(f"golden values are compared within a tolerance: other {', '.join(other)}")


@pytest.mark.parametrize("job", [name for name in golden_values() if name != "machine"])
def test_every_job_has_indices_of_several_groups(job):
    groups = golden_values()[job]["indices"]["groups"]
    assert len(groups) >= 2
    assert all(len(group["markers"]) >= 1 for group in groups.values())


def test_the_last_digit_of_a_weight_is_a_difference_on_the_same_machine_only():
    golden = golden_values()
    changed = copy.deepcopy(golden)
    network = next(iter(changed["wine_sae"]["networks"].values()))
    weights = next(iter(network["weights"].values()))
    weights["sha256"] = "0"
    weights["l1"] *= 1 + 1e-9
    assert len(list(differences(golden, changed, exact=True))) == 2
    assert not list(differences(golden, changed, exact=False))
    weights["l1"] *= 1.01
    assert len(list(differences(golden, changed, exact=False))) == 1


def test_what_is_missing_is_a_difference_on_every_machine():
    golden = golden_values()
    changed = copy.deepcopy(golden)
    del changed["wine_sae"]["indices"]["groups"]["L1"]["failed"]
    assert len(list(differences(golden, changed, exact=False))) == 1
