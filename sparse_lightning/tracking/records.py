"""What a job tells a store, as records that can be kept and told later."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sparse_lightning.errors import TrackingError
from sparse_lightning.tracking.runs import FinishedRun


@dataclass(frozen=True)
class Described:
    """Params, metrics and tags of the job's run, measured at a time in milliseconds since 1970."""

    time: int
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Attached:
    """A file of the job's run, by its path among the artifacts."""

    path: str
    content: bytes


@dataclass(frozen=True)
class Given:
    """The data sets that the job's run was given, as MLflow's entities describe them."""

    datasets: list[dict[str, Any]]


@dataclass(frozen=True)
class Below:
    """A run that is over, below the job's run or below one that an earlier record has made."""

    started: int
    run: FinishedRun


@dataclass(frozen=True)
class Forgotten:
    """Runs of the experiment that are deleted with those below them: all that have some tags."""

    tags: Mapping[str, str]


@dataclass(frozen=True)
class Ended:
    """How the job's run ends: `FINISHED`, `FAILED` or `KILLED`."""

    time: int
    status: str


Record = Described | Attached | Given | Below | Forgotten | Ended

_KINDS: dict[str, type[Any]] = {
    kind.__name__.lower(): kind for kind in (Described, Attached, Given, Below, Forgotten, Ended)
}

INLINE = 4096
"""Contents up to so many bytes stand in the record itself: a file takes as much on disk."""


def to_json(record: Record, keep: Callable[[bytes], str]) -> dict[str, Any]:
    """A record as JSON holds it.

    Args:
        record: what is told.
        keep: keeps the content of a large file and gives the name by which it is found again.
    """
    fields = dict(vars(record))
    if isinstance(record, Attached):
        fields["content"] = _kept(record.content, keep)
    if isinstance(record, Below):
        run = record.run
        fields["run"] = {
            **asdict(run),
            "metrics": [(name, int(step), float(value)) for name, step, value in run.metrics],
            "files": {name: _kept(content, keep) for name, content in run.files.items()},
        }
    return {"kind": type(record).__name__.lower(), **fields}


def from_json(document: Mapping[str, Any], give: Callable[[str], bytes]) -> Record:
    """The record that `to_json` has written.

    Args:
        document: what it has given.
        give: the content that was kept under a name.

    Raises:
        TrackingError: it is no record, or one of a later version.
    """
    fields = dict(document)
    try:
        kind = _KINDS[fields.pop("kind")]
        if kind is Attached:
            fields["content"] = _given(fields["content"], give)
        if kind is Below:
            run = dict(fields["run"])
            run["files"] = {name: _given(kept, give) for name, kept in run["files"].items()}
            fields["run"] = FinishedRun(**run)
        return kind(**fields)
    except (KeyError, TypeError) as error:
        raise TrackingError(f"a record of another version of sparse-lightning: {error}") from error


def _kept(content: bytes, keep: Callable[[bytes], str]) -> dict[str, str]:
    if len(content) <= INLINE:
        return {"base64": b64encode(content).decode()}
    return {"file": keep(content)}


def _given(kept: Mapping[str, str], give: Callable[[str], bytes]) -> bytes:
    return b64decode(kept["base64"]) if "base64" in kept else give(kept["file"])
