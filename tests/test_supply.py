"""What is installed: verified by hashes, within the bounds of whose private parts are used."""

import hashlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def requirements():
    project = PROJECT["project"]
    extras = project["optional-dependencies"].values()
    lists = [project["dependencies"], PROJECT["build-system"]["requires"], *extras]
    return [Requirement(one) for listed in lists for one in listed]


def pins(text):
    """The version of every package in a file of constraints or a lock, and its further words."""
    found = {}
    for line in re.sub(r"\\\n", "", text).splitlines():
        if line and not line.startswith("#"):
            pin, *further = line.split()
            name, version = pin.split("==")
            name = canonicalize_name(name)
            assert name not in found
            found[name] = version, further
    return found


@pytest.mark.parametrize("package", ["mlflow", "optuna", "pytorch-lightning", "torch"])
def test_a_package_of_which_private_parts_are_used_has_an_upper_bound(package):
    bounds = [one.specifier for one in requirements() if one.name == package]
    assert bounds
    for bound in bounds:
        assert [one for one in bound if one.operator in ("<", "<=", "==", "~=")], package


@pytest.mark.parametrize("name", ["constraints", "constraints-cuda"])
def test_a_lock_has_the_constraints_with_hashes_and_no_addresses(name):
    text = (ROOT / f"{name}.lock").read_text()
    lock = pins(text)
    for package, (_, hashes) in lock.items():
        assert hashes, package
        for one in hashes:
            assert re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", one), package
    wanted = pins((ROOT / f"{name}.txt").read_text())
    # `make lock` has not been run since a version was changed, where they differ.
    assert {one: version for one, (version, _) in lock.items()} == {
        one: version for one, (version, _) in wanted.items()
    }
    assert "://" not in text


def test_every_dependency_is_locked_within_its_bounds():
    locked = pins((ROOT / "constraints.lock").read_text())
    for one in requirements():
        version, _ = locked[canonicalize_name(one.name)]
        assert one.specifier.contains(version), one


def test_nothing_is_installed_but_by_way_of_the_locks():
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(r"^LOCKED := .*--require-hashes .*--only-binary :all:", makefile, re.MULTILINE)
    texts = (makefile, *((ROOT / name).read_text() for name in (".ci/run", "MLproject")))
    lines = [line for text in texts for line in text.replace("\\\n", "").splitlines()]
    assert "newest" not in texts[1]
    installing = [line for line in lines if re.search(r"pip (install|download|wheel)", line)]
    assert len(installing) >= 4
    for line in installing:
        if "--dry-run --no-deps" in line:
            continue  # only asks whether there is a CPU build of torch
        if line.startswith("\t$(NEWEST)/bin/pip install"):
            continue  # an environment beside, to try what the locks do not have yet
        own = "--no-deps --no-build-isolation --editable ." in line
        assert own or ("$(LOCKED)" in line and (".lock" in line or "$cuda" in line)), line
    for line in lines:
        # Each of these would fetch what no lock names.
        assert "-m build" not in line or "--no-isolation" in line, line
        assert not re.search(r"npm (i|install)\b|\bnpx\b|uv (run|sync|pip install)", line), line
        assert not re.match(r"\s*(python_env|conda_env|docker_env):", line), line


@pytest.mark.long
def test_a_file_that_was_replaced_under_the_same_version_stops_the_installation(tmp_path):
    wheel = tmp_path / "told-1.0-py3-none-any.whl"
    write_wheel(wheel, "honest = True")
    lock = tmp_path / "told.lock"
    lock.write_text(f"told==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    assert install(lock, tmp_path / "first").returncode == 0
    assert (tmp_path / "first/told.py").read_text() == "honest = True"

    write_wheel(wheel, "honest = False")
    stopped = install(lock, tmp_path / "second")
    assert stopped.returncode != 0
    assert "DO NOT MATCH THE HASHES" in stopped.stderr
    assert not (tmp_path / "second/told.py").exists()


def write_wheel(path, code):
    about = "told-1.0.dist-info"
    with ZipFile(path, "w") as wheel:
        wheel.writestr("told.py", code)
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: told\nVersion: 1.0\n")
        wheel.writestr(
            f"{about}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr(f"{about}/RECORD", "")


def install(lock, target):
    """Install as `make` does, from the lock's folder alone."""
    (locked,) = re.findall(r"^LOCKED := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    where = ["--no-index", "--find-links", lock.parent.as_uri(), "--target", target]
    return subprocess.run(
        [sys.executable, "-m", "pip", "install", *locked.split(), "--requirement", lock, *where],
        capture_output=True,
        text=True,
    )
