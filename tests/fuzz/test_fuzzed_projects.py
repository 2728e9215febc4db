"""Project files that nobody should write: refused by this package's own errors, or they train."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hostile import CASES, in_time, mutated, outcome, spoiled, values
from hypothesis import given, settings
from hypothesis import strategies as st

from sparse_lightning.data import catalog
from sparse_lightning.errors import TrainingError
from sparse_lightning.project import Project
from sparse_lightning.training import train
from sparse_lightning.training.grid import network_count
from sparse_lightning.training.preparing import prepare

PROJECTS = Path(__file__).parents[2] / "projects"
FILES = sorted(PROJECTS.rglob("*.yaml"))
FIELDS = {file: yaml.safe_load(file.read_text(encoding="utf-8")) for file in FILES}
ROWS = 120

SNIPPETS = [
    *(b"&a ", b"*a", b"<<: *a\n", b"? ", b": ", b"- ", b"!!python/object/apply:os.system ", b"!!"),
    *(
        b"!!binary ",
        b"!!timestamp ",
        b"!!int ",
        b"!!set ",
        b"|\n",
        b">\n",
        b"---\n",
        b"...\n",
        b"%",
    ),
    *(b"\t", b"\0", b"\xef\xbb\xbf", b"\xff\xfe", b"{", b"}", b"[", b"]", b"'", b'"', b"#", b"\r"),
    *(b"0x" + b"f" * 5000, b"9" * 5000, b"1:59" * 300, b".nan", b"-.inf", b"1e999", b"0o7", b"yes"),
    *(
        b"[" * 300,
        b"{a: " * 300,
        b"extends: .\n",
        b"extends: wine_sae.yaml\n",
        b"\xc2\x85",
        b"name",
    ),
]


def _head(read, names, leveled=()):
    return read(names, leveled).head(ROWS)


@pytest.fixture(scope="module", autouse=True)
def small_tables():
    """The first rows of the packaged tables, each read once."""
    whole = catalog._packaged
    raws = {name: whole(entry) for name, entry in catalog.PACKAGED.items()}
    heads = {
        name: replace(raw, rows=ROWS, read=partial(_head, raw.read)) for name, raw in raws.items()
    }

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog, "_packaged", lambda entry: heads[entry.name])
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with project files beside the fuzzed one, some that cannot be extended."""
    folder = tmp_path_factory.mktemp("projects")
    (folder / "wine_sae.yaml").write_bytes((PROJECTS / "wine_sae.yaml").read_bytes())
    (folder / "self.yaml").write_text("extends: case.yaml\n")
    (folder / "binary.yaml").write_bytes(bytes(range(256)))
    (folder / "list.yaml").write_text("[1, 2]\n")
    pd.DataFrame(
        {"a": range(12), "b": [x * x % 7 for x in range(12)], "c": list("xyxyzz") * 2}
    ).to_csv(folder / "my.csv", index=False)
    return folder


def loaded(folder, content):
    file = folder / "case.yaml"
    file.write_bytes(content)
    project = outcome(lambda: Project.load(file))
    if project is not None:
        assert Project.parse(project.dump_yaml()) == project
    return project


@settings(max_examples=CASES)
@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8")))
def test_any_bytes_are_a_project_or_explained(folder, content):
    loaded(folder, content)


@settings(max_examples=CASES)
@given(st.sampled_from(FILES).flatmap(lambda file: spoiled(file.read_bytes(), SNIPPETS)))
def test_a_spoiled_project_file_loads_or_is_explained(folder, content):
    loaded(folder, content)


@settings(max_examples=CASES)
@given(
    st.sampled_from(
        ["wine_sae.yaml", "self.yaml", "case.yaml", "binary.yaml", "list.yaml", "none.yaml"]
    )
    | st.sampled_from([".", "/", "/dev/null", "/dev/zero", "/proc/self/mem", "my.csv"])
    | values,
    mutated(FIELDS[PROJECTS / "wine_sae.yaml"]),
)
def test_whatever_is_extended_is_merged_or_explained(folder, extended, fields):
    fields = {"extends": extended, **(fields if isinstance(fields, dict) else {})}
    loaded(folder, dumped(fields))


def dumped(fields):
    try:
        return yaml.safe_dump(fields, allow_unicode=True).encode("utf-8", "surrogatepass")
    except (yaml.YAMLError, ValueError):  # a number of too many digits
        return repr(fields).encode("utf-8", "surrogatepass")


@st.composite
def projects(draw):
    file = draw(st.sampled_from(FILES))
    fields = draw(mutated(FIELDS[file]))
    if isinstance(fields, dict) and "extends" in fields and fields["extends"] == "../" + file.name:
        fields = {**FIELDS[PROJECTS / file.name], **fields}
        del fields["extends"]
    return fields


@settings(max_examples=CASES)
@given(projects())
def test_a_changed_project_can_be_checked_or_is_explained(folder, fields):
    project = loaded(folder, dumped(fields))
    if project is not None:
        outcome(lambda: prepare(project))


SMALL = ["training.epochs=1", "training.fine_tune_epochs=0", "training.accelerator=cpu"]
SMALL += ["training.seeds=[1]", "training.floor.max_cycles=1"]


@settings(max_examples=max(10, CASES // 20))
@given(projects(), st.lists(st.sampled_from(SMALL), unique=True))
def test_what_passes_the_check_trains(folder, fields, kept):
    small = [option for option in SMALL if option not in kept[:1]]
    text = dumped(fields).decode("utf-8", "replace")
    project = outcome(lambda: Project.parse(text, small, folder=folder))
    prepared = project and outcome(lambda: prepare(project))
    if not prepared or sum(prepared.layers) > 400 or project.training.epochs > 3:
        return
    refused = None
    try:
        with in_time(60):
            trained = train(project, prepared.examples)
    except TrainingError as error:
        refused = str(error)
    if refused is None:
        assert len(trained.replicas) == network_count(project)
    else:  # whether there is such an accelerator, only this machine knows
        assert "cannot be used here" in refused
