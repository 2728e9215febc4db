"""The search: every group's study proposes a batch, all batches train as one population."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from sparse_lightning._text import did_you_mean
from sparse_lightning.address import Address
from sparse_lightning.comparison.axes import network_corner
from sparse_lightning.data.examples import Examples
from sparse_lightning.errors import InputError, TrainingError
from sparse_lightning.project import Project
from sparse_lightning.search.group_study import GroupStudy, forget
from sparse_lightning.search.plots import page_of
from sparse_lightning.search.result import SearchResult, found_by
from sparse_lightning.search.samplers import quiet_optuna
from sparse_lightning.search.storage import check_address, storage_at, storage_errors
from sparse_lightning.search.trials import Candidate, Floor, Trainer, train_floor
from sparse_lightning.search.unfinished import KeptSearch, kept_search
from sparse_lightning.search.writer import SearchWriter
from sparse_lightning.tracking import Store
from sparse_lightning.tracking.owners import Heartbeat
from sparse_lightning.training.checkpoints import NoCheckpoints
from sparse_lightning.training.executors import Cluster
from sparse_lightning.training.path import found_settings
from sparse_lightning.training.preparing import prepare, tell_reading
from sparse_lightning.training.progress import Progress, SilentProgress, Titled


def search(
    project: Project,
    tracking_uri: str | None = None,
    progress: Progress | None = None,
    groups: Sequence[str] | None = None,
    fresh: bool = False,
    open_run: str | None = None,
    cluster: Cluster | None = None,
    output: Path | None = None,
    frame: object = None,
) -> SearchResult:
    """Search for the best setting of each group (default: of all), with the same number of trials
    for each.

    What a search was made of stays in its storage, and what was trained in `.unfinished-search` in
    `output` (default: `reports/NAME-best`) until the tracking store has it. Called again it goes on
    where it was, unless it begins `fresh`: trials that were trained when it was interrupted are not
    trained again. `open_run` is the id of an open run that becomes the search's, `frame` the
    table where the project names none.

    An `InputError` says that the project, its table, the storage's address or a group cannot be
    used, or that the storage holds a search with other settings; a `SearchError` that the storage
    fails or the sampler needs a package; a `TrackingError` that the tracking store cannot be
    reached. An `UnfinishedError` says that it fails later: called again, the search finishes what
    it lacks. A `TrainingError` says that the accelerator or the precision cannot be used, or every
    unregularized network failed; a `ClusterError` that the workers were lost.
    """
    progress = progress or SilentProgress()
    chosen = _chosen(project, groups)
    address = project.search.storage
    check_address(address)
    held = project.search.networks(len(chosen), project.training.seeds)
    prepared = prepare(project, held, here=cluster is None, frame=frame)
    table, examples = prepared.table, prepared.examples.choosing()
    tell_reading(table, progress)
    total, null_error = network_corner(prepared.facts)
    corner = {"null_error": null_error, "connections_total": total}
    with (
        storage_at(address) as storage,
        quiet_optuna(),
        storage_errors(address, "failed"),
        kept_search(output or Path("reports") / f"{project.name}-best", fresh) as kept,
    ):
        if fresh:
            for group in chosen:
                forget(storage, project, group)
        studies = {
            group: GroupStudy(storage, address, project, table.digest, group) for group in chosen
        }
        trained, run_id = 0, None
        left = any(study.left for study in studies.values())
        if left or kept.resumed:
            store = Store(tracking_uri)
            kept.begin()
            joined = open_run if left else None  # else the run of an earlier process is completed
            with (
                SearchWriter(
                    store, project, table.name, prepared.layers, joined, kept.key
                ) as writer,
                Heartbeat(lambda: _beat(studies, address)),
            ):
                run_id = writer.run_id
                trained_as = _as_trained(project, examples, progress, cluster)
                floor = _floor(studies, trained_as, examples, progress, corner["null_error"])
                trainer = Trainer(trained_as, examples, **corner, floor=floor, cluster=cluster)
                trained = _spend(studies, trainer, writer, kept, progress)
                page = page_of(project.name, list(studies.values()), project.search.objective)
                writer.end(page, floor.error)
        found = tuple(
            found_by(study, project.search.objective, **corner) for study in studies.values()
        )
        unfinished = sum(study.in_flight for study in studies.values())
    return SearchResult(project, found, run_id, trained, unfinished)


def _as_trained(
    project: Project, examples: Examples, progress: Progress, cluster: Cluster | None
) -> Project:
    """The project with the epochs of a pilot, where they are `auto`: the same for all trials."""
    if "auto" not in (project.training.epochs, project.training.fine_tune_epochs):
        return project
    found = found_settings(project, examples, progress, NoCheckpoints(), cluster)
    assert found is not None
    return project.model_copy(update={"training": found.project.training})


def _chosen(project: Project, groups: Sequence[str] | None) -> list[str]:
    known = list(project.regularizers.groups)
    for group in groups or ():
        if group not in known:
            raise InputError(
                f"there is no group {group!r}{did_you_mean(group, known)} "
                f"(groups: {', '.join(known)})"
            )
    # A group twice is a group; and the order is the project's, whatever was asked for.
    return [group for group in known if not groups or group in groups]


def _floor(
    studies: Mapping[str, GroupStudy],
    project: Project,
    examples: Examples,
    progress: Progress,
    null_error: float,
) -> Floor:
    """The floor of the search, trained unless one of its studies knows it."""
    known = [study.floor for study in studies.values() if study.floor is not None]
    floor = known[0] if known else train_floor(project, examples, project.search_seeds, progress)
    if not floor.error < null_error:
        raise TrainingError(
            f"unregularized networks reach an error of {floor.error:.3g}, no less than "
            f"{null_error:.3g}, that of a network without weights: there is nothing to search; "
            "try another training.learning_rate or more training.epochs"
        )
    for study in studies.values():
        if study.floor is None:
            study.floor = floor
    return floor


def _spend(
    studies: Mapping[str, GroupStudy],
    trainer: Trainer,
    writer: SearchWriter,
    kept: KeptSearch,
    progress: Progress,
) -> int:
    """Train what is left of the budget, batch by batch; returns how many trials that were."""
    settings = trainer.project.search

    def worse(scores: Mapping[Candidate, float]) -> set[Candidate]:
        return {c for study in studies.values() for c in study.worse_than_before(scores)}

    trained = 0
    while True:
        batch: list[Candidate] = []
        try:
            for study in studies.values():
                interrupted = study.take_over(settings.batch)
                batch += interrupted
                writer.forget(interrupted)
                batch += study.ask(settings.batch - len(interrupted))
            if not batch:
                return trained
            outcomes = {c: kept.outcome(studies[c.group], c) for c in batch}
            if left := [candidate for candidate, known in outcomes.items() if known is None]:
                title = f"{_places(left, studies)} of {settings.trials}, "
                prune = worse if settings.pruning else None
                for outcome in trainer(left, Titled(progress, title), prune):
                    kept.keep(studies[outcome.candidate.group], outcome)
                    outcomes[outcome.candidate] = outcome
                trained += len(left)
            ended = [outcome for outcome in outcomes.values() if outcome is not None]
            writer.trials(ended)
            for outcome in ended:
                study = studies[outcome.candidate.group]
                study.tell(outcome)
                kept.forget(study, outcome.candidate)
                batch.remove(outcome.candidate)
        except BaseException:
            for candidate in batch:
                studies[candidate.group].release(candidate)
            raise


def _beat(studies: Mapping[str, GroupStudy], address: Address) -> None:
    with storage_errors(address, "failed"):
        for study in studies.values():
            study.beat()


def _places(batch: Sequence[Candidate], studies: Mapping[str, GroupStudy]) -> str:
    """Which trials a batch is of the budget, by the group that is ahead."""
    done = max(len(study.trials) for study in studies.values())
    most = max(sum(candidate.group == group for candidate in batch) for group in studies)
    return f"trial {done + 1}" if most == 1 else f"trials {done + 1}-{done + most}"
