"""Defaults that depend on the task."""

from typing import Any

from pydantic import BaseModel

from sparse_lightning.project.settings import TrainingSettings


def with_defaults_of_task(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a project with those that its task has defaults of its own for.

    Components are linear and of standardised columns. Classifiers are fine-tuned, and judged on
    held-out rows unless they are judged by a cross-validation.
    """
    if fields.get("task") == "pca":
        fields = _with_default(fields, "table", scale="standard")
        fields = _with_default(fields, "network", activation="linear")
    if fields.get("task") == "classifier":
        evaluation = _section(fields, "evaluation")
        if evaluation is not None and not evaluation.get("folds"):
            fields = _with_default(fields, "evaluation", holdout=0.2)
        epochs = (_section(fields, "training") or {}).get("epochs")
        default = TrainingSettings().epochs if epochs is None else epochs
        fields = _with_default(fields, "training", fine_tune_epochs=default)
    return fields


def _section(fields: dict[str, Any], name: str) -> dict[str, Any] | None:
    """What a section sets; None where it is not a section at all."""
    given = fields.get(name)
    if isinstance(given, BaseModel):
        return given.model_dump(exclude_unset=True)
    if given is None:
        return {}
    return given if isinstance(given, dict) else None


def _with_default(fields: dict[str, Any], section: str, **defaults: Any) -> dict[str, Any]:
    given = _section(fields, section)
    return fields if given is None else {**fields, section: {**defaults, **given}}
