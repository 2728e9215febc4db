"""The addresses of the page and of its data, as a Flask blueprint."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request

from sparse_lightning.page.overview import overview_document
from sparse_lightning.page.runs import runs_document, whole_columns
from sparse_lightning.page.studies import project_of
from sparse_lightning.project.settings import ReportSettings
from sparse_lightning.server.answers import PAGE, answer, guard, page_file, refusal
from sparse_lightning.server.limits import AT_ONCE, MOST_NAMED, WAITING
from sparse_lightning.server.permissions import BLUEPRINT, Everyone, Permissions
from sparse_lightning.server.store import HiddenError, UserStore
from sparse_lightning.server.turns import Turns
from sparse_lightning.server.words import RefusedError, Words
from sparse_lightning.tracking import names
from sparse_lightning.tracking.conditions import parsed
from sparse_lightning.tracking.history import read_history
from sparse_lightning.tracking.listing import list_experiments
from sparse_lightning.tracking.selecting import Selection, read_columns

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]

EXPERIMENT_ID = re.compile("0|[1-9][0-9]{0,17}")
"""An id of an experiment, as MLflow writes them."""

NUMBER = re.compile(r"[0-9]{0,20}\.?[0-9]{0,40}(e[-+]?[0-9]{1,3})?", re.ASCII | re.IGNORECASE)
"""A threshold in the query."""


class Api:
    """The addresses below `/sparse-lightning`, with the page in the folder `page`."""

    def __init__(self, permissions: Permissions, page: Path = PAGE):
        self.permissions = permissions
        self.page = page
        users = not isinstance(permissions, Everyone)
        self._turns = Turns(AT_ONCE[users], WAITING[users])

    def blueprint(self) -> Blueprint:
        """The blueprint; its prefix is that of MLflow and `/sparse-lightning`."""
        blueprint = Blueprint(BLUEPRINT, __name__)
        blueprint.before_request(self._admit)
        blueprint.after_request(guard)
        blueprint.register_error_handler(Exception, refusal)
        for path, view in (
            ("/api/overview", self._in_turn(self.overview)),
            ("/api/runs", self._in_turn(self.runs)),
            ("/api/columns", self._in_turn(self.columns)),
            ("/api/networks/<run_id>", self._in_turn(self.network)),
            ("/api/networks/<run_id>/history", self._in_turn(self.history)),
        ):
            blueprint.add_url_rule(path, view.__name__, view)
        register = "/api/networks/<run_id>/register"
        view = self._in_turn(self.register)
        blueprint.add_url_rule(register, "register", view, methods=["POST"])
        # Every other address: a file of the page, or an error as JSON.
        for path in ("/", "/<path:path>"):
            blueprint.add_url_rule(path, "files", self.files, methods=METHODS)
        return blueprint

    def overview(self) -> Response:
        """`GET api/overview`."""
        store = UserStore(self.permissions)
        return answer(
            overview_document(
                store.sql,
                readable=self.permissions.readable,
                user=self.permissions.user(),
                writes=find_spec("sparse_lightning.integrations.exporting") is not None,
                mlflow=store.page,
            )
        )

    def runs(self) -> Response:
        """`GET api/runs`."""
        store = UserStore(self.permissions)
        return answer(runs_document(store, store.sql, self._selection(store)))

    def columns(self) -> Response:
        """`GET api/columns`."""
        store = UserStore(self.permissions)
        unfinished = request.args.get("unfinished") == "1"
        selection = replace(self._selection(store), unfinished=unfinished)
        return answer(whole_columns(read_columns(store.sql, selection)))

    def network(self, run_id: str) -> Response:
        """`GET api/networks/RUN`."""
        from sparse_lightning.page.networks import network_document
        from sparse_lightning.tracking.networks import study_of

        store = UserStore(self.permissions)
        run = store.run(run_id)
        if failure := run.data.tags.get(names.FAILURE):
            raise RefusedError(Words.FAILED_NETWORK, text=run_id, failure=failure[:500])
        threshold = _threshold(request.args.get("threshold"))
        if threshold is None:
            project = project_of(store, study_of(run))
            report = project.report if project else ReportSettings()
            threshold = report.connection_threshold
        return answer(network_document(store, run, threshold))

    def history(self, run_id: str) -> Response:
        """`GET api/networks/RUN/history`."""
        store = UserStore(self.permissions)
        run = store.run(run_id)
        return answer({"metrics": read_history(store.sql, run.info.run_id)})

    def register(self, run_id: str) -> Response:
        """`POST api/networks/RUN/register`."""
        from sparse_lightning.server.registering import register, requested_name

        name = requested_name()
        store = UserStore(self.permissions)
        return answer(register(store, store.run(run_id), name))

    def files(self, path: str = "") -> Response:
        """The page and its files."""
        if path == "api" or path.startswith("api/"):
            if request.method != "GET":
                raise RefusedError(Words.METHOD, text=request.method)
            raise RefusedError(Words.NO_ADDRESS)
        if request.method != "GET" and request.method != "HEAD":
            raise RefusedError(Words.METHOD, text=request.method)
        return page_file(self.page, path or "index.html")

    def _admit(self) -> Response | None:
        from mlflow.environment_variables import MLFLOW_ENABLE_WORKSPACES

        refused = self.permissions.authenticate()
        if refused is None and MLFLOW_ENABLE_WORKSPACES.get():
            raise RefusedError(Words.WORKSPACES)
        return refused

    def _in_turn(self, view: Callable[..., Response]) -> Callable[..., Response]:
        """The view, with the requests of one user in turn."""

        @wraps(view)
        def waiting(**arguments: Any) -> Response:
            with self._turns.turn(self.permissions.user() or ""):
                return view(**arguments)

        return waiting

    def _selection(self, store: UserStore) -> Selection:
        experiments = list(dict.fromkeys(request.args.getlist("experiment")))
        studies = list(dict.fromkeys(request.args.getlist("study")))
        if not experiments and not studies:
            raise RefusedError(Words.NOTHING_NAMED)
        if max(len(experiments), len(studies)) > MOST_NAMED:
            raise RefusedError(Words.MANY_NAMED, most=MOST_NAMED)
        condition = request.args.get("filter", "").strip()
        if condition:
            parsed(condition)
        self._check_experiments(store, experiments)
        of_studies = [self._experiment_of(store, study) for study in studies]
        return Selection(
            experiments=experiments or list(dict.fromkeys(of_studies)),
            studies=studies,
            condition=condition,
        )

    def _check_experiments(self, store: UserStore, experiments: list[str]) -> None:
        spelled = [number for number in experiments if EXPERIMENT_ID.fullmatch(number)]
        there = list_experiments(store.sql, spelled)
        readable = set(self.permissions.readable(spelled))
        for number in experiments:
            if number not in readable or number not in there:
                raise RefusedError(Words.NO_EXPERIMENT, text=number[:300])

    @staticmethod
    def _experiment_of(store: UserStore, study: str) -> str:
        try:
            return store.run(study).info.experiment_id
        except HiddenError as error:
            raise RefusedError(Words.NO_RUN, text=study[:300]) from error


def _threshold(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        if NUMBER.fullmatch(text) and (threshold := float(text)) < float("inf"):
            return threshold
    except ValueError:
        pass
    raise RefusedError(Words.THRESHOLD, text=text[:300])
