"""Greedy layer-wise training of stacked autoencoders, a population at a time."""

import time
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from sparse_lightning.modules.autoencoder import Autoencoder
from sparse_lightning.population import (
    batched_layer,
    clear,
    connections,
    linear_layers,
    put,
    take,
)
from sparse_lightning.project import Project
from sparse_lightning.regularizers.groups import regularizers_for, training_order
from sparse_lightning.replica import FLOOR, Replica
from sparse_lightning.training.fitting import fit, optimization_of
from sparse_lightning.training.grid import chunk_size, chunks, replicas_of
from sparse_lightning.training.measuring import HistoryRecorder, squared_error
from sparse_lightning.training.progress import EpochProgress, Progress, SilentProgress
from sparse_lightning.training.result import History, TrainedPopulation


@dataclass
class _Stage:
    """One 3-layer network of every replica on the codes of the stages below, on the CPU."""

    encoder: nn.Sequential
    decoder: nn.Sequential
    below: nn.Sequential
    units: list[int]
    number: int


class StackedTraining:
    """Trains the grid of a project, stage by stage.

    Args:
        project: what to train.
        rows: the encoded table.
        progress: told of every epoch.
    """

    def __init__(self, project: Project, rows: Float[Tensor, "row unit"], progress: Progress):
        self.project = project
        self.rows = rows
        self.progress = progress
        self.replicas = training_order(replicas_of(project))
        self.histories = [History() for _ in self.replicas]
        self.failed_step = np.full(len(self.replicas), -1)
        self.floor_settled = True

    def run(self) -> TrainedPopulation:
        """Train every stage and measure the whole stack, in the order of the grid."""
        began = time.monotonic()
        encoders, decoders = nn.Sequential(), nn.Sequential()
        widths = [self.rows.shape[1], *self.project.network.units]
        for number, (inputs, units) in enumerate(pairwise(widths)):
            stage = self._new_stage(number, inputs, units, nn.Sequential(*encoders))
            self._train_grid(stage)
            self._train_floor(stage)
            encoders.append(stage.encoder)
            decoders.insert(0, stage.decoder)
        network = take(nn.Sequential(*encoders, *decoders), self._places_in_grid())
        return self._measured(network, time.monotonic() - began)

    def _new_stage(self, number: int, inputs: int, units: int, below: nn.Sequential) -> _Stage:
        seeds = [replica.seed for replica in self.replicas]
        activation = self.project.network.activation
        # Later stages reconstruct codes, whose range is that of the hidden activation.
        output = self.project.output_activation if number == 0 else activation
        return _Stage(
            batched_layer(inputs, units, activation, seeds, layer=2 * number),
            batched_layer(units, inputs, output, seeds, layer=2 * number + 1),
            below,
            [inputs, units, inputs],
            number,
        )

    def _train_grid(self, stage: _Stage) -> None:
        size = chunk_size(self.project, stage.units)
        parts = list(chunks(len(self.replicas), size))
        epochs = self.project.training.epochs
        self.progress.start(
            f"stage {stage.number + 1} of {len(self.project.network.units)}",
            epochs * len(parts),
            len(self.replicas),
        )
        for part in parts:
            self._train_part(stage, part, self.project.training.batch_size, order=stage.number)

    def _train_floor(self, stage: _Stage) -> None:
        """Train the unregularized networks on in cycles until their smallest error settles."""
        rule = self.project.training.floor
        places = [n for n, replica in enumerate(self.replicas) if replica.group == FLOOR]
        part = slice(places[0], places[-1] + 1)
        best = self._smallest_error(stage, part)
        for cycle in range(2, rule.max_cycles + 1):
            name = f"floor, cycle {cycle} of at most {rule.max_cycles}"
            self.progress.start(name, self.project.training.epochs, len(places))
            self._train_part(stage, part, rule.batch_size, order=1000 * cycle + stage.number)
            before, best = best, min(best, self._smallest_error(stage, part))
            if not best < before * (1 - rule.tolerance):
                return
        self.floor_settled = False

    def _train_part(self, stage: _Stage, part: slice, batch_size: int, order: int) -> None:
        module = Autoencoder(
            nn.Sequential(*take(stage.encoder, part)),
            nn.Sequential(*take(stage.decoder, part)),
            take(stage.below, part),
            optimization_of(self.project),
            rates=torch.from_numpy((self.failed_step[part] < 0).astype(np.float32)),
        )
        trained = nn.Sequential(module.encoder, module.decoder)
        callbacks = [
            *regularizers_for(self.replicas[part], self.project.regularizers.proximal),
            HistoryRecorder(
                self.histories[part],
                trained,
                self.project.report.connection_threshold,
                module.optimization.epochs,
            ),
            EpochProgress(self.progress),
        ]
        fit(module, self.rows, self.project, callbacks, batch_size, order)
        put(stage.encoder, part, module.encoder)
        put(stage.decoder, part, module.decoder)
        sound = self.failed_step[part] < 0
        self.failed_step[part] = np.where(sound, module.failed_step.numpy(), self.failed_step[part])

    def _smallest_error(self, stage: _Stage, part: slice) -> float:
        """The smallest error of sound replicas in reconstructing this stage's inputs."""
        sound = self.failed_step[part] < 0
        if not sound.any():
            return float("nan")
        encoder, decoder = take(stage.encoder, part), take(stage.decoder, part)
        below = take(stage.below, part)
        total = np.zeros(len(sound))
        with torch.no_grad():
            for batch in self.rows.split(1024):
                codes = below(batch)
                error = (decoder(encoder(codes)) - codes).square().sum((1, 2))
                total += error.double().numpy()
        return float(np.min(total[sound]))

    def _places_in_grid(self) -> list[int]:
        """For each number of the grid, where the training order has put it."""
        return sorted(range(len(self.replicas)), key=lambda place: self.replicas[place].number)

    def _measured(self, network: nn.Sequential, seconds: float) -> TrainedPopulation:
        places = self._places_in_grid()
        replicas: list[Replica] = [self.replicas[place] for place in places]
        failed_step = self.failed_step[places]
        error = squared_error(network, self.rows, len(replicas))
        count = connections(network, self.project.report.connection_threshold).double().numpy()
        failures = [
            f"diverged: the error was not finite at step {step}" if step >= 0 else ""
            for step in failed_step
        ]
        for number, value in enumerate(error):
            if not failures[number] and not np.isfinite(value):
                failures[number] = "diverged: the error of the trained network is not finite"
        failed = np.array([bool(failure) for failure in failures])
        clear(linear_layers(network), torch.from_numpy(failed))
        return TrainedPopulation(
            replicas=replicas,
            network=network,
            squared_error=np.where(failed, np.nan, error),
            connections=np.where(failed, np.nan, count),
            failures=failures,
            histories=[self.histories[place] for place in places],
            floor_settled=self.floor_settled,
            seconds=seconds,
        )


def train(
    project: Project, rows: Float[Tensor, "row unit"], progress: Progress | None = None
) -> TrainedPopulation:
    """Train every network of a project.

    Args:
        project: what to train.
        rows: the encoded table, 32-bit.
        progress: told of every epoch; default: nothing is told.

    Returns:
        The networks in the order of the grid.

    Raises:
        TrainingError: the accelerator or the precision cannot be used.
        KeyboardInterrupt: the user stopped it.
    """
    return StackedTraining(project, rows, progress or SilentProgress()).run()
