"""Fields of a project that depend on each other: defaults of the task, and contradictions."""

from collections.abc import Iterator
from typing import Any, Protocol

from pydantic import BaseModel

from sparse_lightning._text import did_you_mean
from sparse_lightning.project.groups import RegularizerSettings
from sparse_lightning.project.messages import Location, show
from sparse_lightning.project.search import SearchSettings
from sparse_lightning.project.settings import (
    EvaluationSettings,
    NetworkSettings,
    ReportSettings,
    TableSettings,
    TrainingSettings,
)
from sparse_lightning.regularizers.replica import FLOOR, find_strength


class Sections(Protocol):
    """The parts of a project that may contradict each other."""

    @property
    def task(self) -> str: ...
    @property
    def table(self) -> TableSettings: ...
    @property
    def network(self) -> NetworkSettings: ...
    @property
    def training(self) -> TrainingSettings: ...
    @property
    def evaluation(self) -> EvaluationSettings: ...
    @property
    def regularizers(self) -> RegularizerSettings: ...
    @property
    def report(self) -> ReportSettings: ...
    @property
    def search(self) -> SearchSettings: ...


PREDICTING = ("classifier", "regressor")
"""The tasks that predict a target, by an output layer on the codes."""


def contradictions(project: Sections) -> Iterator[tuple[Location, str]]:
    """The fields that contradict others: the place of each and what is wrong with it."""
    yield from _contradictions_of_task(project)
    yield from _contradictions_of_rows(project)
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


def _contradictions_of_task(project: Sections) -> Iterator[tuple[Location, str]]:
    classifier, target = project.task == "classifier", project.table.target
    predicts = project.task in PREDICTING
    if predicts and target is None:
        yield ("table", "target"), f"is missing: a {project.task} needs the column to predict"
    if classifier and isinstance(target, tuple):
        yield (
            ("table", "target"),
            f"must be one column for the task classifier, got {show(list(target))}; several "
            "columns of numbers are for the task regressor",
        )
    if not predicts and target is not None:
        shown = show(target if isinstance(target, str) else list(target))
        yield ("table", "target"), f"must be null for the task {project.task}, got {shown}"
    if not classifier and project.training.loss != "squared_error":
        yield (
            ("training", "loss"),
            f"must be squared_error for the task {project.task}, got {show(project.training.loss)}",
        )
    if not classifier and project.training.class_weight is not None:
        yield ("training", "class_weight"), f"must be null for the task {project.task}"
    if not predicts and project.evaluation.holdout:
        yield ("evaluation", "holdout"), f"must be 0 for the task {project.task}"
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


def _contradictions_of_rows(project: Sections) -> Iterator[tuple[Location, str]]:
    evaluation = project.evaluation
    folds = 0 if evaluation.folds == "auto" else evaluation.folds
    parts = evaluation.validation + evaluation.test
    if folds == 1:
        yield ("evaluation", "folds"), "must be auto, 0 or at least 2, got 1"
    if folds and evaluation.holdout:
        yield ("evaluation", "folds"), "goes without evaluation.holdout: set one of them to 0"
    if folds and parts:
        yield (
            ("evaluation", "folds"),
            "goes without evaluation.validation and evaluation.test: set those to 0",
        )
    if evaluation.holdout and parts:
        yield (
            ("evaluation", "holdout"),
            "goes without evaluation.validation and evaluation.test: set it or those to 0",
        )
    if parts >= 1:
        yield (
            ("evaluation", "test"),
            f"leaves no training rows: with evaluation.validation it must be less than 1, got "
            f"{evaluation.validation:g} + {evaluation.test:g}",
        )
    if evaluation.time is not None and evaluation.group is not None:
        yield ("evaluation", "time"), "goes without evaluation.group: set one of them to null"
    weight = project.table.weight
    if weight in {*project.table.targets, evaluation.group, evaluation.time} - {None}:
        yield (
            ("table", "weight"),
            f"must be another column than the target, group and time, got {show(weight)}",
        )
    for field in ("group", "time"):
        column = getattr(evaluation, field)
        if column is None:
            continue
        if column in project.table.targets:
            yield ("evaluation", field), f"must be another column than table.target, {show(column)}"
        if evaluation.holdout:
            yield ("evaluation", field), "goes without evaluation.holdout: set that to 0"
        if folds and field == "time":
            yield ("evaluation", "time"), "goes without evaluation.folds: set those to 0"


def _contradictions_of_structures(project: Sections) -> Iterator[tuple[Location, str]]:
    chosen, place = project.report.structures, ("report", "structures")
    for name in chosen.groups or ():
        if name not in (FLOOR, *project.regularizers.groups):
            known = did_you_mean(name, project.regularizers.groups)
            yield (*place, "groups"), f"names no group of regularizers.groups: {name!r}{known}"
        elif (
            name != FLOOR
            and chosen.l1_weight is not None
            and not project.regularizers.has_path(name)
        ):
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


def _contradictions_of_pca(project: Sections) -> Iterator[tuple[Location, str]]:
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

    Components are linear and of standardised columns. Classifiers and regressors are fine-tuned. A
    regressor's target is a list, also of one column. Of columns with a variance of 1 a search looks
    for larger λ. Networks that are judged by
    `evaluation.holdout` or by folds are trained on all other rows.
    """
    evaluation = _section(fields, "evaluation") or {}
    if evaluation.get("holdout") or evaluation.get("folds") not in (None, "auto", 0):
        fields = _with_default(fields, "evaluation", validation=0.0, test=0.0)
    if fields.get("task") == "pca":
        fields = _with_default(fields, "table", scale="standard")
        fields = _with_default(fields, "network", activation="linear")
    scale = (_section(fields, "table") or {}).get("scale", TableSettings().scale)
    if scale in ("standard", "equal"):
        # Errors are sums of variances of 1, and λ is weighed by them.
        fields = _with_default(fields, "search", l1_weight={"low": 0.001, "high": 3.0})
    if fields.get("task") == "regressor":
        target = (_section(fields, "table") or {}).get("target")
        if isinstance(target, str):
            fields = _with_fields(fields, "table", target=[target])
    if fields.get("task") in PREDICTING:
        epochs = (_section(fields, "training") or {}).get("epochs")
        default = TrainingSettings().epochs if epochs is None else epochs
        fields = _with_default(fields, "training", fine_tune_epochs=default)
    return fields


def as_stored(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a project that was stored with a study.

    All of its settings are in it but those that there were not yet: studies of before there were
    validation and test rows were trained on all rows, and none was resampled or refitted.
    """
    fields = _with_default(fields, "training", resample=False, refit=False)
    return _with_default(fields, "evaluation", validation=0.0, test=0.0, folds=0)


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
