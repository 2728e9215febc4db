"""An experiment read, compared and reported."""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException

from sparse_lightning._text import did_you_mean, number, shortened
from sparse_lightning.comparison import INDICES, compare
from sparse_lightning.errors import InputError
from sparse_lightning.experiments.columns import axes_of
from sparse_lightning.experiments.costs import costs, with_failures
from sparse_lightning.experiments.frame import RunsFrame, frame_of
from sparse_lightning.experiments.request import Request
from sparse_lightning.page.report import experiment_document
from sparse_lightning.report.output import writable
from sparse_lightning.report.runs import Axes, RunsView, write_runs_report
from sparse_lightning.secrets import cleaned, without_secrets
from sparse_lightning.tracking.columns import RunColumns
from sparse_lightning.tracking.selecting import Selection, read_columns
from sparse_lightning.tracking.store import Store

LARGEST = 1e306
"""An area up to here can be reckoned with and drawn."""


def report_experiment(
    experiment: str, request: Request, output: Path, tracking_uri: str | None = None
) -> RunsView:
    """Compare the runs of an experiment and write the report.

    Args:
        experiment: its name.
        request: what is to be compared.
        output: the folder of the report; made when there is something to write.
        tracking_uri: of the store; default: as MLflow resolves it.

    Raises:
        InputError: there is no such experiment, metric, param or tag, nothing to compare, or the
            folder cannot be written.
        TrackingError: the store fails.
        OSError: a file cannot be written.
    """
    view = compare_experiment(experiment, request, tracking_uri)
    write_runs_report(view, writable(output))
    return view


def compare_experiment(
    experiment: str, request: Request, tracking_uri: str | None = None
) -> RunsView:
    """Compare the runs of an experiment.

    Args:
        experiment: its name.
        request: what is to be compared.
        tracking_uri: of the store; default: as MLflow resolves it.

    Returns:
        What the report is written from; `view.comparison.indices` has a row for each group.

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
    frame = frame_of(columns, axes)
    x, y = (frame.runs.loc[~frame.runs["failed"], name] for name in ("x", "y"))
    best_x = _best_x(x, axes)
    _check_size(x, y, axes)
    floor, null = _ends(y, axes.y_direction, request.floor, request.null, axes.y)
    total = _total(x, best_x, axes, request.total)
    y_sign = 1 if axes.y_direction == "min" else -1
    comparison = compare(
        costs(frame.runs, axes, best_x),
        floor=y_sign * floor,
        null_error=y_sign * null,
        connections_total=abs(total - best_x),
        connection_threshold=0,
        order_by=request.order_by,
    )
    comparison = with_failures(comparison, frame.runs)
    return RunsView(
        experiment=experiment,
        experiment_id=experiment_id,
        tracking_ui=store.page,
        condition=request.condition,
        axes=axes,
        comparison=comparison,
        best_x=best_x,
        corner=(total, null),
        floor=floor,
        runs=frame.runs,
        settings=frame.settings,
        left_out=tuple(frame.left_out),
        assumed=tuple(_assumed(axes, request, floor, total, null, best_x, frame)),
        page=lambda: experiment_document(
            columns, experiment, store.page, _columns(axes), floor, (total, null), request.order_by
        ),
    )


def _columns(axes: Axes) -> dict[str, Any]:
    return {
        "x": axes.x,
        "y": axes.y,
        "group": axes.group,
        "marker": list(axes.marker),
        "replicate": axes.replicate,
        "x_direction": axes.x_direction,
        "y_direction": axes.y_direction,
    }


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


def _check_size(x: pd.Series, y: pd.Series, axes: Axes) -> None:
    spans = [max(1.0, float(values.max()) - float(values.min())) for values in (x, y)]
    if spans[0] > LARGEST / spans[1]:
        reach = " and ".join(
            f"{shortened(name, 80)} reaches from {values.min():g} to {values.max():g}"
            for name, values in ((axes.x, x), (axes.y, y))
        )
        raise InputError(
            f"{reach}, and no number holds the area between them; --filter leaves runs out"
        )


def _best_x(x: pd.Series, axes: Axes) -> float:
    """What x is counted from: 0 where small is good and no x is negative, else the best of x."""
    if axes.x_direction == "max":
        return float(x.max())
    return min(0.0, float(x.min()))


def _ends(
    y: pd.Series, direction: str, floor: float | None, null: float | None, name: str
) -> tuple[float, float]:
    """The floor and the y of the corner."""
    best, worst = (y.min(), y.max()) if direction == "min" else (y.max(), y.min())
    floor = float(best) if floor is None else floor
    null = float(worst) if null is None else null
    if floor == null:
        raise InputError(
            f"every {name} is {number(floor, 6)}, so there is nothing to compare; give --null V, "
            "the value at which nothing is gained"
        )
    if (floor < null) != (direction == "min"):
        beyond = "less" if direction == "min" else "greater"
        raise InputError(
            f"--floor {number(floor, 6)} must be {beyond} than the corner {number(null, 6)} "
            f"(--null, or the worst {name}), as --y-direction is {direction}"
        )
    return floor, null


def _total(x: pd.Series, best: float, axes: Axes, given: float | None) -> float:
    worst = float(x.max() if axes.x_direction == "min" else x.min()) if given is None else given
    if worst == best or (worst > best) != (axes.x_direction == "min"):
        whose = f"--total {number(given, 6)}" if given is not None else f"every {axes.x}"
        raise InputError(
            f"{whose} is no worse than {number(best, 6)}, the best {axes.x}; give --total V, the "
            "value at which nothing is gained"
        )
    return worst


def _assumed(
    axes: Axes,
    request: Request,
    floor: float,
    total: float,
    null: float,
    best_x: float,
    frame: RunsFrame,
) -> list[str]:
    said = []
    least = {"min": "least", "max": "greatest"}
    if "auto" in (request.x_direction, request.y_direction):
        good = {"min": "small", "max": "large"}
        said.append(
            f"Of {axes.x} {good[axes.x_direction]} values are good, of {axes.y} "
            f"{good[axes.y_direction]} ones; --x-direction and --y-direction say otherwise."
        )
    if request.floor is None:
        said.append(
            f"No floor was given: it is the {least[axes.y_direction]} {axes.y} of the runs, "
            f"{number(floor, 6)}."
        )
    most = {"min": "greatest", "max": "least"}
    for given, name, direction, value in (
        (request.total, axes.x, axes.x_direction, total),
        (request.null, axes.y, axes.y_direction, null),
    ):
        if given is None:
            said.append(
                f"No corner was given for {name}: it is the {most[direction]} of the runs, "
                f"{number(value, 6)}. More runs can move it, and hypervolume_gap with it."
            )
    if best_x:
        said.append(f"{axes.x} is counted from {number(best_x, 6)}, the best of the runs.")
    survived = frame.runs.loc[~frame.runs["failed"]]
    if not axes.front and not survived.duplicated(["group", "marker"]).any():
        said.append(
            "No two runs of a group agree in all that makes a marker, so nothing is averaged; "
            "--marker names fewer."
        )
    return said
