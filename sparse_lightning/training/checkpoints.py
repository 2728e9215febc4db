"""What is kept of the fits of a study, so that it goes on after it was killed."""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from sparse_lightning._files import write_atomically
from sparse_lightning.errors import CheckpointError, TrainingError
from sparse_lightning.training.states import StateError, from_bytes, to_bytes

logger = logging.getLogger(__name__)

EVERY = 30.0
"""In seconds: so much of a fit's training is lost at most, and the epoch after that."""

State = dict[str, Any]
"""Nested, as `states` writes it."""


@runtime_checkable
class Checkpoints(Protocol):
    """The states of fits by their names; a fit has one, which the next one replaces."""

    every: float
    """In seconds: how often the state of a fit that goes on is kept."""

    def read(self, name: str) -> State | None:
        """The state of a fit, None where nothing is kept of it.

        Raises:
            CheckpointError: what is kept cannot be used.
        """
        ...

    def write(self, name: str, state: State) -> None:
        """Keep the state of a fit.

        Raises:
            TrainingError: the state holds something that cannot be kept.
        """
        ...


class NoCheckpoints:
    """Keeps nothing."""

    every = float("inf")

    def read(self, name: str) -> None: ...

    def write(self, name: str, state: State) -> None: ...


@dataclass
class CarriedCheckpoints:
    """Keeps the finished fits of a process that another one waits for, in memory.

    Attributes:
        fits: what was there before, by name.
        made: what came after that.
    """

    fits: Mapping[str, State]
    made: dict[str, State] = field(default_factory=dict)
    every: float = float("inf")

    def read(self, name: str) -> State | None:
        return self.fits.get(name)

    def write(self, name: str, state: State) -> None:
        self.made[name] = state


class FolderCheckpoints:
    """Keeps fits as safetensors files, each written as a whole or not at all.

    Args:
        folder: where they lie; made when something is kept.
        study: what the study is told apart by.
        every: in seconds, how often the state of a fit that goes on is kept; default: `EVERY`.

    Attributes:
        unwritten: why the state of some fit could not be kept; "" where all are.
    """

    def __init__(self, folder: Path, study: str, every: float | None = None):
        self.unwritten = ""
        self.folder = folder
        self.study = study
        self.every = EVERY if every is None else every

    def read(self, name: str) -> State | None:
        path = self._path(name)
        try:
            state, about = from_bytes(path.read_bytes())
        except FileNotFoundError:
            return None
        except StateError as error:
            raise CheckpointError(
                f"{path}: the checkpoint is torn: {error}; remove this file, and what it holds is "
                "trained again, or begin the study anew with --fresh"
            ) from error
        if about != self._about(name):
            raise CheckpointError(
                f"{path}: the checkpoint is one of another study or fit, "
                f"{about.get('fit', 'unnamed')!r}; remove this file, or begin the study anew with "
                "--fresh"
            )
        return state

    def write(self, name: str, state: State) -> None:
        try:
            content = to_bytes(state, self._about(name))
        except TypeError as error:
            raise TrainingError(
                f"{name}: the state of the fit cannot be kept: {error}; the state_dict() of a "
                "penalty must hold tensors, numbers, texts, lists and dicts only"
            ) from error
        try:
            write_atomically(self._path(name), content, durable=True, private=True)
        except OSError as error:
            # A full disk is no reason to end what is trained: what was kept before stays.
            self.unwritten = error.strerror or str(error)
            logger.warning(
                "%s: cannot be written: %s; a study that is killed loses what it trains from here",
                error.filename,
                error.strerror,
            )

    def _path(self, name: str) -> Path:
        return self.folder / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.safetensors"

    def _about(self, name: str) -> dict[str, str]:
        return {"study": self.study, "fit": name}
