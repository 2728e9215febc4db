"""Which rows train, choose and judge; nothing is fitted to the others."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_lightning.data.catalog import load_table
from sparse_lightning.data.rows.splits import TEST, TRAINING, VALIDATION, split_rows
from sparse_lightning.errors import TableError
from sparse_lightning.project.settings import EvaluationSettings, TableSettings

NOTHING = pd.DataFrame()


def settings(**fields):
    return EvaluationSettings(**{"folds": 0, **fields})


def shares_of(parts):
    return [float((parts == part).mean()) for part in (TRAINING, VALIDATION, TEST)]


@given(
    rows=st.integers(10, 400),
    validation=st.sampled_from([0.0, 0.1, 0.2, 0.4]),
    test=st.sampled_from([0.0, 0.1, 0.2, 0.5]),
    seed=st.integers(0, 5),
)
def test_parts_have_the_shares_that_are_asked_for(rows, validation, test, seed):
    asked = settings(validation=validation, test=test, seed=seed)
    parts = split_rows(asked, rows, None, NOTHING).parts
    if not validation + test:
        assert parts is None
        return
    assert len(parts) == rows
    wanted = [1 - validation - test, validation, test]
    np.testing.assert_allclose(shares_of(parts), wanted, atol=2.1 / rows)
    again = split_rows(asked, rows, None, NOTHING).parts
    np.testing.assert_array_equal(parts, again)


def test_classes_have_the_same_shares_in_every_part():
    classes = pd.Series(["a"] * 300 + ["b"] * 80 + ["c"] * 20)
    parts = split_rows(settings(), 400, classes, NOTHING).parts
    for name, count in classes.value_counts().items():
        mine = parts[(classes == name).to_numpy()]
        np.testing.assert_allclose(shares_of(mine), [0.6, 0.2, 0.2], atol=1 / count)


@given(groups=st.lists(st.integers(0, 12), min_size=60, max_size=90), seed=st.integers(0, 5))
def test_rows_of_a_group_are_in_one_part(groups, seed):
    column = pd.Series([*groups, *range(13)]).astype(str)
    asked = settings(group="g", seed=seed)
    parts = split_rows(asked, len(column), None, column.to_frame("g")).parts
    for _, mine in pd.Series(parts).groupby(column):
        assert len(set(mine)) == 1
    assert set(parts) == {TRAINING, VALIDATION, TEST}


def test_groups_keep_the_classes_balanced_as_far_as_they_can():
    groups = pd.Series(np.repeat(np.arange(100), 5)).astype(str)
    classes = pd.Series(np.where(np.arange(500) % 100 < 25, "rare", "often"))
    parts = split_rows(settings(group="g"), 500, classes, groups.to_frame("g")).parts
    for _, mine in pd.Series(parts).groupby(groups):
        assert len(set(mine)) == 1
    np.testing.assert_allclose(shares_of(parts), [0.6, 0.2, 0.2], atol=0.05)
    for part in (TRAINING, VALIDATION, TEST):
        assert abs((classes[parts == part] == "rare").mean() - 0.25) < 0.1


@given(times=st.lists(st.integers(0, 40), min_size=30, max_size=80))
def test_the_last_rows_judge_and_those_before_them_choose(times):
    column = pd.Series([*times, *range(41)], dtype=float)
    parts = split_rows(settings(time="t"), len(column), None, column.to_frame("t")).parts
    latest = [column[parts == part] for part in (TRAINING, VALIDATION, TEST)]
    assert latest[0].max() < latest[1].min()
    assert latest[1].max() < latest[2].min()


def test_without_ties_time_cuts_at_the_shares():
    column = pd.Series(np.random.default_rng(0).permutation(200), dtype=float)
    parts = split_rows(settings(time="t"), 200, None, column.to_frame("t")).parts
    np.testing.assert_array_equal(np.sort(column[parts == TEST]), np.arange(160, 200))
    np.testing.assert_array_equal(np.sort(column[parts == VALIDATION]), np.arange(120, 160))


def test_small_tables_are_judged_by_folds():
    automatic = EvaluationSettings()
    split = split_rows(automatic, 299, None, NOTHING)
    assert (split.parts, split.folds) == (None, 5)
    assert split_rows(automatic, 300, None, NOTHING).folds == 0
    assert split_rows(automatic, 3, None, NOTHING).folds == 3
    rare = pd.Series(["a"] * 90 + ["b"] * 3)
    assert split_rows(automatic, 93, rare, NOTHING).folds == 3
    nothing_asked = EvaluationSettings(validation=0, test=0)
    assert split_rows(nothing_asked, 20, None, NOTHING).folds == 0
    assert split_rows(settings(), 20, None, NOTHING).parts is not None


@pytest.fixture
def write(tmp_path):
    def written(frame, **evaluation):
        frame.to_csv(tmp_path / "t.csv", index=False)
        stratified = evaluation.pop("stratified", True)
        table = TableSettings(
            **{"source": "t.csv", "scale": "minmax", **evaluation.pop("table", {})}
        )
        return load_table(table, tmp_path, settings(**evaluation), stratified)

    return written


def numbers(rows=100, seed=0):
    values = np.random.default_rng(seed).normal(size=(rows, 3)).round(6)
    return pd.DataFrame(values, columns=list("abc"))


def test_scales_are_those_of_training_rows(write):
    frame = numbers()
    table = write(frame)
    kept = frame.loc[table.split.training]
    np.testing.assert_allclose(table.encoding.offsets, kept.min())
    np.testing.assert_allclose(table.encoding.factors, kept.max() - kept.min())
    changed = frame.copy()
    changed.loc[~table.split.training] *= 1000
    assert write(changed).encoding == table.encoding


def test_levels_that_no_training_row_has_are_counted_and_become_0(write):
    frame = numbers()
    steps = {"table": {"prepare": [{"dummies": {"columns": ["kind"]}}]}}
    training = write(frame).split.training
    frame["kind"] = np.where(np.arange(100) % 2, "x", "y")
    frame.loc[np.flatnonzero(~training)[:3], "kind"] = ["new", "newer", "new"]
    table = write(frame, **steps)
    assert table.encoding.input_names == ("a", "b", "c", "kind=x", "kind=y")
    inputs = table.encoding.transform(table.frame, unseen=True)
    unseen = frame["kind"].isin(["new", "newer"])
    assert (inputs[unseen, 3:] == 0).all()
    assert (inputs[~unseen, 3:].sum(1) == 1).all()
    assert (
        "column 'kind' holds 'new' and 'newer' in no training row, but in 3 validation or test "
        "rows: all of its inputs are 0 there"
    ) in table.suspicions
    with pytest.raises(TableError, match="unknown level 'new"):
        table.encoding.transform(table.frame)


def test_groups_and_times_are_no_inputs_unless_the_time_is_named(write):
    frame = numbers().assign(who=np.repeat(np.arange(25), 4), day=np.sqrt(np.arange(100)))
    assert write(frame, group="who").encoding.columns == ("a", "b", "c", "day")
    assert write(frame, time="day").encoding.columns == ("a", "b", "c", "who")
    named = {"columns": ["a", "day"]}
    assert write(frame, time="day", table=named).encoding.columns == ("a", "day")
    named = {"columns": ["a", "who"]}
    assert write(frame, group="who", table=named).encoding.columns == ("a",)


@pytest.mark.parametrize(
    "form",
    [
        "%Y-%m-%d",
        "%Y-%m-%dT%H:%M",
        "%d.%m.%Y",
        "%d/%m/%Y",
        "%m/%d/%Y %I:%M %p",
        "%d %b %Y",
        "%Y%m%d",
    ],
)
def test_times_may_be_dates(write, form):
    days = pd.date_range("2019-12-01", periods=100, freq="7D")
    frame = numbers().assign(when=days.strftime(form)).sample(frac=1, random_state=0)
    table = write(frame, time="when")
    order = pd.to_datetime(frame["when"], format=form).rank().to_numpy()
    assert order[table.split.parts == TEST].min() == 81


def test_times_that_can_be_read_in_two_ways_are_asked_for(write):
    days = pd.to_datetime([f"2020-{1 + n % 12:02}-{1 + n // 12:02}" for n in range(100)])
    frame = numbers().assign(when=days.strftime("%d/%m/%Y"))
    with pytest.raises(TableError, match=r"dates that can be read in two ways[^!]*say which"):
        write(frame, time="when")
    for form, times in (("%d/%m/%Y", days), ("%m/%d/%Y", pd.to_datetime(frame["when"]))):
        table = write(frame, time="when", table={"columns": {"when": {"date": form}}})
        assert table.encoding.columns == ("a", "b", "c")
        assert times[table.split.parts == TEST].min() > times[table.split.training].max()


@pytest.mark.parametrize(
    ("column", "evaluation", "told"),
    [
        (["x"] * 100, {"time": "k"}, "evaluation.time 'k' holds 'x' in row 1 .line 2.: it must"),
        ([1] * 100, {"time": "k"}, "evaluation.time 'k' leaves no training rows"),
        ([1] * 100, {"group": "other"}, "there is no column 'other'"),
        ([1, None] * 50, {"group": "k"}, "column 'k' has 50 missing values, first in row 2"),
        (["x"] * 100, {"group": "k"}, "rows cannot be cut by evaluation.validation and"),
        (
            ["x"] * 99 + ["y"],
            {"table": {"target": "k"}},
            "need at least 3 rows of every class: 'y' has 1",
        ),
    ],
)
def test_rows_that_cannot_be_cut_so_are_told(write, column, evaluation, told):
    with pytest.raises(TableError, match=told):
        write(numbers().assign(k=column), **evaluation)


def test_a_column_that_is_constant_in_training_rows_is_told(write):
    frame = numbers()
    training = write(frame).split.training
    frame["k"] = np.where(training, 0, 1)
    with pytest.raises(TableError, match=r"of the 60 training rows: .*column 'k' \(0\), which"):
        write(frame, table={"columns": "all"})
