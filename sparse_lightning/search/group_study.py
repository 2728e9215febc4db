"""The Optuna study of one group: what it proposes, what it was told, what is still to do."""

import json
import math
from collections.abc import Mapping
from datetime import datetime, timedelta

import optuna
from optuna.storages import RDBStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState

from sparse_lightning.address import Address
from sparse_lightning.errors import InputError
from sparse_lightning.project import Project
from sparse_lightning.project.messages import differences
from sparse_lightning.search._optuna import exchange_user_attr
from sparse_lightning.search.samplers import pruner_of, sampler_of
from sparse_lightning.search.space import identity_of, setting_of, space_of
from sparse_lightning.search.trials import Candidate, Floor, Outcome
from sparse_lightning.tracking.owners import RELEASED, at_work, now, this_process

IDENTITY, FLOOR, INDICES = "made_with", "floor", "indices"
OWNER, FAILED, SEEN = "owner", "failed", "seen "
NETWORKS, FAILED_NETWORKS = "networks", "failed_networks"

_NASCENT = timedelta(minutes=1)
"""A trial without an owner was left behind by a process that ended while it asked, if older."""


class GroupStudy:
    """A group's study in a storage, made if there is none; what was interrupted is taken over.
    `digest` is that of the table. An `InputError` says that the study was made with other settings,
    a `SearchError` that the sampler needs a package that is not installed.

    Attributes:
        name: the project's name and the group's.
        study: Optuna's own.
        identity: all that its trials depend on, by the names of project files; JSON.
    """

    def __init__(
        self, storage: RDBStorage, address: Address, project: Project, digest: str, group: str
    ):
        self.group = group
        self.name = study_name(project, group)
        self._storage = storage
        self._project = project
        self._space = space_of(project, group)
        settings = project.search
        self.study = optuna.create_study(
            storage=storage,
            study_name=self.name,
            sampler=sampler_of(settings, 0),
            pruner=pruner_of(settings),
            directions=[StudyDirection.MINIMIZE] * (2 if settings.objective == "pareto" else 1),
            load_if_exists=True,
        )
        self.identity = json.loads(json.dumps(identity_of(project, digest, group)))
        # Before the identity is read: a process that asks has written it before.
        used = bool(self.study.get_trials(deepcopy=False))
        made_with = self.study.user_attrs.get(IDENTITY)
        if made_with is None:
            if used:
                raise InputError(f"search.storage {address}: {self.name!r} is another's study")
            self.study.set_user_attr(IDENTITY, self.identity)
        elif found := differences(made_with, self.identity):
            raise InputError(
                f"search.storage {address}: the search {self.name!r} was made with other settings: "
                f"{'; '.join(found)}. Begin anew with --fresh, or set another name"
            )

    @property
    def floor(self) -> Floor | None:
        """The floor of the search, once it is known."""
        stored = self.study.user_attrs.get(FLOOR)
        return None if stored is None else Floor(**stored)

    @floor.setter
    def floor(self, floor: Floor) -> None:
        self.study.set_user_attr(FLOOR, vars(floor))

    @property
    def trials(self) -> list[FrozenTrial]:
        """The trials whose outcome is known, the failed ones included."""
        return [trial for trial in self.study.get_trials(deepcopy=False) if _has_outcome(trial)]

    @property
    def in_flight(self) -> int:
        """How many trials are in some process's hands."""
        seen = self._seen()
        return sum(at_work(trial.user_attrs[OWNER], seen) for trial in self._running())

    @property
    def left(self) -> int:
        """How many trials of the budget have no outcome and are in no process's hands."""
        return max(0, self._project.search.trials - len(self.trials) - self.in_flight)

    def take_over(self, most: int) -> list[Candidate]:
        """At most `most` candidates that a process had in hand when it ended, now in the hands of
        this one.
        """
        self.beat()
        taken: list[Candidate] = []
        seen, most = self._seen(), min(most, self.left)
        for trial in self._running():
            owner, candidate = trial.user_attrs[OWNER], self.candidate(trial)
            # Of several processes that find the same trial left behind, one gets it.
            if (
                len(taken) < most
                and not at_work(owner, seen)
                and exchange_user_attr(
                    self._storage, self._id(candidate), OWNER, owner, this_process()
                )
            ):
                taken.append(candidate)
        return taken

    def ask(self, most: int) -> list[Candidate]:
        """At most `most` new candidates, in the hands of this process; fewer where the budget ends.
        The storage numbers the trials of all processes, so that each has a place of its own in the
        budget, whoever asks at the same time; what lies beyond the budget is given back.
        """
        self.beat()
        asked: list[Candidate] = []
        for _ in range(min(most, self.left)):
            trial = self.study.ask()
            place = self._place(trial.number)
            if place >= self._project.search.trials:
                self.study.tell(trial.number, state=TrialState.FAIL)
                break
            self.study.sampler = sampler_of(self._project.search, place)
            for name, bounds in self._space.items():
                trial.suggest_float(name, bounds.low, bounds.high, log=bounds.log)
            candidate = self.candidate(trial)
            self._own(candidate, this_process())
            asked.append(candidate)
        return asked

    def beat(self) -> None:
        """Let the processes on other machines know that this one is there."""
        self.study.set_user_attr(SEEN + this_process(), now())

    def release(self, candidate: Candidate) -> None:
        """Let go of a candidate that this process does not come to train."""
        self._own(candidate, RELEASED)

    def worse_than_before(self, scores: Mapping[Candidate, float]) -> set[Candidate]:
        """The candidates of this group that the pruner gives up by their scores on one seed."""
        mine = [candidate for candidate in scores if candidate.group == self.group]
        for candidate in mine:
            number = self._id(candidate)
            self._storage.set_trial_intermediate_value(number, 1, scores[candidate])
        frozen = {c: self._storage.get_trial(self._id(c)) for c in mine}
        return {c for c, trial in frozen.items() if self.study.pruner.prune(self.study, trial)}

    def tell(self, outcome: Outcome) -> None:
        """Keep what became of a candidate."""
        number = self._id(outcome.candidate)
        if self._storage.get_trial(number).state.is_finished():
            return  # another process took this one for dead, and was faster
        known = {name: value for name, value in outcome.indices.items() if math.isfinite(value)}
        self._storage.set_trial_user_attr(number, INDICES, known)
        self._storage.set_trial_user_attr(number, NETWORKS, len(outcome.networks))
        self._storage.set_trial_user_attr(number, FAILED_NETWORKS, outcome.failed)
        if outcome.values is None:
            self._storage.set_trial_user_attr(number, FAILED, True)
            self.study.tell(outcome.candidate.number, state=TrialState.FAIL)
        elif outcome.pruned:
            self.study.tell(outcome.candidate.number, state=TrialState.PRUNED)
        else:
            self.study.tell(outcome.candidate.number, list(outcome.values))

    def candidate(self, trial: Trial | FrozenTrial) -> Candidate:
        """What a trial tries."""
        setting = setting_of(self._project, self.group, trial.params)
        return Candidate(self.group, trial.number, setting)

    def _running(self) -> list[FrozenTrial]:
        """The trials that somebody has in hand or has left; what was asked for in part is ended."""
        running = self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        for trial in running:
            began = trial.datetime_start
            if OWNER not in trial.user_attrs and began and datetime.now() - began > _NASCENT:
                self.study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
        return [trial for trial in running if OWNER in trial.user_attrs]

    def _place(self, number: int) -> int:
        """The place of a trial in the budget: trials that ended without an outcome do not count."""
        trials = self.study.get_trials(deepcopy=False)
        before = [trial for trial in trials if trial.number < number]
        return sum(not trial.state.is_finished() or _has_outcome(trial) for trial in before)

    def _seen(self) -> dict[str, str]:
        """When each process was there the last time."""
        return {
            name.removeprefix(SEEN): time
            for name, time in self.study.user_attrs.items()
            if name.startswith(SEEN)
        }

    def _own(self, candidate: Candidate, owner: str) -> None:
        self._storage.set_trial_user_attr(self._id(candidate), OWNER, owner)

    def _id(self, candidate: Candidate) -> int:
        study = self._storage.get_study_id_from_name(self.name)
        return self._storage.get_trial_id_from_study_id_trial_number(study, candidate.number)


def study_name(project: Project, group: str) -> str:
    """How Optuna's storage knows the study of a group."""
    return f"{project.name}/{group}"


def forget(storage: RDBStorage, project: Project, group: str) -> None:
    """Remove the study of a group, if there is one."""
    name = study_name(project, group)
    if name in optuna.get_all_study_names(storage):
        optuna.delete_study(study_name=name, storage=storage)


def _has_outcome(trial: FrozenTrial) -> bool:
    if trial.state == TrialState.FAIL:
        return FAILED in trial.user_attrs
    return trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
