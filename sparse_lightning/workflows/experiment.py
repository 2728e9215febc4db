"""The runs of any MLflow experiment, whatever tool logged them: read, compared and reported."""

from pathlib import Path

from mlflow.exceptions import MlflowException

from sparse_lightning._text import did_you_mean, number, shortened
from sparse_lightning.comparison import INDICES, Axes, Comparison, Points, compare
from sparse_lightning.comparison.mirrored import Mirrored
from sparse_lightning.errors import InputError
from sparse_lightning.page.report import experiment_document
from sparse_lightning.report import View, write_report
from sparse_lightning.report.writing import writable
from sparse_lightning.secrets import cleaned, without_secrets
from sparse_lightning.tracking.axes import Request, axes_of
from sparse_lightning.tracking.columns import RunColumns
from sparse_lightning.tracking.points import points_of
from sparse_lightning.tracking.selecting import Selection, read_columns
from sparse_lightning.tracking.store import Store


def report_experiment(
    experiment: str, request: Request, output: Path, tracking_uri: str | None = None
) -> View:
    """Compare the runs of an experiment and write the report.

    Args:
        experiment: the experiment's name.
        request: what is to be compared.
        output: the folder of the report; made when there is something to write.
        tracking_uri: the tracking store; default: as MLflow resolves it.

    Returns:
        What the report is written from; `view.comparison.indices` has a row for each group.

    Raises:
        InputError: there is no such experiment, metric, param or tag, nothing to compare, or the
            folder cannot be written.
        TrackingError: the store fails.
        OSError: a file cannot be written.
    """
    view = compare_experiment(experiment, request, tracking_uri)
    write_report(view, writable(output))
    return view


def compare_experiment(experiment: str, request: Request, tracking_uri: str | None = None) -> View:
    """Compare the runs of an experiment.

    Args:
        experiment: the experiment's name.
        request: what is to be compared.
        tracking_uri: the tracking store; default: as MLflow resolves it.

    Returns:
        What a report is written from; `view.comparison.indices` has a row for each group.

    Raises:
        InputError: there is no such experiment, metric, param or tag, or nothing to compare.
        TrackingError: the store fails.
    """
    if request.order_by not in INDICES:
        raise InputError(f"order_by must be one of {', '.join(INDICES)}, got {request.order_by!r}")
    store = Store(tracking_uri, new=False)
    experiment_id = _experiment_id(store, experiment)
    columns = _read(store, experiment, experiment_id, request.condition)
    axes = axes_of(columns, request)
    points, left_out = points_of(columns, axes)
    _check_bounds(points, axes)
    comparison = compare(points, axes, order_by=request.order_by)
    return View(
        name=experiment,
        experiment_id=experiment_id,
        tracking_ui=store.page,
        comparison=comparison,
        condition=request.condition,
        left_out=tuple(left_out),
        assumed=tuple(_assumed(request, comparison)),
        page=lambda: experiment_document(columns, experiment, store.page, comparison),
    )


def _experiment_id(store: Store, name: str) -> str:
    with store.errors("cannot be searched"):
        found = store.client.get_experiment_by_name(name)
        if found is not None and found.lifecycle_stage == "active":
            return found.experiment_id
        known = [one.name for one in store.client.search_experiments()]
    state = "was deleted" if found is not None else "is not there"
    names = ", ".join(shortened(one, 60) for one in known[:20])
    more = f" and {len(known) - 20} more" if len(known) > 20 else ""
    raise InputError(
        f"--experiment: {shortened(name, 80)!r} {state} in {store.uri}"
        f"{shortened(did_you_mean(name, known), 120)}; experiments: {names or 'none'}{more}"
    )


def _read(store: Store, experiment: str, experiment_id: str, condition: str) -> RunColumns:
    selection = Selection([experiment_id], condition=condition, unfinished=True)
    with store.errors(f"does not give the runs of {experiment!r}"):
        try:
            columns = read_columns(store.backend, selection)
        except MlflowException as error:
            if condition and error.error_code == "INVALID_PARAMETER_VALUE":
                said = without_secrets(error.message)
                raise InputError(f"--filter {condition!r}: {said}") from cleaned(error)
            raise
    if not columns.ids:
        raise InputError(
            f"--filter {condition!r}: no run of {experiment!r} meets it"
            if condition
            else f"--experiment: {experiment!r} holds no runs"
        )
    return columns


def _check_bounds(points: Points, axes: Axes) -> None:
    """Raise an InputError, in the words of the command, where floor and corner bound nothing."""
    found = Mirrored.of(points, axes)
    null = found.corner[1]
    if found.floor == null:
        raise InputError(
            f"every {axes.y} is {number(null, 6)}, so there is nothing to compare; give --null V, "
            "the value at which nothing is gained"
        )
    if (found.floor < null) != (axes.y_direction == "min"):
        beyond = "less" if axes.y_direction == "min" else "greater"
        raise InputError(
            f"--floor {number(found.floor, 6)} must be {beyond} than the corner {number(null, 6)} "
            f"(--null, or the worst {axes.y}), as --y-direction is {axes.y_direction}"
        )
    if found.bounds["connections_total"] <= 0:
        given = axes.corner[0]
        whose = f"every {axes.x}" if given is None else f"--total {number(given, 6)}"
        raise InputError(
            f"{whose} is no worse than {number(found.axis, 6)}, the best {axes.x}; give --total V, "
            "the value at which nothing is gained"
        )


def _assumed(request: Request, comparison: Comparison) -> list[str]:
    axes, sentences = comparison.axes, []
    least = {"min": "least", "max": "greatest"}
    if "auto" in (request.x_direction, request.y_direction):
        good = {"min": "small", "max": "large"}
        sentences.append(
            f"Of {axes.x} {good[axes.x_direction]} values are good, of {axes.y} "
            f"{good[axes.y_direction]} ones; --x-direction and --y-direction say otherwise."
        )
    if axes.floor is None:
        whose = "the runs" if axes.floor_group is None else axes.floor_group
        sentences.append(
            f"No floor was given: it is the {least[axes.y_direction]} {axes.y} of {whose}, "
            f"{number(comparison.floor, 6)}."
        )
    most = {"min": "greatest", "max": "least"}
    for given, name, direction, value in (
        (axes.corner[0], axes.x, axes.x_direction, comparison.corner[0]),
        (axes.corner[1], axes.y, axes.y_direction, comparison.corner[1]),
    ):
        if given is None:
            sentences.append(
                f"No corner was given for {name}: it is the {most[direction]} of the runs, "
                f"{number(value, 6)}. More runs can move it, and the distance from ideal with it."
            )
    if comparison.axis:
        sentences.append(
            f"{axes.x} is counted from {number(comparison.axis, 6)}, the best of the runs."
        )
    if not axes.front and not comparison.points.sound.duplicated(["group", "marker"]).any():
        sentences.append(
            "No two runs of a group agree in all that makes a marker, so nothing is averaged; "
            "--marker names fewer."
        )
    return sentences
