"""Fields of a project that depend on each other: defaults of the task, and contradictions."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from sparse_lightning._text import did_you_mean
from sparse_lightning.project.messages import Location, show
from sparse_lightning.project.settings import TrainingSettings
from sparse_lightning.regularizers.replica import FLOOR, find_strength

if TYPE_CHECKING:
    from sparse_lightning.project.project import Project


PREDICTING = ("classifier", "regressor")
"""The tasks that predict a target, by an output layer on the codes."""


def contradictions(project: "Project") -> Iterator[tuple[Location, str]]:
    """The fields that contradict others: the place of each and what is wrong with it."""
    yield from _contradictions_of_task(project)
    if project.regularizers.proximal and project.training.optimizer != "sgd":
        yield (
            ("regularizers", "proximal"),
            f"needs training.optimizer sgd, got {project.training.optimizer}",
        )
    if project.regularizers.proximal:
        for name in project.regularizers.groups:
            for term in project.regularizers.terms(name):
                if not term.proximal:
                    yield (
                        ("regularizers", "groups", name),
                        f"has the term {term.symbol}, which has no proximal step: set "
                        "regularizers.proximal to false or leave the group out",
                    )
    yield from _contradictions_of_structures(project)
    shared = sorted({*(project.search.seeds or ())} & {*project.training.seeds})
    if shared:
        yield (
            ("search", "seeds"),
            f"must hold other seeds than training.seeds, on which the groups are compared after "
            f"the search; both hold {', '.join(str(seed) for seed in shared)}",
        )


def _contradictions_of_task(project: "Project") -> Iterator[tuple[Location, str]]:
    classifier, target = project.task == "classifier", project.table.target
    if project.predicts and target is None:
        yield ("table", "target"), f"is missing: a {project.task} needs the column to predict"
    if classifier and isinstance(target, tuple):
        yield (
            ("table", "target"),
            f"must be one column for the task classifier, got {show(list(target))}; several "
            "columns of numbers are for the task regressor",
        )
    if not project.predicts and target is not None:
        shown = show(target if isinstance(target, str) else list(target))
        yield ("table", "target"), f"must be null for the task {project.task}, got {shown}"
    if not classifier and project.training.loss != "squared_error":
        yield (
            ("training", "loss"),
            f"must be squared_error for the task {project.task}, got {show(project.training.loss)}",
        )
    for field in ("holdout", "folds"):
        if not project.predicts and getattr(project.evaluation, field):
            yield ("evaluation", field), f"must be 0 for the task {project.task}"
    if project.evaluation.folds == 1:
        yield ("evaluation", "folds"), "must be 0 or at least 2, got 1"
    if project.evaluation.folds and project.evaluation.holdout:
        yield ("evaluation", "folds"), "goes without evaluation.holdout: set one of them to 0"
    if project.training.loss == "cross_entropy" and project.network.output != "auto":
        yield (
            ("network", "output"),
            f"must be auto with training.loss cross_entropy, got {project.network.output}",
        )
    if project.task == "regressor" and project.network.output == "sigmoid":
        yield (
            ("network", "output"),
            "must be auto or linear for the task regressor, whose outputs are any numbers, got "
            f"{project.network.output}",
        )
    if project.task == "pca":
        yield from _contradictions_of_pca(project)
        return
    for field in ("decoder", "nesting"):
        value = getattr(project.network, field)
        default = type(project.network).model_fields[field].default
        if value != default:
            yield (
                ("network", field),
                f"belongs to the task pca and has no effect on the task {project.task}: leave it "
                f"out, got {show(value)}",
            )


def _contradictions_of_structures(project: "Project") -> Iterator[tuple[Location, str]]:
    chosen, place = project.report.structures, ("report", "structures")
    for name in chosen.groups or ():
        if name not in (FLOOR, *project.regularizers.groups):
            known = did_you_mean(name, project.regularizers.groups)
            yield (*place, "groups"), f"names no group of regularizers.groups: {name!r}{known}"
        elif name != FLOOR and chosen.l1_weight is not None:
            grid = project.regularizers.grid(name)
            weights = [one["l1_weight"] for one in grid if "l1_weight" in one]
            if find_strength(chosen.l1_weight, weights) is None:
                yield (
                    (*place, "l1_weight"),
                    f"must be a λ of {name}, one of {weights}, got {chosen.l1_weight:g}",
                )
    seeds = project.training.seeds
    if chosen.seed is not None and chosen.seed not in seeds:
        yield (
            (*place, "seed"),
            f"must be one of training.seeds {list(seeds)}, got {chosen.seed}",
        )


def _contradictions_of_pca(project: "Project") -> Iterator[tuple[Location, str]]:
    if len(project.network.units) != 1:
        yield (
            ("network", "units"),
            f"must hold one number, of the components, got {list(project.network.units)}",
        )
    for section, field, wanted in (
        ("network", "activation", ("linear",)),
        ("network", "output", ("auto", "linear")),
        ("training", "fine_tune_epochs", (0,)),
    ):
        value = getattr(getattr(project, section), field)
        if value not in wanted:
            yield (section, field), f"must be {wanted[-1]} for the task pca, got {show(value)}"


def with_defaults_of_task(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a project with the defaults that its task has of its own.

    Components are linear and of standardised columns. Classifiers and regressors are fine-tuned,
    and judged on held-out rows unless they are judged by a cross-validation. A regressor's target
    is a list, also of one column.
    """
    if fields.get("task") == "pca":
        fields = _with_default(fields, "table", scale="standard")
        fields = _with_default(fields, "network", activation="linear")
    if fields.get("task") == "regressor":
        target = (_section(fields, "table") or {}).get("target")
        if isinstance(target, str):
            fields = _with_fields(fields, "table", target=[target])
    if fields.get("task") in PREDICTING:
        evaluation = _section(fields, "evaluation")
        if evaluation is not None and not evaluation.get("folds"):
            fields = _with_default(fields, "evaluation", holdout=0.2)
        epochs = (_section(fields, "training") or {}).get("epochs")
        default = TrainingSettings().epochs if epochs is None else epochs
        fields = _with_default(fields, "training", fine_tune_epochs=default)
    return fields


def _section(fields: dict[str, Any], name: str) -> dict[str, Any] | None:
    """The fields that a section sets; None where it is no section at all."""
    given = fields.get(name)
    if isinstance(given, BaseModel):
        return given.model_dump(exclude_unset=True)
    if given is None:
        return {}
    return given if isinstance(given, dict) else None


def _with_fields(fields: dict[str, Any], section: str, **values: Any) -> dict[str, Any]:
    return {**fields, section: {**(_section(fields, section) or {}), **values}}


def _with_default(fields: dict[str, Any], section: str, **defaults: Any) -> dict[str, Any]:
    given = _section(fields, section)
    return fields if given is None else {**fields, section: {**defaults, **given}}
