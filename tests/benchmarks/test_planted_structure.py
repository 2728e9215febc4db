"""The benchmark of planted structure: its tables, its scores, its rules."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from sparse_lightning.data.encoding import Encoding
from sparse_lightning.data.number_target import NumberTarget
from sparse_lightning.network import Network
from sparse_lightning.training.preparing import prepare
from sparse_lightning.weights import Layer

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

from planted_structure import defaults, document, judging, measures, scores, studies, tables
from planted_structure.penalty_range import largest_fold


def rows(*codes, columns=4):
    """A reading from the places of the columns of each code."""
    return studies.reading_from([list(code) for code in codes], columns)


TRUTH = rows((0, 1), (2,), columns=4)


def perfect(table, units=8, flip=1.0):
    """The autoencoder that has one code for each factor of a table."""
    columns, factors = len(table.columns), len(table.truth)
    weights = np.zeros((units, columns), np.float32)
    weights[:factors] = table.truth * flip
    frame = table.frame[list(table.columns)]
    layers = (
        Layer(weights, np.zeros(units, np.float32), "tanh"),
        Layer(weights.T.copy(), np.zeros(columns, np.float32), "linear"),
    )
    return Network(layers, Encoding.fit(frame, "standard"), {}, "run")


@pytest.fixture(scope="module")
def choosing():
    return {table.name: table for table in tables.tables("choosing")}


def test_a_network_with_one_code_a_factor_has_f1_1(choosing):
    table = choosing["noise 0.3"]
    for share in studies.READINGS.values():
        reading = scores.reading_of(perfect(table), table.columns, share)
        assert reading[: len(table.truth)].tolist() == table.truth.tolist()
        assert scores.f1(reading, table.truth) == 1


def test_the_order_of_the_codes_does_not_count(choosing):
    truth = choosing["two factors"].truth
    shuffled = np.random.default_rng(3).permutation(truth)
    assert scores.f1(shuffled, truth) == 1
    assert scores.f1(shuffled, truth, matched=False) < 1


def test_levels_belong_to_their_column(choosing):
    table = choosing["one-hot"]
    project = studies.settings_of(table, ["L1"], "tanh", "minmax", [0.001])
    encoding = prepare(project, frame=table.frame).table.encoding
    assert len(encoding.input_names) == len(table.columns) - 3 + sum(table.variant.levels)
    truth = np.zeros((len(table.truth), len(encoding.input_names)), np.float32)
    for place, (name, inputs) in enumerate(encoding.groups):
        # Levels that are all weighed alike would send a constant.
        width = inputs.stop - inputs.start
        truth[:, inputs] = np.outer(
            table.truth[:, table.columns.index(name)], np.linspace(1, 2, width)
        )
        assert name == table.columns[place]
    layers = (
        Layer(truth, np.zeros(len(truth), np.float32), "tanh"),
        Layer(truth.T.copy(), np.zeros(truth.shape[1], np.float32), "sigmoid"),
    )
    reading = scores.reading_of(Network(layers, encoding, {}, "run"), table.columns, 0.0)
    assert scores.f1(reading, table.truth) == 1


@pytest.mark.parametrize(
    ("reading", "wanted"),
    [
        (rows((0, 1), (2,)), 1),
        (rows((2,), (0, 1)), 1),
        (rows((0, 1), (2,), (0, 1)), 6 / 8),  # a code too many: 3 of 5 memberships are right
        (rows((0, 1, 2)), 4 / 6),
        (rows((0,), (1,), (2,)), 4 / 6),
        (rows((0, 1), (2,), (3,)), 6 / 7),  # noise in a code of its own
        (rows((), ()), 0),
    ],
)
def test_f1_of_small_cases_by_hand(reading, wanted):
    assert scores.f1(reading, TRUTH) == pytest.approx(wanted)


def test_a_column_of_noise_alone_can_be_forgiven_and_beside_others_not():
    lone, beside = rows((0, 1), (2,), (3,)), rows((0, 1, 3), (2,))
    assert scores.f1(scores.without_lone(lone, TRUTH), TRUTH) == 1
    assert scores.without_lone(beside, TRUTH).tolist() == beside.tolist()


def test_kappa_is_that_of_scikit_learn():
    from sklearn.metrics import cohen_kappa_score

    generator = np.random.default_rng(0)
    one, other = generator.random((2, 50)) < 0.3
    assert scores.kappa(one, other) == pytest.approx(cohen_kappa_score(one, other))
    assert np.isnan(scores.kappa(np.zeros(3, bool), np.zeros(3, bool)))


def test_pairs_share_a_code():
    # of 0-1, 0-2, 0-3, 1-2, 1-3, 2-3
    assert scores.pairs(rows((0, 1), (1, 3))).tolist() == [1, 0, 0, 0, 1, 0]


def test_the_medoid_agrees_most_and_votes_are_of_its_codes():
    readings = [rows((0, 1), (2, 3)), rows((2, 3), (0, 1)), rows((0, 2), (1,))]
    assert scores.medoid([scores.pairs(one) for one in readings]) == 0
    votes = scores.membership_votes(readings)
    assert votes.tolist() == [[2, 3, 0, 0], [1, 0, 3, 2]]
    assert scores.held_by(readings, 2).tolist() == rows((0, 1), (2, 3)).tolist()


def test_the_sign_of_a_column_is_that_of_the_sum_of_its_paths():
    # a: 1·1 + 1·(−2) < 0 by two units; b: 0.5·1 > 0; c reaches a unit that reaches nothing.
    weights = (np.array([[1, 0.5, 0], [1, 0, 0], [0, 0, 3]]), np.array([[1, -2, 0]]))
    frame = pd.DataFrame(np.eye(3), columns=["a", "b", "c"])
    layers = tuple(
        Layer(weight.astype(np.float32), np.zeros(len(weight), np.float32), activation)
        for weight, activation in zip(weights, ("tanh", "linear"), strict=True)
    )
    target = NumberTarget(("y",), (0.0,), (1.0,))
    encoding = Encoding.fit(frame, "standard")
    network = Network(layers, encoding, {}, "run", task="regressor", target=target)
    reading = scores.reading_of(network, ("a", "b", "c"), 0.0)
    assert reading.tolist() == [[False, True, False], [True, False, False]]
    assert scores.reading_of(network, ("a", "b", "c"), 0.5).tolist()[0] == [False, False, False]


def test_tables_are_drawn_alike_each_time_and_roles_share_none():
    first, again = ({role: list(tables.tables(role)) for role in tables.VARIANTS} for _ in range(2))
    for role, drawn in first.items():
        assert len(drawn) >= 12
        for one, other in zip(drawn, again[role], strict=True):
            assert one.frame.equals(other.frame)
    numbers = [
        {float(one.frame.select_dtypes("number").iloc[0, 0]) for one in drawn}
        for drawn in first.values()
    ]
    assert not numbers[0] & numbers[1]
    assert not {*range(1000, 1000 + len(first["choosing"]))} & {tables.SEEDS["judging"]}


def test_columns_of_a_factor_are_correlated_as_stated():
    variant = tables.Variant(rows=50_000, noise=0.5)
    table = tables.planted("large", variant, 0)
    correlation = np.abs(np.corrcoef(table.frame.to_numpy().T))
    together = (table.truth.T.astype(int) @ table.truth.astype(int)) > 0
    wanted = np.where(together, 1 / 1.25, 0.0)
    np.fill_diagonal(wanted, 1)
    np.fill_diagonal(correlation, 1)
    assert np.allclose(correlation, wanted, atol=0.02)


def test_the_fold_of_independent_columns_is_that_of_one_column():
    # 4/3 · max var √(a m (1 − m) / 3), of science of one column alone
    variances, means = torch.tensor([0.02, 0.05, 0.01]).double(), torch.tensor([0.4, 0.5, 0.3])
    gains = (means * (1 - means)).double()
    covariance = torch.diag(variances)
    for gain in (1.0, 0.25):
        wanted = float((4 / 3 * variances * (gain * gains / 3).sqrt()).max())
        assert largest_fold(covariance, covariance, gains, gain, 1000) == pytest.approx(
            wanted, rel=0.02
        )


def test_the_fold_is_where_a_code_of_its_own_stops_paying():
    # E(t) − E(0) + 2λt = −2Bt² + Dt⁴ + 2λt has a minimum beyond 0 while λ ≤ 4/(3√3) √(B³/D).
    generator = np.random.default_rng(0)
    factor = generator.standard_normal((1000, 1))
    values = factor + 0.3 * generator.standard_normal((1000, 4))
    covariance = torch.from_numpy(np.cov(values.T))
    gains = torch.ones(4).double()
    found = largest_fold(covariance, covariance, gains, 1.0, 1000)
    u = torch.full((4,), 0.25).double()
    b = float(gains @ (u * (covariance @ u)))
    d = float((u @ covariance @ u) * (gains * u).square().sum())
    assert found >= 4 / (3 * 3**0.5) * (b**3 / d) ** 0.5 * 0.999
    t = np.linspace(0.001, 20, 20_000)
    for penalty, lives in ((0.98, True), (1.02, False)):
        one = 4 / (3 * 3**0.5) * (b**3 / d) ** 0.5 * penalty
        slope = np.diff(-2 * b * t**2 + d * t**4 + 2 * one * t)
        assert (slope < 0).any() == lives


@pytest.fixture
def curve():
    """Three values of λ, dense, right and empty, three seeds each."""
    readings = {1: [[0, 1, 2], [0, 2]], 2: [[0, 1], [2]], 4: [[], []]}
    size = {1: (20, 0.1), 2: (5, 0.15), 4: (0, 1.1)}
    networks = [
        {
            "l1_weight": weight,
            "seed": seed,
            "connections": size[weight][0],
            "error": size[weight][1],
            "share": reading,
            "paths": reading,
        }
        for weight, reading in readings.items()
        for seed in (1, 2, 3)
    ]
    indices = {"area_marker": 1.0, "area_axis": 1.0, "hypervolume_gap": 0.2}
    record = {
        "task": "sae",
        "columns": ["a", "b", "c", "d"],
        "truth": [[0, 1], [2]],
        "floor": 0.1,
        "corner": [20, 1.1],
        "groups": {"L1": {"indices": indices, "networks": networks}},
    }
    return measures.curves(record)["L1"]


def test_rules_of_the_penalty_weight(curve):
    assert curve.knee == 1  # x + y: 1, 0.25 + 0.05, 1
    assert curve.enough == 1
    assert curve.by_lambda() == {"best": 1, "knee": 1, "enough": 1, "middle": 1}
    assert curve.means.tolist() == pytest.approx([2 * 3 / 8, 1, 0])


def test_rules_of_the_seed_and_votes(curve):
    assert set(curve.by_seed().values()) == {1.0, 0.0}  # no membership has 4 of 3 seeds
    assert curve.by_seed()["by 4 of 5"] == 0
    assert curve.agreements == {"share": 1, "paths": 1}
    assert curve.votes() == {1: (0, 0), 2: (0, 0), 3: (1, 1)}
    assert measures.recommended({"L1": curve}) == {"group": "L1", "f1": 1}


def test_intervals_hold_the_mean_and_leave_out_what_is_unknown():
    mean, low, high = measures.interval([0.5, 0.7, np.nan, 0.9])
    assert mean == pytest.approx(0.7)
    assert low <= mean <= high
    assert measures.interval([0.4, 0.4]) == pytest.approx((0.4, 0.4, 0.4))


def test_the_page_says_what_the_records_say(curve):
    record = curve.record | {
        "role": "choosing",
        "table": "small",
        "activation": "tanh",
        "scale": "minmax",
        "steps": 100,
    }
    sigmoid = record | {"activation": "sigmoid"}
    page = document.document([], [], [], [record, sigmoid], [])
    assert "On 1 tables, before there were paths of λ" in page
    assert "| L1 | 1.00 [1.00, 1.00] | 1.00 [1.00, 1.00] |" in page
    assert "| L1 | – | – | 100% [100%, 100%] of 1 | – | – |" in page
    assert "| sigmoid, minmax | L1 | 0.00 [0.00, 0.00] |" in page
    assert "What a user gets" not in page


@pytest.fixture
def study(curve):
    """A study that recommends, of two groups, the one whose reading is right."""
    wrong = [one | {"share": [[0, 3], [2]], "paths": [[0, 3], [2]]} for one in _networks(curve)]
    knee = {"l1_weight": 2, "agreement": 1.0, "seed": 2}
    indices = {"area_marker": 2.0, "area_axis": 1.0, "hypervolume_gap": 0.1}
    return curve.record | {
        "table": "noise 0.2",
        "epochs": 100,
        "recommended": {"group": "L1", "l1_weight": 2, "seed": 2},
        "groups": {
            "L1": curve.record["groups"]["L1"] | {"knee": knee},
            "MCP": {"indices": indices, "knee": knee, "networks": wrong},
        },
    }


def _networks(curve):
    return curve.record["groups"][curve.group]["networks"]


def test_the_recommended_network_is_scored_and_so_is_the_choice_by_gap(study):
    judged = judging.Judged(study)
    assert judged.f1 == 1
    assert judged.by_gap.group == "MCP"
    assert judged.by_gap.medoid == pytest.approx(4 / 6)  # of 0, 2, 3 against 0, 1, 2
    assert judged.recommended.consensus == 1
    assert judging.calibration([judged.recommended]) == {"1": [(0, 0)], "2 or more": [(1, 1)]}
    assert judging.calibration([judged.by_gap]) == {"1": [(0, 0)], "2 or more": [(0, 1)]}
    assert judging.Judged(study, ("MCP",)).curves.keys() == {"MCP"}


def test_the_knee_is_that_of_the_study_and_not_the_least_sum(study):
    knee = study["groups"]["L1"]["knee"] | {"l1_weight": 1, "seed": 3}
    study["groups"]["L1"]["knee"] = knee
    curve = judging.Judged(study).curves["L1"]
    assert curve.knee == 0
    assert curve.medoid == pytest.approx(6 / 8)


def test_the_first_network_of_before_is_of_the_leading_group(study):
    # L1 has the smaller area_marker; its λ are 1 (dense), 2 (right) and 4 (empty)
    found = {which: judging.shown_before(study, which) for which in judging.SHOWN}
    assert found == {"leader": 1, "first": 1, "lowest": pytest.approx(6 / 8)}
    study["groups"]["MCP"]["indices"]["area_marker"] = 0.5
    assert judging.shown_before(study, "leader") == pytest.approx(4 / 6)
    assert judging.shown_before(study, "first") == 1


def test_inputs_of_a_target_are_those_of_either_sign(study):
    study |= {"task": "regressor", "truth": [[0], [1]]}
    # the network says that 0 and 1 raise it, and 2 lowers it
    assert judging.Judged(study).inputs_f1 == pytest.approx(2 * 2 / 5)


def test_the_page_of_studies_says_what_is_reached_and_where_not(study):
    before = judged = study | {"sparse_pca": 0.75}
    short = study | {
        "table": "noise 0.5",
        "recommended": {"group": "MCP", "l1_weight": 2, "seed": 2},
    }
    page = document.document([judged, short], [before], [], [], [])
    assert "## What a user gets: 2 judging tables" in page
    assert "Not measured yet: noise 0.8, 2,000 rows, correlated" in page
    assert "| F1 of the recommended network | 0.83 [0.67, 1.00] | ≥ 0.85 | **no** |" in page
    assert "| 50% [0%, 100%] of 2 | ≥ 95% | **no** |" in page
    assert "- noise 0.5: 0.67; the best group at its knee 1.00, any group and λ 1.00" in page
    assert "has an F1 of 0.75 [0.75, 0.75] on the 1 tables" in page
    good = document.document([judged], [before], [], [], [])
    assert "All recommended networks have an F1 of 0.85 or more." in good


def test_studies_have_the_defaults_and_differ_in_what_they_say(choosing):
    table = choosing["noise 0.3"]
    given = defaults.project_of(table, "defaults")
    assert (given.table.scale, given.training.epochs, given.training.resample) == (
        "equal",
        "auto",
        True,
    )
    assert list(given.regularizers.groups) == ["L1", "sL1", "MCP", "logsum"]
    before = defaults.project_of(table, "before")
    assert before.output_activation == before.network.activation == "sigmoid"
    assert (before.training.epochs, before.training.refit) == (150, False)
    assert before.regularizers.grid("sL1")[2] == {"l1_weight": 0.0002, "l1_threshold": 0.1}
    strengths = defaults.project_of(table, "strengths").regularizers.groups
    for ours, theirs in zip(
        defaults.DEFAULT_GROUPS, given.regularizers.groups.values(), strict=True
    ):
        assert strengths[ours].l1_threshold == theirs.l1_threshold


def test_a_study_is_kept_and_not_made_again(tmp_path, monkeypatch, choosing):
    made = []
    monkeypatch.setattr(defaults, "sparse_pca_f1", lambda table: 0.5)
    monkeypatch.setattr(
        defaults, "record_of", lambda table, *rest: made.append(rest) or {"table": table.name}
    )
    kept = defaults.DefaultRecords(tmp_path / "planted")
    for name in ("one-hot", "2,000 rows", "one-hot"):
        kept.complete(choosing[name], "choosing", "strengths")
    assert made == [("choosing", "strengths")] * 2
    with_reference = kept.complete(choosing["one-hot"], "choosing", "strengths", reference=True)
    assert with_reference == {"table": "one-hot", "sparse_pca": 0.5}
    assert kept.all("strengths", "choosing") == [{"table": "2,000 rows"}, with_reference]
    assert kept.all("strengths", "judging") == []


def test_a_record_is_resumed_and_lacks_no_group(tmp_path, monkeypatch, choosing):
    trained = []

    def record_of(table, role, groups, activation, scale):
        trained.append(list(groups))
        return {
            "table": table.name,
            "role": role,
            "groups": {group: {"networks": []} for group in groups},
            "seconds": 1,
        }

    monkeypatch.setattr(studies, "record_of", record_of)
    records, table = studies.Records(tmp_path / "planted"), choosing["2,000 rows"]
    for groups in (["L1"], ["L1", "MCP"], ["MCP"]):
        record = records.complete(table, "choosing", groups, "tanh", "minmax", reference=False)
    assert trained == [["L1"], ["MCP"]]
    assert list(record["groups"]) == ["L1", "MCP"]
    assert record["seconds"] == 2
    assert records.all(role="choosing") == [record]
    assert records.all(role="judging") == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["one-hot", "missing", "two hidden layers", "classifier", "regressor"]
)
def test_a_table_is_trained_and_read(name, monkeypatch):
    monkeypatch.setattr(studies, "STEPS", 20)
    monkeypatch.setattr(studies, "SEEDS", (1, 2))
    table = next(one for one in tables.tables("judging") if one.name == name)
    record = studies.record_of(table, "judging", ["L1", "magnitude"], "tanh", "minmax")
    curve = measures.curves(record)["L1"]
    assert len(curve.markers) == 11
    assert {len(marker) for marker in curve.markers} == {2}
    assert all(0 <= score <= 1 for scores in curve.scores("paths") for score in scores)
    assert set(curve.by_seed()) == {"single", "worst", "medoid", "by 3 of 5", "by 4 of 5"}
    codes = 2 if table.variant.task != "sae" else table.variant.units[-1]
    assert {reading.shape for reading in curve.readings(0)} == {(codes, len(table.columns))}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["missing", "regressor"])
def test_a_study_with_all_defaults_is_judged(name, monkeypatch):
    project_of = defaults.project_of

    def shorter(table, kind):
        fields = project_of(table, kind).model_dump()
        fields["training"] |= {"epochs": 20, "seeds": (1, 2), "floor": {"max_cycles": 1}}
        if table.variant.task != "sae":
            fields["training"]["fine_tune_epochs"] = 20
        groups = {"L1": {}, "MCP": {"l1_threshold": 4.0}}
        fields["regularizers"] = {"l1_weights": [0.1, 0.01], "groups": groups}
        return type(project_of(table, kind))(**fields)

    monkeypatch.setattr(defaults, "project_of", shorter)
    table = next(one for one in tables.tables("judging") if one.name == name)
    judged = judging.Judged(defaults.record_of(table, "judging", "defaults"))
    assert set(judged.curves) <= {"L1", "MCP"}
    assert judged.recommended.agreement == pytest.approx(judged.record["recommended"]["agreement"])
    assert 0 <= judged.f1 <= 1
    assert judged.recommended.medoid == judged.f1
