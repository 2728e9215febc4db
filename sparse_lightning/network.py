"""Network: one trained network with the encoding of its table, as its user reads and applies it."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sparse_lightning._files import write_atomically
from sparse_lightning.data.contrasts import contrasts
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.data.number_target import NumberTarget
from sparse_lightning.errors import InputError, check_type
from sparse_lightning.interpret.agreement import Agreement, sampled
from sparse_lightning.interpret.class_paths import ClassPaths
from sparse_lightning.interpret.loss import information_loss
from sparse_lightning.interpret.mappings import SHARE, Mappings
from sparse_lightning.interpret.paths import reaching
from sparse_lightning.interpret.sentences import describe
from sparse_lightning.interpret.structure import Moments, Structure
from sparse_lightning.interpret.summary import headline, named, summary
from sparse_lightning.interpret.target_paths import TargetPaths
from sparse_lightning.regularizers.replica import STRENGTHS
from sparse_lightning.weights import Layer, model_of

if TYPE_CHECKING:
    # Loaded where the network computes: it is read, mapped and exported without torch.
    from torch import nn

    from sparse_lightning.interpret.attributions import Method


@dataclass(frozen=True, eq=False)
class Network:
    """A network taken out of its population.

    Attributes:
        layers: weights, biases and activations, from the encoded inputs to their reconstruction,
            or to the classes or numbers that are predicted.
        encoding: how the user's columns become the inputs.
        params: what the network is: group, regularizer, l1_weight, …, seed.
        run_id: the MLflow run that holds it.
        task: `sae`, `pca`, `classifier` or `regressor`.
        classes: the names of a classifier's outputs.
        target: the numbers that a regressor predicts; None of other networks.
        explained: 1 − error / error without weights on the rows that its study chooses by; None
            where it was not read from its study.
    """

    layers: tuple[Layer, ...]
    encoding: Encoding
    params: dict[str, Any]
    run_id: str
    task: str = "sae"
    classes: tuple[str, ...] = ()
    target: NumberTarget | None = None
    explained: float | None = None

    @cached_property
    def model(self) -> "nn.Sequential":
        """The torch module: `nn.Linear` layers and activations, in evaluation mode."""
        return model_of(self.layers)

    @property
    def weights(self) -> list[np.ndarray]:
        """The weights of its layers in the order of the data, `(output, input)`."""
        return [layer.weight for layer in self.layers]

    @property
    def group(self) -> str:
        """The name of its regularizer group."""
        return self.params["group"]

    @property
    def settings(self) -> dict[str, float]:
        """The strengths of its regularizer by name: `{"l1_weight": 0.0002, …}`."""
        given = {name: self.params.get(name) for name in STRENGTHS}
        return {
            name: value for name, value in given.items() if value is not None and value == value
        }

    @property
    def seed(self) -> int:
        """The seed of its initial weights."""
        return self.params["seed"]

    def encode(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The innermost codes of rows of the table, one column a code unit.

        Args:
            frame: the columns that the network was trained on, in the user's units.

        Raises:
            TableError: a column is missing, or a value is missing, no number or an unknown level.
        """
        codes = self._apply(self.model[: 2 * self.structure().code_layer], frame)
        names = [f"code {unit}" for unit in range(1, codes.shape[1] + 1)]
        return pd.DataFrame(codes, index=frame.index, columns=names)

    def reconstruct(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The table that the network makes of rows of the table, in the user's columns and units.

        Args:
            frame: the columns that the network was trained on, in the user's units.

        Raises:
            InputError: the network is a classifier or a regressor.
            TableError: a column is missing, or a value is missing, no number or an unknown level.
        """
        if self.task in _READ_BY:
            raise InputError(f"a {self.task} rebuilds none of its inputs; use {self._read_by}")
        return self.encoding.inverse(self._apply(self.model, frame)).set_axis(frame.index)

    def classify(self, frame: pd.DataFrame) -> pd.DataFrame:
        """What a classifier says of rows of the table.

        Args:
            frame: the columns that the network was trained on, in the user's units.

        Returns:
            `class`, the one with the greatest output, and the outputs, one column a class.

        Raises:
            InputError: the network is no classifier.
            TableError: a column is missing, or a value is missing, no number or an unknown level.
        """
        if self.task != "classifier":
            raise InputError(f"{self._kind} knows no classes; use {self._read_by}")
        outputs = pd.DataFrame(
            self._apply(self.model, frame), index=frame.index, columns=list(self.classes)
        )
        outputs.insert(0, "class", outputs.idxmax(axis=1), allow_duplicates=True)
        return outputs

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The numbers that a regressor predicts for rows of the table, one column a target.

        Args:
            frame: the columns that the network was trained on, in the user's units.

        Returns:
            The targets in their units.

        Raises:
            InputError: the network is no regressor.
            TableError: a column is missing, or a value is missing, no number or an unknown level.
        """
        if self.target is None:
            raise InputError(f"{self._kind} predicts no numbers; use {self._read_by}")
        outputs = self.target.in_units(self._apply(self.model, frame))
        return pd.DataFrame(outputs, index=frame.index, columns=list(self.target.names))

    def effects(self, frame: pd.DataFrame) -> pd.DataFrame:
        """By how much each column moves the numbers that a regressor predicts, on average.

        Args:
            frame: the columns that the network was trained on, in the user's units.

        Returns:
            One row a target and column of numbers, and a level of other columns but the first:
            target, variable, level, reference (None of numbers), effect in the target's unit: the
            mean over the rows of the slope ∂target / ∂column, or of target(column = level) −
            target(column = reference).

        Raises:
            InputError: the network is no regressor, or there are no rows.
            TableError: a column is missing, or a value is missing, no number or an unknown level.
        """
        if self.target is None:
            raise InputError(f"{self._kind} predicts no numbers, so there are no effects on them")
        if not len(frame):
            raise InputError("there are no rows over which effects could be averaged")
        from copy import deepcopy

        from sparse_lightning.interpret.average_effects import average_effects
        from sparse_lightning.interpret.effects import effects_frame

        columns = contrasts(self.encoding)
        rows = self.encoding.transform(frame)
        effects = average_effects(deepcopy(self.model).double(), rows, columns)
        return effects_frame(effects, columns, self.target.names, self.target.deviations)

    def structure(self, threshold: float = 0.01) -> Structure:
        """Which units are connected to which, and which are dead.

        Args:
            threshold: a connection counts when |w| exceeds it.
        """
        outputs = self.classes if self.task == "classifier" else None
        if self.target is not None:
            outputs = self.target.names
        encoding = self.encoding
        moments = None
        if encoding.squares:
            moments = Moments(np.array(encoding.squares), np.array(encoding.means))
        return Structure.of(
            self.weights,
            encoding.input_names,
            outputs,
            encoding.groups,
            threshold,
            moments=moments,
        )

    def mappings(
        self, threshold: float = 0.01, share: float = SHARE
    ) -> Mappings | ClassPaths | TargetPaths:
        """Which variables each code keeps, or which reach which class or target.

        Args:
            threshold: a connection counts when |w| exceeds it.
            share: a variable counts from this part of the strongest one's path strength, see
                `Mappings`; 0 counts every path.

        Returns:
            Two tables, `codes` (of a classifier `classes`, of a regressor `targets`) and
            `variables`, and the strengths.

        Raises:
            InputError: the network has no hidden layer, or a number is out of its range.
        """
        structure = self.structure(threshold)
        if self.target is not None:
            return TargetPaths.of(structure, share)
        kind = Mappings if structure.is_autoencoder else ClassPaths
        return kind.of(structure, share)

    def information_loss(self, frame: pd.DataFrame, threshold: float = 0.01) -> pd.DataFrame:
        """How much of each variable is lost, beside its variance and its mapping.

        Args:
            frame: the columns that the network was trained on, in the user's units.
            threshold: a connection counts when |w| exceeds it.

        Returns:
            One row a variable: variable, variance and squared_error in the unit of the network's
            inputs, loss = squared_error / variance (0 kept, 1 lost), mapping (its kind).

        Raises:
            InputError: the network predicts a target and rebuilds nothing, or there are no rows.
            TableError: a column is missing, or a value is missing or no number.
        """
        mappings = self.mappings(threshold)
        if not isinstance(mappings, Mappings):
            raise InputError(f"{self._kind} rebuilds no inputs, so there is no loss of them")
        rows = mappings.variables.to_dict("records")
        kinds = {row["variable"]: row["kind"] for row in rows}
        losses = self._losses(frame)
        return losses.assign(mapping=[kinds[name] for name in losses["variable"]])

    def attributions(
        self, frame: pd.DataFrame, method: "Method" = "integrated_gradients"
    ) -> pd.DataFrame:
        """How much of what the network says is owed to each variable (needs Captum).

        Args:
            frame: the columns that the network was trained on, in the user's units; time goes with
                the number of rows.
            method: `integrated_gradients`, `gradient_shap` or `shapley_sampling`, as in
                `interpret.attributions.attributions`.

        Returns:
            `(output, variable)`: the mean over the rows of the size of the attribution, in the
            unit of the network's outputs.

        Raises:
            InputError: Captum is not installed, the method is unknown, or no two rows differ.
            TableError: a column is missing, or a value is missing, no number or an unknown level.
        """
        from sparse_lightning.interpret.attributions import attributions

        structure = self.structure()
        rows = self.encoding.transform(frame)
        return attributions(self.model, rows, structure.groups, structure.names[-1], method)

    def agreement(
        self,
        frame: pd.DataFrame,
        method: "Method" = "integrated_gradients",
        threshold: float = 0.01,
        most_rows: int = 500,
    ) -> Agreement:
        """Whether the variables with strong paths to an output are those that move it.

        Args:
            frame: the columns that the network was trained on, in the user's units.
            method: the method of the attributions.
            threshold: a connection counts when |w| exceeds it.
            most_rows: the number of rows that are drawn of more, always the same.

        Returns:
            `outputs`, one row an output with the rank correlation of path strengths and
            attributions and the overlap of the strongest; `sentences` on where they disagree.

        Raises:
            InputError: as `attributions`, or the threshold is out of range.
            TableError: as `attributions`.
        """
        structure = self.structure(threshold)
        sample = sampled(frame, most_rows)
        return Agreement.of(
            pd.DataFrame(
                reaching(structure, len(structure.weights)),
                index=list(structure.names[-1]),
                columns=list(structure.variables),
            ),
            self.attributions(sample, method),
            method,
            len(sample),
        )

    def describe(
        self, frame: pd.DataFrame | None = None, threshold: float = 0.01, share: float = SHARE
    ) -> str:
        """What the network does in plain English, one sentence a line.

        Args:
            frame: rows of the table, from which variances and losses are computed, or the effects
                of a regressor's columns; may be left out.
            threshold: a connection counts when |w| exceeds it.
            share: the part of the strongest that counts, see `mappings`.

        Raises:
            InputError: as `mappings`.
            TableError: a column is missing, or a value is missing or no number.
        """
        structure, mappings = self.structure(threshold), self.mappings(threshold, share)
        losses = effects = None
        if frame is not None and isinstance(mappings, Mappings):
            losses = self._losses(frame)
        if frame is not None and self.target is not None:
            effects = self.effects(frame)
        components = self.task == "pca"
        return "\n".join(describe(structure, mappings, losses, effects, components))

    def __str__(self) -> str:
        """The network in two lines, as reports have it: its size and worth, what it does."""
        return "\n".join(self._lines)

    def _repr_html_(self) -> str:
        """The same for a notebook, with the diagram and what it does in sentences."""
        from sparse_lightning.interpret.notebook import network_html

        sentences = self.describe().splitlines() if self._has_codes else []
        return network_html(self._lines, self.structure(), sentences)

    @property
    def _lines(self) -> list[str]:
        structure, components = self.structure(), self.task == "pca"
        used, total = structure.connections, sum(weight.size for weight in self.weights)
        if components:
            used, total = structure.mean_loadings, structure.widths[0]
        which = f"{named(self.group, self.settings)}, seed {self.seed}"
        size = headline(used, total, self.explained, per_component=components)
        does = [summary(self.mappings())] if self._has_codes else []
        return [f"{size}: {which}", *does]

    @property
    def _has_codes(self) -> bool:
        """Whether there is anything between inputs and outputs, or they are not the same."""
        return len(self.layers) > 1 or self.task in _READ_BY

    def draw(self, path: str | os.PathLike[str], threshold: float = 0.01, title: str = "") -> Path:
        """Write the structure diagram to a file.

        Args:
            path: ends in `.svg` or `.png`, for print, or in `.html`, a page that opens offline,
                shows names and weights under the pointer and moves the threshold. A file of that
                name is replaced.
            threshold: a connection counts when |w| exceeds it.
            title: above the diagram; none by default.

        Returns:
            The path.

        Raises:
            InputError: the path has another ending.
            OSError: the file cannot be written.
        """
        check_type(path, str | os.PathLike, "path", "that of a file")
        path = Path(path)
        ending = path.suffix.lower().removeprefix(".")
        if ending not in ("svg", "png", "html"):
            raise InputError(f"{path}: the file must end in .svg, .png or .html")
        if ending == "html":
            from sparse_lightning.interpret.diagram import structure_html

            kind = "classifier" if self.target is None else "regressor"
            page = structure_html(self.structure(0.0), title, threshold, kind)
            return write_atomically(path, page)
        from sparse_lightning._figures import figure_file
        from sparse_lightning.interpret.diagram import structure_figure

        figure = structure_figure(self.structure(threshold), title)
        return write_atomically(path, figure_file(figure, ending))

    @property
    def _read_by(self) -> str:
        """The method that tells what the network makes of rows."""
        return _READ_BY.get(self.task, "reconstruct")

    @property
    def _kind(self) -> str:
        return f"a {self.task}" if self.task in _READ_BY else "an autoencoder"

    def _losses(self, frame: pd.DataFrame) -> pd.DataFrame:
        inputs = self.encoding.transform(frame)
        return information_loss(inputs, _outputs(self.model, inputs), self.structure().groups)

    def _apply(self, model: "nn.Module", frame: pd.DataFrame) -> np.ndarray:
        return _outputs(model, self.encoding.transform(frame))


_READ_BY = {"classifier": "classify", "regressor": "predict"}


def _outputs(model: "nn.Module", inputs: np.ndarray) -> np.ndarray:
    import torch

    from sparse_lightning.nn.surroundings import usual_torch

    with usual_torch(), torch.no_grad():
        return model(torch.from_numpy(inputs)).numpy()
