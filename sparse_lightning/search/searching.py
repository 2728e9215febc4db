"""The search: every group's study proposes a batch, all batches train as one population."""

from collections.abc import Mapping, Sequence

from sparse_lightning._text import did_you_mean
from sparse_lightning.address import Address
from sparse_lightning.data.examples import Examples
from sparse_lightning.errors import InputError, TrainingError
from sparse_lightning.project import Project
from sparse_lightning.search.candidates import Candidate, Floor, train_floor
from sparse_lightning.search.group_study import GroupStudy, forget
from sparse_lightning.search.outcomes import Trainer
from sparse_lightning.search.plots import page_of
from sparse_lightning.search.result import SearchResult, found_by
from sparse_lightning.search.samplers import quiet_optuna
from sparse_lightning.search.storage import check_address, storage_at, storage_errors
from sparse_lightning.search.tracking import SearchWriter
from sparse_lightning.tracking import Store
from sparse_lightning.tracking.owners import Heartbeat
from sparse_lightning.training.executors import Cluster
from sparse_lightning.training.preparing import prepare
from sparse_lightning.training.progress import Progress, SilentProgress, Titled


def search(
    project: Project,
    tracking_uri: str | None = None,
    progress: Progress | None = None,
    groups: Sequence[str] | None = None,
    fresh: bool = False,
    open_run: str | None = None,
    cluster: Cluster | None = None,
) -> SearchResult:
    """Search for each group's best setting, all with the same number of trials.

    What a search was made of stays in its storage. Called again it goes on where it was: trials
    that were in hand when it was interrupted are trained again, those before them are not.

    Args:
        project: with the bounds, the budget and the storage.
        tracking_uri: of the MLflow store; default: as MLflow resolves it.
        progress: told of every epoch; default: nothing is told.
        groups: which groups; default: all.
        fresh: begin anew; what the storage holds of these groups is removed.
        open_run: the id of an open run that becomes the search's; default: a new one.
        cluster: whose workers train; default: this process.

    Returns:
        The best of each group.

    Raises:
        InputError: the project, its table or the storage's address cannot be used, a group is not
            known, or the storage holds a search with other settings.
        SearchError: the storage fails, or the sampler needs a package that is not installed.
        TrackingError: the tracking store fails.
        TrainingError: the accelerator or the precision cannot be used, or every unregularized
            network failed.
        ClusterError: the workers were lost.
        KeyboardInterrupt: the user stopped it.
    """
    progress = progress or SilentProgress()
    chosen = _chosen(project, groups)
    address = project.search.storage
    check_address(address)
    held = project.search.networks(len(chosen), project.training.seeds)
    made = prepare(project, held, here=cluster is None)
    table, examples = made.table, made.examples
    corner = {name: made.facts[name] for name in ("null_error", "connections_total")}
    with (
        storage_at(address) as storage,
        quiet_optuna(),
        storage_errors(address, "failed"),
    ):
        if fresh:
            for group in chosen:
                forget(storage, project, group)
        studies = {
            group: GroupStudy(storage, address, project, table.digest, group) for group in chosen
        }
        trained, run_id = 0, None
        if any(study.left for study in studies.values()):
            store = Store(tracking_uri)
            with SearchWriter(store, project, table.name, made.layers, open_run) as writer:
                run_id = writer.run_id
                floor = _floor(studies, project, examples, progress, corner["null_error"])
                trainer = Trainer(project, examples, **corner, floor=floor, cluster=cluster)
                with Heartbeat(lambda: _beat(studies, address)):
                    trained = _spend(studies, trainer, writer, progress)
                page = page_of(project.name, list(studies.values()), project.search.objective)
                writer.end(page, {"trials": trained, "floor": floor.error})
        found = tuple(
            found_by(study, project.search.objective, **corner) for study in studies.values()
        )
        unfinished = sum(study.in_flight for study in studies.values())
    return SearchResult(project, found, run_id, trained, unfinished)


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
    studies: Mapping[str, GroupStudy], trainer: Trainer, writer: SearchWriter, progress: Progress
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
            title = f"{_places(batch, studies)} of {settings.trials}, "
            outcomes = trainer(batch, Titled(progress, title), worse if settings.pruning else None)
            writer.trials(outcomes)
            for outcome in outcomes:
                studies[outcome.candidate.group].tell(outcome)
                batch.remove(outcome.candidate)
            trained += len(outcomes)
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
    told = max(len(study.trials) for study in studies.values())
    most = max(sum(candidate.group == group for candidate in batch) for group in studies)
    return f"trial {told + 1}" if most == 1 else f"trials {told + 1}-{told + most}"
