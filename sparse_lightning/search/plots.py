"""The page of a search: every group's course, importances, settings and front (matplotlib)."""

import html
from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from sparse_lightning._figures import FAINT, data_address, figure_file, figure_style, figure_text
from sparse_lightning._text import counted, number
from sparse_lightning.search.group_study import GroupStudy

OBJECTIVES = ("connections", "squared error")
"""The two values of a trial with the objective `pareto`."""

PANELS = 3
"""Settings side by side in one row."""

_COLOUR, _BEST = "#2f6fd0", "#b3313f"
_STYLE = (
    "body{font-family:system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}"
    "img{display:block;max-width:100%}td,th{padding:.1rem .8rem .1rem 0;text-align:right}"
)


def page_of(title: str, studies: Sequence[GroupStudy], objective: str) -> str:
    """One HTML page, whole in itself, with the plots and the trials of all groups."""
    parts = []
    for study in studies:
        parts.append(f"<h2>{html.escape(study.group)}</h2>")
        complete = study.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if not complete:
            parts.append("<p>No trial was completed.</p>")
            continue
        with figure_style():
            parts += [_image(figure) for figure in _figures(study.study, complete, objective)]
        parts.append(_table(complete, _names(objective)))
    name = html.escape(title)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
        f"<style>{_STYLE}</style></head>\n"
        f"<body><h1>{name}</h1>\n" + "\n".join(parts) + "\n</body></html>\n"
    )


def _names(objective: str) -> Sequence[str]:
    return OBJECTIVES if objective == "pareto" else (objective,)


def _image(figure: Figure) -> str:
    address = data_address(figure_file(figure, "svg"))
    return f'<img src="{address}" alt="{html.escape(figure.get_suptitle())}">'


def _table(trials: Sequence[FrozenTrial], names: Sequence[str]) -> str:
    """The trials with what a picture cannot say: their settings and values as numbers."""
    settings = list(trials[0].params)
    head = "".join(f"<th>{html.escape(name)}</th>" for name in ("trial", *names, *settings))
    rows = []
    for trial in trials:
        values = [*trial.values, *(trial.params[setting] for setting in settings)]
        cells = [str(trial.number), *(number(value) for value in values)]
        rows.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    return (
        f"<details><summary>{counted(len(trials), 'trial')}</summary>"
        f"<table><tr>{head}</tr>{''.join(rows)}</table></details>"
    )


def _figures(study: Study, trials: Sequence[FrozenTrial], objective: str) -> Iterator[Figure]:
    """The front of two objectives, and for each its history, importances and settings."""
    if objective == "pareto":
        yield _front(study, trials)
    for place, name in enumerate(_names(objective)):
        values = np.array([trial.values[place] for trial in trials])
        yield _history(trials, values, name)
        if len(set(values.tolist())) > 1:  # of equal values nothing matters more than all else
            yield _importances(study, name, place)
        yield _settings(trials, values, name)


def _front(study: Study, trials: Sequence[FrozenTrial]) -> Figure:
    figure, (axes,) = _panels("Pareto front", 1)
    best = {trial.number for trial in study.best_trials}
    for colour, on_front, label in ((FAINT, False, "dominated"), (_BEST, True, "on the front")):
        points = [trial.values for trial in trials if (trial.number in best) == on_front]
        if points:
            axes.scatter(*zip(*points, strict=True), s=24, color=colour, label=label)
    axes.set(xlabel=OBJECTIVES[0], ylabel=OBJECTIVES[1])
    axes.legend()
    return figure


def _history(trials: Sequence[FrozenTrial], values: np.ndarray, name: str) -> Figure:
    figure, (axes,) = _panels(f"History: {name}", 1)
    numbers = [trial.number for trial in trials]
    axes.scatter(numbers, values, s=24, color=_COLOUR, label="trial")
    best = np.minimum.accumulate(values)
    axes.step(numbers, best, where="post", color=_BEST, linewidth=1.4, label="best so far")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="trial", ylabel=figure_text(name, 40))
    axes.legend()
    return figure


def _importances(study: Study, name: str, place: int) -> Figure:
    several = len(study.directions) > 1
    target = (lambda trial: trial.values[place]) if several else None
    shares = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator(), target=target)
    figure, (axes,) = _panels(f"Importance of the settings: {name}", 1, 1.6 + 0.3 * len(shares))
    settings = list(reversed(shares))
    bars = axes.barh(
        [figure_text(setting, 40) for setting in settings],
        [shares[setting] for setting in settings],
        color=_COLOUR,
    )
    axes.bar_label(bars, [number(shares[setting], 2) for setting in settings], padding=4)
    axes.margins(x=0.12)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("share of the variance (PED-ANOVA)")
    return figure


def _settings(trials: Sequence[FrozenTrial], values: np.ndarray, name: str) -> Figure:
    distributions = trials[0].distributions
    figure, panels = _panels(f"Settings: {name}", len(distributions))
    colours = [trial.number for trial in trials]
    for axes, (setting, distribution) in zip(panels, distributions.items(), strict=True):
        points = axes.scatter(
            [trial.params[setting] for trial in trials], values, s=24, c=colours, cmap="Blues",
            edgecolors="#24292f", linewidths=0.4,
        )  # fmt: skip
        if getattr(distribution, "log", False):
            axes.set_xscale("log")
        axes.set(xlabel=figure_text(setting, 40), ylabel=figure_text(name, 40))
        if len(set(colours)) > 1 and axes is panels[-1]:
            figure.colorbar(points, ax=panels, label="trial", location="right")
    return figure


def _panels(title: str, count: int, height: float = 3.4) -> tuple[Figure, list[Axes]]:
    """A figure of so many panels, in rows of `PANELS`."""
    rows, columns = -(-count // PANELS), min(count, PANELS)
    figure = Figure(figsize=(max(7.0, 3.6 * columns), height * rows), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for axes in grid[count:]:
        axes.remove()
    figure.suptitle(figure_text(title, 80), x=0.008, horizontalalignment="left", fontweight="bold")
    return figure, grid[:count]
