"""The sections of a project file but for its regularizers; every default is one worth having."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from sparse_lightning.project.columns import ColumnKind, Columns
from sparse_lightning.project.dialect import DialectSettings
from sparse_lightning.project.messages import invalid_fields
from sparse_lightning.project.preparation import Steps, repetitions
from sparse_lightning.project.types import (
    Chunk,
    Count,
    Counts,
    Epochs,
    FineTuning,
    Folds,
    Line,
    Names,
    Positive,
    Probability,
    Proportion,
    Seed,
    Seeds,
    Settings,
    Strength,
    Target,
    Text,
    names_of,
)


def _names_or_none(value: object) -> object:
    return () if value in ((), []) else names_of(value)


class TableSettings(Settings):
    """The table that the networks are trained on.

    Attributes:
        source: the name of a packaged table, or the path of a file, relative to the folder of the
            project file: `.csv`, `.tsv` or `.txt`, also packed (`.gz`, `.zip`), `.parquet`,
            `.feather`, `.xlsx`, `.xlsm`. Left out where Python hands over a frame:
            `run(project, table=frame)`.
        columns: `auto`: all but those that can be no input, such as ids and constants; `all`, or
            a list: these, in this order, none left out; a mapping: what some columns are, such as
            `{zip: text, grade: {ordered: [low, mid, high]}, id: leave_out}`, the others `auto`.
            The columns of a packaged table are its features.
        leave_out: columns that are not used.
        target: the column to predict, which is then no input, or of regressors a list of them;
            None for autoencoders and components. Rows without a value of it are left out, but
            refused with `missing: error`.
        weight: a column of numbers of at least 0, by which rows count in losses, scales and
            measures; it is no input, and rows of weight 0 are left out.
        scale: `equal` gives the inputs of each column together the variance 1, however many there
            are, so that no column counts more than another by how it is encoded; `standard` gives
            each input the mean 0 and the variance 1, `minmax` maps it to [0, 1].
        missing: `impute` puts the median of a column of numbers for a missing value, says so in an
            input of its own where more than 5 % are missing, and makes a level of missing ones;
            `drop` leaves out the rows in which a used column has no value, `error` refuses them.
            In CSV files a cell has no value that is empty, `?`, or what pandas takes for none,
            such as `NA`, `nan` or `null`.
        prepare: rows to leave out, and how columns that hold text become 0/1 inputs. The target's
            classes are its levels, whether a step recodes it or not.
        dialect: how a text file is read, where that is not left to its beginning; of Excel files
            `decimal`, `thousands` and `header_line`.
        sheet: which sheet of an Excel file holds the table; default: the only one with content.
    """

    source: Line = ""
    columns: Columns = "auto"
    leave_out: Annotated[tuple[str, ...], BeforeValidator(_names_or_none)] = ()
    target: Target | None = None
    weight: Text | None = None
    scale: Literal["minmax", "standard", "equal", "none"] = "equal"
    missing: Literal["impute", "drop", "error"] = "impute"
    prepare: Steps = ()
    dialect: DialectSettings | None = None
    sheet: Text | None = None

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns to predict."""
        return (self.target,) if isinstance(self.target, str) else self.target or ()

    @property
    def number_targets(self) -> tuple[str, ...]:
        """Those of a regressor, whose target is a list: the columns of numbers to predict."""
        return () if isinstance(self.target, str) else self.target or ()

    @property
    def pins(self) -> Mapping[str, ColumnKind]:
        """What `columns` says of single columns."""
        return self.columns if isinstance(self.columns, dict) else {}

    @property
    def leaves_out(self) -> bool:
        """Whether columns that can be no input are left out, and no error."""
        return self.columns == "auto" or bool(self.pins)

    @model_serializer(mode="wrap")
    def _given(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = handler(self)
        # Projects without them are what they were before there were these fields.
        added = ("source", "dialect", "sheet", "leave_out", "weight")
        return {name: value for name, value in fields.items() if name not in added or value}

    @model_validator(mode="after")
    def _steps_agree(self) -> Self:
        found = list(repetitions(self.prepare))
        for name in self.leave_out:
            if name in self.targets:
                found.append((("leave_out",), f"holds the target, {name!r}"))
            elif not isinstance(self.columns, str) and name in self.columns:
                found.append((("leave_out",), f"holds {name!r}, which table.columns holds, too"))
        found += [
            (("columns",), f"says what the target is, {name!r}")
            for name in self.targets
            if name in self.pins
        ]
        if found:
            raise invalid_fields(found)
        return self


class NetworkSettings(Settings):
    """The shape of the networks.

    Attributes:
        units: the hidden units of each greedy stage; of the task pca, the one number of components.
        activation: of the hidden units; of the task pca always `linear`.
        output: the activation of the outputs; `auto`: of autoencoders sigmoid where the table is
            scaled to [0, 1], else linear; of classifiers sigmoid, or softmax with the loss
            `cross_entropy`; of regressors linear.
        decoder: of the task pca: `tied`, the loadings themselves lead back to the inputs, as
            published; `span`, the best linear map does, so that sparse components may be
            correlated.
        nesting: of the task pca: the share of the loss that is the mean over n of the error with
            the first n components, which makes them come in order; the rest is the error with all.
    """

    units: Counts
    activation: Literal["sigmoid", "tanh", "relu", "linear"] = "tanh"
    output: Literal["auto", "sigmoid", "linear"] = "auto"
    decoder: Literal["tied", "span"] = "tied"
    nesting: Proportion = 0.5


class ScheduleSettings(Settings):
    """The learning rate's last part.

    Attributes:
        tail: the fraction of the epochs at its end.
        factor: what the learning rate is multiplied by there.
    """

    tail: Proportion = 0.2
    factor: Annotated[Positive, Field(le=1)] = 0.1


class FloorSettings(Settings):
    """When the unregularized networks, whose smallest error is the floor, are trained enough.

    They are trained in cycles of `training.epochs` epochs; the first is that of all networks.

    Attributes:
        tolerance: a cycle that lowers the smallest error by less than this fraction is the last.
        max_cycles: the most cycles there are.
        batch_size: rows in a batch after the first cycle; larger batches are less noisy, and so
            reach a smaller error in the same time.
    """

    tolerance: Annotated[Strength, Field(lt=1)] = 0.01
    max_cycles: Count = 20
    batch_size: Count = 256


class TrainingSettings(Settings):
    """How the networks are trained.

    Attributes:
        optimizer: `adam` or `sgd`.
        learning_rate: before the schedule's tail.
        schedule: the learning rate's last part.
        loss: what classifiers minimise; `squared_error` of one-hot targets, or `cross_entropy`. Of
            all other networks it is `squared_error`.
        class_weight: `balanced` multiplies what rows of each class add to a classifier's loss so
            that all classes count the same; null does not.
        batch_size: rows in a batch.
        gradient_clip: the largest norm of a network's gradient; null does not clip.
        epochs: of each stage; `auto`: as many as a pilot of the study needs until its errors and
            connections have settled, the same for all networks.
        fine_tune_epochs: of the whole network after its stages; default: 0, and of classifiers and
            regressors `epochs`.
        resample: each seed has weights on the rows of its own, as often as a sample of the rows
            with replacement holds them, so that seeds differ as other tables would.
        refit: after the stages, and fine-tuning, what is left of each network is trained on
            without its penalty for a third of `epochs`; weights that are no connections stay 0.
        seeds: one network is trained for each seed and setting.
        accelerator: of Lightning's trainer.
        devices: of the accelerator; the networks are cut into as many parts, each trained by a
            process with a device of its own, which changes no result. With `--workers` or
            `--scheduler` each worker has one.
        precision: of Lightning's trainer.
        chunk: how many networks are trained together; changes no result.
        floor: when the unregularized networks are trained enough.
    """

    optimizer: Literal["adam", "sgd"] = "adam"
    learning_rate: Positive = 0.01
    schedule: ScheduleSettings = ScheduleSettings()
    loss: Literal["squared_error", "cross_entropy"] = "squared_error"
    class_weight: Literal["balanced"] | None = None
    batch_size: Count = 64
    gradient_clip: Positive | None = None
    epochs: Epochs = "auto"
    fine_tune_epochs: FineTuning = 0
    resample: bool = True
    refit: bool = True
    seeds: Seeds = (1, 2, 3, 4, 5)
    accelerator: Literal["auto", "cpu", "gpu", "cuda", "mps"] = "auto"
    devices: Count = 1
    precision: Literal["32-true", "64-true", "16-mixed", "bf16-mixed"] = "32-true"
    chunk: Chunk = "auto"
    floor: FloorSettings = FloorSettings()


class EvaluationSettings(Settings):
    """Which rows train the networks, which choose among them, and which judge what was chosen.

    Nothing is fitted to validation and test rows: no weight, no scale of a column, no level.
    Curves, floor and indices are of validation rows where there are some; test rows only judge.

    Attributes:
        validation: the share of the rows that choose; 0: training rows choose.
        test: the share of the rows that judge; 0: none.
        group: a column whose equal values stay together, as those of one patient; it is no input.
        time: a column by which the rows are sorted: the last ones are test rows, those before them
            validation rows. It is an input only if `table.columns` names it.
        folds: of a cross-validation, with networks of their own for each fold; 0: none. The
            networks that are kept are trained on all rows. `auto`: tables of fewer than 300 rows,
            which are too small for three parts, are judged by 5 folds instead.
        holdout: the share of the rows, of every class alike, that classifiers and regressors are
            judged on beside their training rows, which choose; columns are scaled by all rows. 0:
            none. It goes without `validation` and `test`, whose default is 0 beside it.
        seed: of the choice of the rows.
    """

    validation: Annotated[Proportion, Field(lt=1)] = 0.2
    test: Annotated[Proportion, Field(lt=1)] = 0.2
    group: Text | None = None
    time: Text | None = None
    folds: Folds = "auto"
    holdout: Annotated[Proportion, Field(lt=1)] = 0.0
    seed: Seed = 0


class StructureSettings(Settings):
    """Which networks the report shows from inside.

    Attributes:
        groups: of these groups one network each; default: the first three.
        l1_weight: λ of the networks; default: the middle one of each group's.
        seed: of the networks; default: the first.
    """

    groups: Names | None = None
    l1_weight: Strength | None = None
    seed: Seed | None = None


class ReportSettings(Settings):
    """How the study is reported.

    Attributes:
        connection_threshold: a weight counts as a connection where |w| is greater.
        index: the index that orders the table; all three are computed.
        title: of the page; default: the project's name.
        bootstrap: how many samples of the seeds the intervals are made from.
        confidence: of the intervals.
        structures: which networks are shown from inside.
    """

    connection_threshold: Strength = 0.01
    index: Literal["area_marker", "area_axis", "hypervolume_gap"] = "area_marker"
    title: Line | None = None
    bootstrap: Count = 2000
    confidence: Probability = 0.95
    structures: StructureSettings = StructureSettings()


class TrackingSettings(Settings):
    """What is tracked beyond params, metrics and weights.

    Attributes:
        system_metrics: log the load of the machine to the study's run.
        patience: in seconds, how long a tracking store that takes nothing is waited for, once
            training is over.
    """

    system_metrics: bool = False
    patience: Positive = 120.0
