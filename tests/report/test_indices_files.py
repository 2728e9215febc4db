import io
import json

import jsonschema
import numpy as np
import pandas as pd
import pytest

from sparse_lightning.comparison.knees import with_agreement
from sparse_lightning.report import indices_csv, indices_document, indices_json, indices_schema
from sparse_lightning.report.answer import rule


def strictly(text):
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def validate(document):
    schema = indices_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document)


def test_the_document_follows_its_schema_and_holds_the_comparison(study_of):
    study = study_of()
    document = strictly(indices_json(study))
    validate(document)
    assert document["version"] == 2
    assert document["study"] == "study"
    assert document["corner"] == [240, 0.06]
    assert document["axes"] == {
        "x": "connections",
        "y": "squared_error",
        "group": "regularizer",
        "marker": ["l1_weight"],
        "replicate": "seed",
        "x_direction": "min",
        "y_direction": "min",
        "floor_group": "none",
    }
    assert document["connection_threshold"] == 0.01
    # Nothing is known of the seeds' agreement: the least x + y, and its seed of the least error.
    recommended = study.recommendation
    assert recommended.group == "L1"
    assert document["recommended"] == {
        "group": "L1",
        "marker": {"l1_weight": 0.001},
        "seed": recommended.seed,
        "run_id": recommended.run_id,
        "x": recommended.x,
        "y": recommended.y,
        "explained": 1 - recommended.y / 0.06,
        "agreement": None,
        "rule": rule(study),
    }
    assert [group["group"] for group in document["groups"]] == list(study.comparison.groups)
    row = study.comparison.indices.set_index("group").loc["sL1"]
    group = document["groups"][1]
    assert group["area_marker"] == row["area_marker"]
    assert group["intervals"]["hypervolume_gap"] == [
        row["hypervolume_gap_low"],
        row["hypervolume_gap_high"],
    ]
    assert [marker["marker"] for marker in group["markers"]] == [
        {"l1_weight": weight} for weight in (5e-5, 2e-4, 1e-3)
    ]
    assert [marker["replicates"] for marker in group["markers"]] == [4, 4, 4]
    assert len(document["pairs"]) == 3 * 15
    assert document["published"]["area_marker"]["sL1"] == 0.085135


def test_the_agreement_of_the_seeds_is_in_the_document(study_of):
    networks = study_of().study.networks
    networks["agreement"] = networks["seed"] / 10
    view = study_of(networks=networks)
    view = study_of(networks=networks, comparison=with_agreement(view.comparison))
    document = strictly(indices_json(view))
    validate(document)
    runs = networks.set_index("run_id")
    for group in document["groups"]:
        assert group["agreement"] == 0.25
        for marker in group["markers"]:
            assert marker["agreement"] == 0.25
            medoid = runs.loc[marker["medoid"]]
            assert (medoid["group"], medoid["seed"]) == (group["group"], 4)
            assert medoid["l1_weight"] == marker["marker"]["l1_weight"]
    assert document["recommended"]["agreement"] == 0.25
    assert document["recommended"]["seed"] == 4


def test_what_has_no_value_is_null(study_of):
    networks = study_of(seeds=1).study.networks
    networks.loc[networks["group"] == "sL1", ["failed", "squared_error"]] = [True, np.nan]
    document = strictly(indices_json(study_of(networks=networks, dataset="mine")))
    validate(document)
    assert document["groups"][1]["area_marker"] is None
    assert document["groups"][1]["markers"] == []
    assert document["groups"][0]["intervals"]["area_marker"] is None
    assert document["published"] is None


def test_the_same_study_gives_the_same_text_in_any_order_of_rows(study_of):
    study = study_of()
    order = {name: place for place, name in enumerate(study.study.networks["group"].unique())}
    shuffled = study.study.networks.sort_values("squared_error").sort_values(
        "group", key=lambda names: names.map(order), kind="stable"
    )
    assert indices_json(study) == indices_json(study_of(networks=shuffled))


def test_any_name_survives(study_of):
    name = 'ß "quoted" </script> \u2028 🍷' + "x" * 400
    assert strictly(indices_json(study_of(groups=(name,))))["groups"][0]["group"] == name


def test_the_csv_holds_every_digit(study_of):
    study = study_of()
    frame = pd.read_csv(io.StringIO(indices_csv(study)))
    pd.testing.assert_frame_equal(
        frame.drop(columns="published_area_marker"),
        study.comparison.indices,
        check_exact=True,
        check_dtype=False,
    )
    assert "published_area_marker" not in indices_csv(study_of(dataset="mine"))


def test_the_schema_refuses_a_document_without_groups(study_of):
    document = indices_document(study_of())
    del document["groups"]
    with pytest.raises(jsonschema.ValidationError):
        validate(document)
