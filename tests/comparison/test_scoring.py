import numpy as np
import pandas as pd
import pytest

from sparse_lightning import InputError
from sparse_lightning.comparison import INDICES, compare, score

CORNER = {"floor": 0.01, "null_error": 0.5, "connections_total": 100}


@pytest.fixture
def networks():
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        [
            {
                "group": group,
                "l1_weight": weight,
                "seed": seed,
                "connections": generator.integers(10, 90),
                "squared_error": generator.uniform(0.02, 0.4),
                "failed": False,
            }
            for group in ("a", "b #1", "none")
            for weight in (0.1, 0.2, 0.4)
            for seed in (3, 4, 5)
        ]
    )


def test_scores_are_the_indices_of_the_comparison(networks):
    scores = score(networks, **CORNER, resamples=30, confidence=0.9)
    settings = {"resamples": 30, "confidence": 0.9, "connection_threshold": 0.01}
    compared = compare(networks, **CORNER, **settings).indices.set_index("group")
    assert list(scores.index) == ["a", "b #1"]
    columns = [f"{index}{end}" for index in INDICES for end in ("", "_low", "_high")]
    pd.testing.assert_frame_equal(
        scores[columns],
        compared.loc[scores.index, columns],
        check_names=False,
        check_index_type=False,
    )


def test_a_group_that_failed_has_no_score(networks):
    networks.loc[networks["group"] == "a", "failed"] = True
    scores = score(networks, **CORNER, resamples=30)
    assert scores.loc["a"].isna().all()
    assert scores.loc["b #1"].notna().all()


def test_without_resamples_or_with_one_seed_there_are_no_intervals(networks):
    ends = [f"{index}{end}" for index in INDICES for end in ("_low", "_high")]
    assert score(networks, **CORNER)[ends].isna().all(axis=None)
    one = networks.loc[networks["seed"] == 3]
    assert score(one, **CORNER, resamples=9)[ends].isna().all(axis=None)


def test_a_floor_above_the_null_error_is_refused(networks):
    with pytest.raises(InputError, match="score: null_error must exceed the floor"):
        score(networks, **{**CORNER, "floor": 0.6})
