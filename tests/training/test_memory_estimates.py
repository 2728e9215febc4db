"""What a study takes of memory is told before it is trained."""

import pytest

from sparse_lightning import _machine
from sparse_lightning.errors import InputError, ProjectError
from sparse_lightning.project import Project
from sparse_lightning.training import preparing
from sparse_lightning.training.grid import network_count, replicas_of
from sparse_lightning.training.preparing import check_memory, least_bytes, prepare


def project(**fields):
    return Project(**{"table": {"source": "wine"}, "network": {"units": [8]}, **fields})


@pytest.mark.parametrize(
    "fields",
    [
        {"network": {"units": [10**9]}},
        {"network": {"units": [10**5, 10**5]}},
        {"training": {"seeds": range(100_000)}},
        {"report": {"bootstrap": 10**9}},
        {"training": {"chunk": 10**9, "seeds": range(90_000)}},
    ],
)
def test_what_no_machine_holds_is_refused_with_an_estimate(fields, monkeypatch):
    monkeypatch.setattr(preparing, "machine_bytes", lambda: 16 * 10**9)
    with pytest.raises(ProjectError, match=r"take at least .*B of memory, of which .* 16 GB"):
        prepare(project(**fields))


def test_the_projects_of_the_publication_fit_a_small_machine(monkeypatch):
    monkeypatch.setattr(preparing, "machine_bytes", lambda: 10**9)
    check_memory(project(network={"units": [14]}), rows=50_000, inputs=61, outputs=61, networks=155)


def test_the_least_is_what_the_weights_take():
    made = project(network={"units": [100]}, training={"epochs": 1})
    weights = 13 * 100 + 101 * 12
    least = least_bytes(made, rows=10, inputs=12, outputs=12, networks=1000)
    assert 1000 * 4 * weights < least < 1000 * 4 * weights * 20


def test_networks_are_counted_without_being_made():
    groups = {"L1": {}, "sh": {"hidden_weight": 1, "hidden_threshold": 1}}
    made = project(regularizers={"groups": groups, "l1_weights": [0.1, 0.2, 0.3, 0.4, 0.5]})
    assert network_count(made) == len(replicas_of(made)) == 5 * (1 + 5 + 1)


def test_networks_of_a_path_are_counted_before_it_is_found():
    assert network_count(project(regularizers={"groups": {"L1": {}, "sL1": {}}})) == 5 * (
        1 + 2 * 11
    )


def test_a_container_has_what_it_may_use(tmp_path, monkeypatch):
    whole = _machine.machine_bytes()
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(_machine, "LIMITS", (str(limit), str(tmp_path / "none")))
    limit.write_text("12345")
    assert _machine.machine_bytes() == 12345
    limit.write_text("max")
    assert _machine.machine_bytes() >= whole


def test_more_components_than_inputs_are_refused_before_training():
    made = Project(task="pca", table={"source": "wine"}, network={"units": [13]})
    with pytest.raises(InputError, match=r"\[13\] must be at most .* inputs, 12"):
        prepare(made)


def test_folds_are_tried_before_training():
    fields = {"table": {"source": "wine", "target": "quality"}, "evaluation": {"folds": 50}}
    with pytest.raises(InputError, match="needs at least 50 rows of every class"):
        prepare(project(task="classifier", **fields))
