"""The page of a search: Optuna's plots of every group's study."""

import html
from collections.abc import Callable, Iterator, Sequence

import plotly.graph_objects as go
from optuna import visualization
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.study import Study
from optuna.trial import TrialState
from plotly.offline import get_plotlyjs

from sparse_lightning.search.group_study import GroupStudy

OBJECTIVES = ("connections", "squared error")
"""What the two values of a trial are with the objective `pareto`."""

_STYLE = "body{font-family:system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}"


def page_of(title: str, studies: Sequence[GroupStudy], objective: str) -> str:
    """One HTML page, whole in itself, with the plots of all groups.

    Args:
        title: of the page.
        studies: the groups' studies.
        objective: what is minimised.
    """
    parts = []
    for study in studies:
        parts.append(f"<h2>{html.escape(study.group)}</h2>")
        drawn = list(_figures(study.study, objective))
        parts += [figure.to_html(full_html=False, include_plotlyjs=False) for figure in drawn]
        if not drawn:
            parts.append("<p>No trial was completed.</p>")
    name = html.escape(title)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
        f"<style>{_STYLE}</style><script>{get_plotlyjs()}</script></head>\n"
        f"<body><h1>{name}</h1>\n" + "\n".join(parts) + "\n</body></html>\n"
    )


def _figures(study: Study, objective: str) -> Iterator[go.Figure]:
    """History, importances, slices, and with two objectives their Pareto front."""
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if not complete:
        return
    if objective == "pareto":
        yield visualization.plot_pareto_front(study, target_names=list(OBJECTIVES))
        for place, name in enumerate(OBJECTIVES):
            yield from _of_one(study, name, lambda trial, place=place: trial.values[place])
    else:
        yield from _of_one(study, objective, None)


def _of_one(study: Study, name: str, target: Callable | None) -> Iterator[go.Figure]:
    yield visualization.plot_optimization_history(study, target=target, target_name=name)
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    values = {target(trial) if target else trial.value for trial in complete}
    if len(values) > 1:  # of equal values nothing is more important than all else
        yield visualization.plot_param_importances(
            study, evaluator=PedAnovaImportanceEvaluator(), target=target, target_name=name
        )
    yield visualization.plot_slice(study, target=target, target_name=name)
