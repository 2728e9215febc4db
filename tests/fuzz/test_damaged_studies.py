"""Finished studies of which one thing is damaged: the message names the file and the run."""

import json

import pytest
from hostile import in_time

from sparse_lightning import Study
from sparse_lightning.errors import TrackingError
from sparse_lightning.page.networks import network_document
from sparse_lightning.tracking import Store

pytestmark = pytest.mark.long


def file_of(study, name):
    run = study.job.study.run_id
    return next(file for file in study.artifacts if file.name == name and run in file.parts)


def refused(study, said):
    """See to it that reading a study ends in an error of the store that says this."""
    with in_time(), pytest.raises(TrackingError, match=said):
        read(study)


def read(study):
    found = Study.load(study.job.study.run_id, study.job.uri)
    found.network("none", seed=1)
    found.view()
    store = Store(study.job.uri)
    network_document(store, store.run(found.networks["run_id"].iloc[0]), 0.01)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "project.yaml",
            b"extends: /etc/passwd",
            "extends is only possible",
        ),
        ("project.yaml", b"\xff", "project.yaml of run .* cannot be read"),
        ("project.yaml", b"task: x", "project.yaml of run .* task must be one of"),
        ("encoding.json", b"{}", "encoding.json of run .* cannot be read"),
        ("encoding.json", b"[" * 5000, "encoding.json of run .* cannot be read"),
        ("encoding.json", b'{"version": NaN}', "NaN is no number of JSON"),
        ("encoding.json", b"1e999", "1e999 is too large"),
    ],
)
def test_a_damaged_file_of_the_study_is_named(stored, name, content, said):
    study = stored["sae"]
    with study.damaged():
        file_of(study, name).write_bytes(content)
        refused(study, said)


def test_an_encoding_of_other_columns_is_refused(stored):
    study = stored["sae"]
    file = file_of(study, "encoding.json")
    encoding = json.loads(file.read_text())
    encoding["variables"].pop()
    with study.damaged():
        file.write_text(json.dumps(encoding))
        refused(study, "from 3 inputs to 3 outputs, but its study has 2 and 2")


@pytest.mark.parametrize("factor", [0, -1, float("inf")])
def test_a_factor_that_no_scaling_has_is_refused(stored, factor):
    study = stored["sae"]
    file = file_of(study, "encoding.json")
    encoding = json.loads(file.read_text())
    encoding["variables"][0]["factors"] = [factor]
    with study.damaged():
        file.write_text(json.dumps(encoding))
        refused(study, "encoding.json of run")


def test_errors_of_other_inputs_are_refused(stored):
    study = stored["sae"]
    errors = b'{"variance": [1], "squared_error": [1]}'
    with study.damaged():
        for file in study.artifacts:
            if file.name == "input_errors.json":
                file.write_bytes(errors)
        refused(study, "input_errors.json of run")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("delete from latest_metrics where key = 'null_error'", "lacks the metric null_error"),
        ("update latest_metrics set is_nan = 1 where key = 'rows'", "lacks the metric rows"),
        ("update params set value = '3-x' where key = 'layers'", "params of run .* cannot be read"),
        ("update params set value = 'x' where key = 'seed'", "params of a network of run"),
        ("update params set value = '1e99' where key = 'seed'", "params of a network of run"),
        ("update params set value = 'inf' where key = 'l1_weight'", "out of range"),
        ("delete from params where key = 'group'", "params of a network of run"),
        (
            "delete from tags where key = 'sparse_lightning.replica'",
            "the number of run",
        ),
    ],
)
def test_a_damaged_row_is_named(stored, statement, said):
    study = stored["sae"]
    with study.damaged() as live:
        live.execute(statement)
        refused(study, said)


def test_a_group_without_networks_is_not_shown(stored):
    study = stored["sae"]
    with study.damaged() as live:
        live.execute("update params set value = 'other' where key = 'group' and value = 'L1'")
        view = Study.load(study.job.study.run_id, study.job.uri).view()
    assert {reading.title.split(",")[0] for reading in view.study.readings} == {"sL1"}
