"""Project: a study, validated as a whole."""

import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import PrivateAttr, ValidationError, model_validator

from sparse_lightning.errors import ProjectError, kind_of
from sparse_lightning.project.agreement import (
    PREDICTING,
    as_stored,
    contradictions,
    with_defaults_of_task,
)
from sparse_lightning.project.groups import RegularizerSettings
from sparse_lightning.project.messages import (
    MOST_FOUND,
    InvalidProjectError,
    invalid_fields,
    problems,
)
from sparse_lightning.project.reading import Override, explain, read_file, read_project
from sparse_lightning.project.search import SearchSettings
from sparse_lightning.project.settings import (
    EvaluationSettings,
    NetworkSettings,
    ReportSettings,
    TableSettings,
    TrackingSettings,
    TrainingSettings,
)
from sparse_lightning.project.types import Name, Settings


class Project(Settings):
    """A study: a table, networks, and the regularizer groups that are compared on them.

    Attributes:
        name: of the MLflow experiment and the output folder; default: the project file's name, or
            the table's, `table` for a frame.
        task: `sae`, a stacked autoencoder; `classifier`, an encoder trained like one with an output
            layer for classes; `regressor`, the same for numbers; `pca`, principal components by
            back-propagation.
        table: the table that the networks are trained on; without `source` it is a frame that
            `run` and `search_strengths` are given.
        network: the shape of the networks.
        training: how they are trained.
        evaluation: which rows train, which choose, which judge.
        regularizers: the groups that are compared.
        report: how the study is reported.
        tracking: what is tracked beyond params, metrics and weights.
        search: how the groups' own best strengths are searched for.

    Raises:
        ProjectError: a field is not known, missing, out of range, or contradicts another one.

    Examples:
        >>> Project(table={"source": "my.csv"}, network={"units": [8]}).name
        'my'
    """

    name: Name = ""
    task: Literal["sae", "classifier", "regressor", "pca"] = "sae"
    table: TableSettings = TableSettings()
    network: NetworkSettings
    training: TrainingSettings = TrainingSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    regularizers: RegularizerSettings = RegularizerSettings()
    report: ReportSettings = ReportSettings()
    tracking: TrackingSettings = TrackingSettings()
    search: SearchSettings = SearchSettings()

    _folder: Path = PrivateAttr(default_factory=Path.cwd)

    def __init__(self, /, **fields: Any):
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise InvalidProjectError(*problems(error, type(self))) from None

    def __eq__(self, other: object) -> bool:
        # Where the file lies is no part of the study.
        return isinstance(other, Project) and self.model_dump() == other.model_dump()

    __hash__ = None  # pyright: ignore[reportAssignmentType] - it holds dicts

    @classmethod
    def load(cls, path: str | os.PathLike[str], overrides: Sequence[str] = ()) -> Self:
        """Read a project file, and the one that it extends (`extends: ../wine_sae.yaml`).

        What the file sets goes before what it extends: sections are merged field by field, lists
        and `regularizers.groups` are replaced, and the name is its own.

        Args:
            path: a YAML file; relative paths in it start at its folder.
            overrides: fields to set, as in `training.epochs=50`; the values are YAML.

        Raises:
            ProjectError: the file or an override cannot be read, or a field is wrong; one line for
                each problem, beginning with the file or the option `--set` that it comes from.
        """
        if not isinstance(path, str | os.PathLike):
            raise ProjectError(f"path must be that of a project file, got {kind_of(path)}")
        file = Path(path)
        return cls.parse(read_file(file), overrides, origin=str(file), folder=file.resolve().parent)

    @classmethod
    def parse(
        cls,
        text: str,
        overrides: Sequence[str] = (),
        origin: str = "project",
        folder: Path | None = None,
        stored: bool = False,
    ) -> Self:
        """Read the text of a project file, as `dump_yaml` writes it.

        Args:
            text: YAML.
            overrides: as in `load`.
            origin: what messages call the text: the file's path; its stem is the default name.
            folder: where relative paths start; default: the working folder.
            stored: whether it was written with a study, maybe by an earlier version: it extends no
                file, and fields that there were not yet have no effect.

        Raises:
            ProjectError: as in `load`.
        """
        here = Path.cwd() if folder is None else folder
        file = read_project(text, origin, here, extending=not stored)
        fields = as_stored(file.fields) if stored else file.fields
        options = [Override.parse(override) for override in overrides]
        for option in options:
            fields = option.apply(fields)
        if fields.get("name") is None:
            fields = {**fields, "name": Path(origin).stem}
        try:
            project = cls(**fields)
        except InvalidProjectError as error:
            settings = [*file.settings, *(option.setting for option in options)]
            raise ProjectError(explain(error.problems, error.more, origin, settings)) from None
        names_table = any(option.setting.concerns(("table", "source")) for option in options)
        project._folder = here if names_table else file.folder
        return project

    @property
    def folder(self) -> Path:
        """Where the table's relative path starts: the folder of the file that names the table."""
        return self._folder

    @property
    def predicts(self) -> bool:
        """Whether the networks predict a target, and rebuild no inputs."""
        return self.task in PREDICTING

    @property
    def search_seeds(self) -> tuple[int, ...]:
        """The seeds of the networks of a search's trials."""
        return self.search.seeds_beside(self.training.seeds)

    @property
    def reconstruction_activation(self) -> Literal["sigmoid", "linear"]:
        """The activation with which autoencoders rebuild the inputs, `auto` resolved."""
        if self.network.output != "auto" and self.task == "sae":
            return self.network.output
        return "sigmoid" if self.table.scale == "minmax" else "linear"

    @property
    def output_activation(self) -> Literal["sigmoid", "linear", "softmax"]:
        """The activation of the outputs, `auto` resolved."""
        if self.task == "regressor":
            return "linear"
        if self.task != "classifier":
            return self.reconstruction_activation
        if self.training.loss == "cross_entropy":
            return "softmax"
        return "sigmoid" if self.network.output == "auto" else self.network.output

    def layers(self, inputs: int, outputs: int) -> list[int]:
        """The units of the networks from their inputs to their outputs."""
        units = list(self.network.units)
        if self.predicts:
            return [inputs, *units, outputs]
        return [inputs, *units, *units[-2::-1], outputs]

    def dump_yaml(self) -> str:
        """The whole project file, defaults included; `Project.parse` makes an equal one of it."""
        fields = self.model_dump(mode="json")
        groups = fields["regularizers"]["groups"]
        for name, group in groups.items():
            groups[name] = {field: value for field, value in group.items() if value is not None}
        return yaml.safe_dump(
            fields, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100
        )

    @model_validator(mode="before")
    @classmethod
    def _named_after_table(cls, fields: Any) -> Any:
        if not isinstance(fields, dict) or fields.get("name") is not None:
            return fields
        table = fields.get("table")
        source = table.get("source") if isinstance(table, dict) else getattr(table, "source", None)
        if not source:
            return {**fields, "name": "table"}
        stem = Path(source).name.split(".")[0] if isinstance(source, str) else None
        return {**fields, "name": stem or "project"}

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_task(cls, fields: Any) -> Any:
        return with_defaults_of_task(fields) if isinstance(fields, dict) else fields

    @model_validator(mode="after")
    def _fields_agree(self) -> Self:
        found = list(islice(contradictions(self), MOST_FOUND))
        if found:
            raise invalid_fields(found)
        return self
