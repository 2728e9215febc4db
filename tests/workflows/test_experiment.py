import numpy as np
import pytest

from sparse_lightning import Request, compare_experiment
from sparse_lightning.comparison import area_index, hypervolume_gap
from sparse_lightning.errors import InputError
from sparse_lightning.tracking import selecting
from sparse_lightning.tracking.selecting import Selection, read_columns
from sparse_lightning.tracking.store import Store

INDICES = ["area_marker", "area_axis", "hypervolume_gap"]


def compared(logbook, **request):
    return compare_experiment(logbook.name, Request(**request), logbook.uri)


def settings_of(view, marker):
    return view.comparison.points.settings[marker]


def indices(view):
    return view.comparison.indices.set_index("group")[INDICES]


def test_indices_are_those_of_the_means_over_the_replicates(optimizers):
    view = compared(optimizers, x="n_params", y="val_loss", group="optimizer")
    assert view.comparison.axes.marker == ("params.width",)
    assert view.comparison.axes.replicate == "params.seed"
    # The least and the greatest of all runs: 2 − 1 − 0.25 and 4 + 0.25; n_params reaches 30.
    assert (view.comparison.floor, view.comparison.corner, view.comparison.axis) == (
        0.75,
        (30.0, 4.25),
        0.0,
    )
    found = indices(view)
    for group, errors in (("sgd", [4.0, 3.0]), ("adam", [2.0, 1.0])):
        curve = ([10.0, 30.0], errors)
        expected = [
            area_index(*curve, floor=0.75),
            area_index(*curve, floor=0.75, closure="axis"),
            hypervolume_gap(*curve, floor=0.75, null_error=4.25, connections_total=30),
        ]
        np.testing.assert_allclose(found.loc[group], expected, rtol=1e-12)
    # By hand: trapezia of width 20, and one rectangle of 20 × (4.25 − 2) in 30 × 3.5.
    assert found.loc["adam", "area_marker"] == pytest.approx(20 * (1.25 + 0.25) / 2)
    assert found.loc["adam", "hypervolume_gap"] == pytest.approx(1 - 20 * 2.25 / (30 * 3.5))
    assert list(view.comparison.indices["group"]) == ["adam", "sgd"]


def test_floor_and_corner_that_are_given_are_taken_and_not_called_assumed(optimizers):
    view = compared(
        optimizers, x="n_params", y="val_loss", group="optimizer", floor=0.0, null=5.0, total=100.0
    )
    assert (view.comparison.floor, view.comparison.corner) == (0.0, (100.0, 5.0))
    assert view.assumed == (
        "Of n_params small values are good, of val_loss small ones; --x-direction and "
        "--y-direction say otherwise.",
    )
    expected = hypervolume_gap([10, 30], [2, 1], floor=0, null_error=5, connections_total=100)
    assert indices(view).loc["adam", "hypervolume_gap"] == pytest.approx(expected)
    settled = {"x_direction": "min", "y_direction": "min"}
    told = compared(optimizers, x="n_params", y="val_loss", group="optimizer", **settled).assumed
    assert [sentence.split(":")[0] for sentence in told] == [
        "No floor was given",
        "No corner was given for n_params",
        "No corner was given for val_loss",
    ]


def test_large_is_good_mirrors_small_is_good(optimizers):
    small = compared(optimizers, x="n_params", y="val_loss", group="optimizer")
    large = compared(optimizers, x="n_params", y="accuracy", group="optimizer")
    assert large.comparison.axes.y_direction == "max"
    # accuracy = 1 − val_loss / 10: the same curves at a tenth of the height.
    scale = [10, 10, 1]
    np.testing.assert_allclose(indices(large) * scale, indices(small), rtol=1e-9)
    np.testing.assert_allclose(
        large.comparison.markers["y"], 1 - small.comparison.markers["y"] / 10, rtol=1e-12
    )
    assert (large.comparison.floor, large.comparison.corner[1]) == (0.925, 0.575)


def test_x_of_which_large_is_good_is_counted_from_the_best(logbook):
    for speed, error in ((10, 1.0), (30, 2.0)):
        logbook.log({"model": "a"}, {"throughput": speed, "error": error})
    view = compared(logbook, x="throughput", y="error")
    assert (view.comparison.axis, view.comparison.corner[0]) == (30.0, 10.0)
    # Distances from 30: (0, 2) and (20, 1).
    assert indices(view).iloc[0]["area_marker"] == pytest.approx(20 * 0.5)
    assert sorted(view.comparison.markers["x"]) == [10, 30]


def test_negative_x_is_counted_from_the_least(logbook):
    for x, y in ((-4, 2.0), (-1, 1.0)):
        logbook.log({}, {"log_size": x, "error": y})
    view = compared(logbook, x="log_size", y="error")
    assert view.comparison.axis == -4
    assert "log_size is counted from -4, the best of the runs." in view.assumed
    assert view.comparison.groups == ("all runs",)


def test_without_replicates_a_curve_is_the_front(logbook):
    for x, y in ((1, 5.0), (2, 6.0), (3, 3.0), (4, 3.5), (5, 1.0)):
        logbook.log({"model": "a"}, {"cost": x, "loss": y}, name=f"at {x}")
    view = compared(logbook, x="cost", y="loss", group="model")
    assert view.comparison.axes.front
    assert view.comparison.markers["x"].tolist() == [1, 3, 5]
    assert [settings_of(view, marker) for marker in view.comparison.markers["marker"]] == [
        {"run": "at 1"},
        {"run": "at 3"},
        {"run": "at 5"},
    ]
    assert indices(view).loc["a", "area_marker"] == pytest.approx(2 * (4 + 2) / 2 + 2 * (2 + 0) / 2)
    assert len(view.comparison.points.frame) == 5


def test_markers_without_a_replicate_average_runs_in_the_order_they_started(logbook):
    for width in (1, 2):
        for error in (1.0, 2.0, 3.0):
            logbook.log({"width": width}, {"size": width, "loss": error - width / 2})
    view = compared(logbook, x="size", y="loss", marker=("width",))
    assert view.comparison.axes.replicate is None
    assert view.comparison.points.frame["replicate"].tolist() == [0, 1, 2, 0, 1, 2]
    assert view.comparison.markers["y"].tolist() == [1.5, 1.0]
    assert view.comparison.replicates == 3


def test_groups_by_tag_and_params_as_measures(optimizers):
    by_tag = compared(optimizers, x="width", y="val_loss", group="team", marker=("width",))
    assert (by_tag.comparison.axes.group, by_tag.comparison.axes.x) == ("tags.team", "params.width")
    assert set(by_tag.comparison.groups) == {"blue", "red"}
    prefixed = compared(
        optimizers, x="params.width", y="metrics.val_loss", group="tags.team", marker=("width",)
    )
    np.testing.assert_array_equal(indices(prefixed), indices(by_tag))


def test_a_name_with_a_comma_or_several_names_between_commas(optimizers):
    view = compared(optimizers, x="n_params", y="val_loss", marker=("width, tags.team",))
    assert view.comparison.axes.marker == ("params.width", "tags.team")


def test_what_is_not_given_is_chosen_by_what_the_runs_have(optimizers):
    axes = compared(optimizers, floor=0.0).comparison.axes
    assert (axes.x, axes.y) == ("n_params", "val_loss")
    assert axes.replicate == "params.seed"


def test_runs_without_a_result_are_counted_and_told(optimizers):
    settings = {"optimizer": "adam", "width": 1}
    optimizers.log({**settings, "seed": 3}, status="FAILED")
    optimizers.log({**settings, "seed": 4}, {"n_params": 10, "val_loss": float("nan")})
    optimizers.log({**settings, "seed": 5}, {"n_params": 10, "val_loss": float("inf")})
    optimizers.log({"optimizer": "sgd", "width": 9, "seed": 1}, status="KILLED")
    optimizers.log({"optimizer": "lbfgs", "width": 1, "seed": 1}, status="FAILED")
    optimizers.log({**settings, "seed": 6}, status="RUNNING")
    optimizers.log({}, {"n_params": 1, "val_loss": 0.001})
    view = compared(optimizers, x="n_params", y="val_loss", group="optimizer")
    assert view.left_out == (
        "1 run with the status RUNNING left out.",
        "1 run without params.optimizer left out.",
        "2 runs without a result: no finite val_loss.",
        "2 runs without a result: status FAILED.",
        "1 run without a result: status KILLED.",
    )
    found = view.comparison.indices.set_index("group")
    assert found["failed"].to_dict() == {"adam": 3, "sgd": 1, "lbfgs": 1}
    assert found.loc["lbfgs", INDICES].isna().all()
    assert view.comparison.floor == 0.75  # that of the run without a group does not count
    assert view.comparison.replicates == 2  # seeds that never had a result are not drawn
    places = {
        (group, settings_of(view, marker)["params.width"])
        for group, marker in view.comparison.missing
    }
    assert places == {("sgd", "9"), ("lbfgs", "1")}


def test_of_runs_alike_the_newest_with_a_result_counts(optimizers):
    settings = {"optimizer": "adam", "width": 1, "seed": 1}
    optimizers.log(settings, {"n_params": 10, "val_loss": 1.0})
    optimizers.log(settings, status="FAILED")
    view = compared(optimizers, x="n_params", y="val_loss", group="optimizer")
    means = {(row.group, row.x): row.y for row in view.comparison.markers.itertuples()}
    assert means["adam", 10.0] == (1.0 + 2.25) / 2
    assert view.left_out[-1].startswith("2 runs left out because a newer one has the same ")


def test_runs_that_differ_in_another_param_are_not_taken_for_one(optimizers):
    optimizers.log(
        {"optimizer": "adam", "width": 1, "seed": 1, "dropout": 0.5},
        {"n_params": 10, "val_loss": 1.0},
    )
    wanted = {"x": "n_params", "y": "val_loss", "group": "optimizer"}
    with pytest.raises(
        InputError, match=r"differ in params\.dropout; add --marker params\.dropout"
    ):
        compared(optimizers, **wanted, marker=("width",), replicate="seed")
    view = compared(optimizers, **wanted, marker=("width", "dropout"), replicate="seed")
    assert {"params.width": "1", "params.dropout": "0.5"} in view.comparison.points.settings
    assert {"params.width": "1", "params.dropout": "(none)"} in view.comparison.points.settings


def test_the_filter_is_mlflows(optimizers):
    view = compared(
        optimizers, x="n_params", y="val_loss", group="optimizer", condition="params.width = '3'"
    )
    assert len(view.comparison.points.frame) == 4
    with pytest.raises(InputError, match=r"--filter 'params\.width = 3': Expected a quoted string"):
        compared(optimizers, condition="params.width = 3")
    with pytest.raises(InputError, match=r"no run of '.*' meets it"):
        compared(optimizers, condition="params.width = '4'")


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"x": "n_parms"}, ["--x: no run has a metric 'n_parms'; did you mean n_params?", "seed"]),
        ({"y": "valloss"}, ["--y", "did you mean val_loss?; metrics: accuracy, n_params"]),
        ({"x": "optimizer"}, ["--x: the param 'optimizer' holds no numbers, e.g. 'adam'"]),
        ({"group": "optimiser"}, ["--group", "did you mean optimizer?", "tags: ", "team"]),
        ({"group": "params.team"}, ["--group", "'params.team'", "did you mean team?"]),
        ({"marker": ("widht",)}, ["--marker", "did you mean width?"]),
        ({"replicate": "sead"}, ["--replicate", "did you mean seed?"]),
        ({"floor": 9.0}, ["--floor 9 must be less than the corner 4.25"]),
        ({"null": 0.1}, ["--floor 0.75 must be less than the corner 0.1"]),
        ({"total": 0.0}, ["--total 0 is no worse than 0", "n_params"]),
        ({"order_by": "area"}, ["order_by must be one of area_marker"]),
        ({"x": "x" * 5000}, ["…"]),
    ],
)
def test_what_is_not_there_is_named_with_what_is_near(optimizers, request_, words):
    given = {"x": "n_params", "y": "val_loss", "group": "optimizer"} | request_
    with pytest.raises(InputError) as caught:
        compared(optimizers, **given)
    for word in words:
        assert word in str(caught.value)
    assert len(str(caught.value)) < 600


def test_an_unknown_experiment_is_named_with_the_nearest(logbook):
    with pytest.raises(InputError, match=r"'test_an_unknown_experiment' is not there in .*; exper"):
        compare_experiment("test_an_unknown_experiment", Request(), logbook.uri)
    with pytest.raises(InputError, match=f"did you mean {logbook.name}"):
        compare_experiment(f"{logbook.name}s", Request(), logbook.uri)
    with pytest.raises(InputError, match="holds no runs"):
        compare_experiment(logbook.name, Request(), logbook.uri)
    logbook.client.delete_experiment(logbook.experiment_id)
    with pytest.raises(InputError, match="was deleted"):
        compare_experiment(logbook.name, Request(), logbook.uri)


def test_nothing_to_compare(logbook):
    logbook.log({"model": "a"}, {"size": 1})
    logbook.log({"model": "b"}, {"loss": 1})
    with pytest.raises(InputError, match="of 2 runs none has both size and loss"):
        compared(logbook, x="size", y="loss")
    logbook.log({"model": "b"}, {"loss": 1, "size": 3})
    with pytest.raises(InputError, match="every loss is 1, so there is nothing to compare"):
        compared(logbook, x="size", y="loss")
    view = compared(logbook, x="size", y="loss", floor=0.0, null=2.0, total=6.0)
    assert indices(view).loc["b", "hypervolume_gap"] == pytest.approx(1 - 3 * 1 / (6 * 2))


def test_values_whose_areas_no_number_holds_are_refused(logbook):
    for x in (1e-300, 1.0, -1e300):
        logbook.log({"model": "a"}, {"size": x, "loss": x / 1e292, "error": 2 - x / 1e300})
    with pytest.raises(
        InputError, match=r"size reaches from -1e\+300 to 1 and loss from .* no number"
    ):
        compared(logbook, x="size", y="loss")
    assert np.isfinite(indices(compared(logbook, x="size", y="error")).to_numpy()).all()


def test_too_many_groups_are_refused(logbook):
    for place in range(61):
        logbook.log({"model": f"m{place}"}, {"size": place, "loss": -place})
    with pytest.raises(InputError, match=r"params\.model has 61 values, and at most 60 groups"):
        compared(logbook, x="size", y="loss", group="model")


def test_tables_and_api_give_the_same_runs(optimizers, monkeypatch):
    optimizers.log({"optimizer": "adam"}, status="FAILED")
    optimizers.log(status="RUNNING")
    selection = Selection([optimizers.experiment_id], unfinished=True)
    backend = Store(optimizers.uri).backend
    direct = read_columns(backend, selection)
    assert len(direct.ids) == 10
    monkeypatch.setattr(selecting, "reads", lambda sql: False)
    assert read_columns(backend, selection) == direct
    assert len(read_columns(backend, Selection([optimizers.experiment_id])).ids) == 8
