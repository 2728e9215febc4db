"""Training the whole grid of a study, a stage at a time: chunks, failures, the floor's rule."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pytorch_lightning as pl
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from sparse_lightning.data.examples import Examples
from sparse_lightning.nn.failures import Failure, FailureRecord
from sparse_lightning.nn.layers import (
    clear,
    connections,
    linear_layers,
    live_connections,
    put,
    take,
)
from sparse_lightning.nn.population import Optimization, PopulationModule
from sparse_lightning.project import Project
from sparse_lightning.regularizers.groups import regularizers_for, training_order
from sparse_lightning.regularizers.hidden import HiddenRegularizer
from sparse_lightning.regularizers.prune import Prune
from sparse_lightning.regularizers.replica import FLOOR
from sparse_lightning.training.checkpoints import Checkpoints, NoCheckpoints
from sparse_lightning.training.fitting import (
    EpochProgress,
    FitCheckpoint,
    HistoryRecorder,
    fit,
    optimization_of,
)
from sparse_lightning.training.grid import (
    History,
    TrainedPopulation,
    chunk_size,
    chunks,
    replicas_of,
)
from sparse_lightning.training.measuring import rows_at_once
from sparse_lightning.training.progress import Progress
from sparse_lightning.training.resampling import sampled_weights
from sparse_lightning.training.settling import (
    CYCLE_ORDER,
    MOST_CYCLES,
    State,
    cycle_epochs,
    has_settled,
)

REFIT_PART = 3
"""Refitting takes a third of a stage's epochs: it begins near its end."""

REFIT_NUMBER = 1000
"""Added to the number of the stage of whole networks: the number of refitting."""

ModuleOf = Callable[
    [nn.Sequential, nn.Sequential, Optimization, Float[Tensor, " replica"]], PopulationModule
]


@dataclass
class Stage:
    """A part of every network that is trained in one go; its weights stay on the CPU.

    Attributes:
        rows: what batches are made of.
        number: the place of the stage, on which the order of the rows depends.
        below: the frozen layers before those that are trained.
        module: makes what trains some of the replicas in place, from their layers, the layers
            below, the optimization and the factors on the replicas' learning rates.
        settle: whether the floor's networks are trained on until their error settles.
        refit: whether weights that are no connections stay 0, and nothing is penalised.
        tuning: whether it fine-tunes what stages before it have trained.
    """

    title: str
    rows: Float[Tensor, "row unit"]
    number: int
    layers: nn.Sequential
    below: nn.Sequential
    module: ModuleOf
    epochs: int
    settle: bool = True
    refit: bool = False
    tuning: bool = False

    @property
    def units(self) -> list[int]:
        """The units of the trained layers, from their inputs to their outputs."""
        shapes = [layer.weight.shape for layer in linear_layers(self.layers)]
        return [shapes[0][1], *(shape[2] for shape in shapes)]


class GridTraining:
    """The replicas of a study while they are trained, or those with the given numbers.

    `examples` are the rows that all stages are trained on, and `title` begins the titles of all
    stages. Fits that the checkpoints hold are not trained again. `replicas` are in the order of
    training, in which the replicas of a term are contiguous.

    Attributes:
        epochs: of the longest stage; with `epochs: auto` all of its cycles, until errors and
            connections had settled.
        fine_tune_epochs: likewise of fine-tuning.
        settled: whether every stage had settled by the end of the budget.
        unrefitted: the networks before they were refitted, in the order of the grid; None without.
    """

    def __init__(
        self,
        project: Project,
        examples: Examples,
        progress: Progress,
        title: str = "",
        numbers: Collection[int] | None = None,
        checkpoints: Checkpoints | None = None,
    ):
        self.project = project
        self.rows = len(examples.inputs)
        self.progress = progress
        self.title = title
        self.checkpoints = checkpoints or NoCheckpoints()
        self.replicas = training_order(
            [
                replica
                for replica in replicas_of(project)
                if numbers is None or replica.number in numbers
            ]
        )
        self.histories = [History() for _ in self.replicas]
        self.failures: list[Failure | None] = [None] * len(self.replicas)
        self.floor_settled = True
        self.unrefitted: nn.Sequential | None = None
        self.epochs = self.fine_tune_epochs = 0
        self.settled = True
        self.samples = list(dict.fromkeys(self.seeds)) if project.training.resample else []
        self._row_weights = self._weights_of(examples)
        self._weighted = examples.weights is not None
        self._began = time.monotonic()

    @property
    def seeds(self) -> list[int]:
        return [replica.seed for replica in self.replicas]

    @property
    def holds_floor(self) -> bool:
        """Whether the unregularized networks are among the replicas."""
        return any(replica.group == FLOOR for replica in self.replicas)

    def train(self, stage: Stage) -> None:
        """Train a stage of every replica, and the floor's on until its error settles.

        Where its epochs are `auto` it is trained in cycles, until a cycle changes little.
        """
        self._train_cycle(stage, self.title + stage.title, stage.number)
        self._count(stage, cycles=1)
        training = self.project.training
        epochs = training.fine_tune_epochs if stage.tuning else training.epochs
        if epochs == "auto" and not stage.refit:
            self._settle(stage)
        if stage.settle and self.holds_floor and not stage.refit:
            self._settle_floor(stage)

    def epochs_of(self, epochs: int | Literal["auto"]) -> int:
        """The epochs of a stage, or of a cycle of it where they are `auto`."""
        if epochs != "auto":
            return epochs
        return cycle_epochs(self.rows, self.project.training.batch_size)

    def fail_with(self, other: "GridTraining") -> None:
        """Mark as failed what failed in another training, of the same replicas on other rows."""
        self.failures = [
            mine or theirs for mine, theirs in zip(self.failures, other.failures, strict=True)
        ]

    def refitted(self, network: nn.Sequential, whole: Stage) -> nn.Sequential:
        """A copy of the network of all replicas, in the order of the grid, trained as a whole.

        With `training.refit` what is left of it is trained on without penalty, as the stage
        `whole` trains all its layers; `unrefitted` then holds what it was before. A penalty leaves
        the weights that survive it smaller than they would be without it; trained on alone they
        lose that bias, and the structure stays what the penalty has found (the relaxed lasso of
        Meinshausen, 2007, at its end point).
        """
        training = self.project.training
        if training.refit:
            self.unrefitted = self.in_grid_order(network)
            epochs = -(-self.epochs_of(training.epochs) // REFIT_PART)
            number = whole.number + REFIT_NUMBER
            refit = replace(whole, title="refit", number=number, refit=True, tuning=False)
            self.train(replace(refit, epochs=epochs))
        return self.in_grid_order(network)

    def in_grid_order(self, network: nn.Module) -> nn.Sequential:
        """A copy of the network of all replicas, in the order of the grid."""
        return take(network, self._places)

    def result(
        self,
        network: nn.Sequential,
        squared_error: np.ndarray,
        metrics: dict[str, np.ndarray] | None = None,
        documents: dict[str, list[Any]] | None = None,
        counts: np.ndarray | None = None,
    ) -> TrainedPopulation:
        """The trained networks, with failed ones marked and cleared.

        Everything comes in the order of the grid, one value a replica: the layers of `network`, the
        errors, further measures by name, and by name the contents of a JSON file. The connections
        are those of `network`, and `live_connections` those on a path, unless `counts` gives them.
        """
        measures = dict(metrics or {})
        if counts is None:
            threshold = self.project.report.connection_threshold
            counts = connections(network, threshold).double().numpy()
            measures["live_connections"] = live_connections(network, threshold).double().numpy()
        failures = [self.failures[place] for place in self._places]
        for number, value in enumerate(squared_error):
            if failures[number] is None and not np.isfinite(value):
                failures[number] = Failure(f"{self.title}the whole training", None, "error")
        failed = np.array([failure is not None for failure in failures])
        clear(linear_layers(network), torch.from_numpy(failed))
        return TrainedPopulation(
            replicas=[self.replicas[place] for place in self._places],
            network=network,
            squared_error=np.where(failed, np.nan, squared_error),
            connections=np.where(failed, np.nan, counts),
            failures=failures,
            histories=[self.histories[place] for place in self._places],
            floor_settled=self.floor_settled,
            seconds=time.monotonic() - self._began,
            metrics={name: np.where(failed, np.nan, values) for name, values in measures.items()},
            documents=documents or {},
            epochs=self.epochs,
            fine_tune_epochs=self.fine_tune_epochs,
            settled=self.settled,
        )

    @property
    def _sound(self) -> Bool[np.ndarray, " replica"]:
        return np.array([failure is None for failure in self.failures])

    @property
    def _penalised(self) -> Bool[np.ndarray, " replica"]:
        return np.array([replica.group != FLOOR for replica in self.replicas])

    @property
    def _places(self) -> list[int]:
        """For each number of the grid, where the training order has put it."""
        return sorted(range(len(self.replicas)), key=lambda place: self.replicas[place].number)

    def _count(self, stage: Stage, cycles: int) -> None:
        if stage.tuning:
            self.fine_tune_epochs = max(self.fine_tune_epochs, cycles * stage.epochs)
        elif not stage.refit:
            self.epochs = max(self.epochs, cycles * stage.epochs)

    def _train_cycle(self, stage: Stage, title: str, order: int) -> None:
        parts = list(chunks(len(self.replicas), chunk_size(self.project, stage.units)))
        self.progress.start(title, stage.epochs * len(parts), len(self.replicas))
        for part in parts:
            self._train_part(stage, title, part, self.project.training.batch_size, order)

    def _settle(self, stage: Stage) -> None:
        before = self._state(stage)
        for cycle in range(2, MOST_CYCLES + 1):
            self._count(stage, cycle)
            title = f"{self.title}{stage.title}, cycle {cycle} of at most {MOST_CYCLES}"
            self._train_cycle(stage, title, CYCLE_ORDER * cycle + stage.number)
            after = self._state(stage)
            if has_settled(before, after):
                return
            before = after
        self.settled = False

    def _state(self, stage: Stage) -> State:
        """The errors and the connections of sound replicas in what this stage trains."""
        size = chunk_size(self.project, stage.units)
        parts = chunks(len(self.replicas), size)
        errors = np.concatenate([self._errors(stage, part) for part in parts])
        threshold = self.project.report.connection_threshold
        counts = connections(stage.layers, threshold).double().numpy()
        weights = sum(layer.weight[0].numel() for layer in linear_layers(stage.layers))
        return State(errors[self._sound], counts[self._sound] / weights)

    def _settle_floor(self, stage: Stage) -> None:
        rule = self.project.training.floor
        places = [n for n, replica in enumerate(self.replicas) if replica.group == FLOOR]
        part = slice(places[0], places[-1] + 1)
        best = self._smallest_error(stage, part)
        for cycle in range(2, rule.max_cycles + 1):
            name = f"{self.title}floor, cycle {cycle} of at most {rule.max_cycles}"
            self.progress.start(name, stage.epochs, len(places))
            phase = f"{self.title}{stage.title}, the floor's cycle {cycle}"
            order = 1000 * cycle + stage.number
            self._train_part(stage, phase, part, rule.batch_size, order)
            before, best = best, min(best, self._smallest_error(stage, part))
            if not best < before * (1 - rule.tolerance):
                return
        self.floor_settled = False

    def _train_part(
        self, stage: Stage, phase: str, part: slice, batch_size: int, order: int
    ) -> None:
        checkpoint = FitCheckpoint(self.checkpoints, self._fit_name(stage, part, order))
        self._began -= checkpoint.seconds_before
        layers = take(stage.layers, part)
        threshold = self.project.report.connection_threshold
        history = HistoryRecorder(layers, threshold, stage.epochs)
        failures = FailureRecord(len(self.replicas[part]))
        if checkpoint.result is None:
            module = self._fit(stage, part, layers, history, checkpoint, batch_size, order)
            failures = module.failures
            checkpoint.finish(
                {
                    "layers": dict(layers.state_dict()),
                    "failures": failures.kept(),
                    "history": history.state_dict(),
                }
            )
        else:
            layers.load_state_dict(checkpoint.result["layers"])
            failures.restore(checkpoint.result["failures"])
            history.load_state_dict(checkpoint.result["history"])
            for _ in range(stage.epochs):
                self.progress.advance()
        put(stage.layers, part, layers)
        history.add_to(self.histories[part])
        self.failures[part] = [
            known or new
            for known, new in zip(self.failures[part], failures.failures(phase), strict=True)
        ]

    def _fit(
        self,
        stage: Stage,
        part: slice,
        layers: nn.Sequential,
        history: HistoryRecorder,
        checkpoint: FitCheckpoint,
        batch_size: int,
        order: int,
    ) -> PopulationModule:
        module = self._module(stage, layers, part)
        if stage.refit:
            threshold = self.project.report.connection_threshold
            # The floor, which has no term, comes first in the order of training.
            penalised = slice(int((~self._penalised[part]).sum()), None)
            penalties: list[pl.Callback] = [Prune(threshold, epoch=0, replicas=penalised)]
        else:
            replicas, proximal = self.replicas[part], self.project.regularizers.proximal
            penalties = [
                penalty
                for penalty in regularizers_for(replicas, proximal)
                # The outputs of frozen layers cannot change: a penalty of theirs has no gradient.
                if module.hidden_layers or not isinstance(penalty, HiddenRegularizer)
            ]
        callbacks = [*penalties, history, EpochProgress(self.progress)]
        fit(module, self._batches_of(stage), self.project, callbacks, batch_size, order, checkpoint)
        return module

    def _fit_name(self, stage: Stage, part: slice, order: int) -> str:
        """A name for a fit that no other of the study has, however the grid is cut."""
        numbers = [replica.number for replica in self.replicas[part]]
        return f"{self.title}{stage.title}, order {order}, networks {numbers}"

    def _module(self, stage: Stage, layers: nn.Sequential, part: slice) -> PopulationModule:
        trained = self._sound[part]
        if stage.refit:  # the floor has no penalty, and has settled
            trained &= self._penalised[part]
        rates = torch.from_numpy(trained.astype(np.float32))
        optimization = optimization_of(self.project, stage.epochs)
        module = stage.module(layers, take(stage.below, part), optimization, rates)
        module.weighted = self._weighted
        if self.samples:
            columns = [self.samples.index(replica.seed) for replica in self.replicas[part]]
            module.resample(torch.tensor(columns), len(self.samples))
        return module

    def _weights_of(self, examples: Examples) -> Float[Tensor, "row column"] | None:
        """What stands behind the inputs of a row: its weight, and those in the seeds' samples."""
        columns = [] if examples.weights is None else [examples.weights[:, None]]
        if self.samples:
            columns.append(sampled_weights(examples, self.samples))
        return torch.cat(columns, 1) if columns else None

    def _batches_of(self, stage: Stage) -> Float[Tensor, "row unit"]:
        if self._row_weights is None:
            return stage.rows
        return torch.cat([stage.rows, self._row_weights], 1)

    def _smallest_error(self, stage: Stage, part: slice) -> float:
        """The smallest error of sound replicas in what this stage is trained for."""
        sound = self._sound[part]
        return float(np.min(self._errors(stage, part)[sound])) if sound.any() else float("nan")

    def _errors(self, stage: Stage, part: slice) -> Float[np.ndarray, " replica"]:
        """The errors of some replicas in what this stage is trained for, summed over the rows."""
        module = self._module(stage, take(stage.layers, part), part)
        total = np.zeros(module.replicas)
        with torch.no_grad():
            for batch in self._batches_of(stage).split(rows_at_once(stage.layers)):
                total += module.errors(batch)[0].double().numpy()
        return total
