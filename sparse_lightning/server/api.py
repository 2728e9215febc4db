"""The addresses of the page and of its data, as a Flask blueprint."""

import math
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, Response, request
from mlflow.entities import LifecycleStage, Run
from mlflow.exceptions import MlflowException

from sparse_lightning.errors import InputError
from sparse_lightning.page_data.overview import overview_document
from sparse_lightning.page_data.runs import runs_document, whole_columns
from sparse_lightning.page_data.studies import project_of
from sparse_lightning.project.settings import ReportSettings
from sparse_lightning.server.answers import RefusedError, answer, guard, refusal
from sparse_lightning.server.files import PAGE, page_file
from sparse_lightning.server.permissions import BLUEPRINT, Permissions
from sparse_lightning.tracking.history import read_history
from sparse_lightning.tracking.selecting import Selection, read_columns
from sparse_lightning.tracking.served import ServedStore

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class Api:
    """What the addresses answer.

    Args:
        permissions: who may do what.
        page: the folder of the page.
    """

    def __init__(self, permissions: Permissions, page: Path = PAGE):
        self.permissions = permissions
        self.page = page

    def blueprint(self) -> Blueprint:
        """The addresses; to be registered under `PREFIX/sparse-lightning`."""
        blueprint = Blueprint(BLUEPRINT, __name__)
        blueprint.before_request(self._admit)
        blueprint.after_request(guard)
        blueprint.register_error_handler(Exception, refusal)
        for path, view in (
            ("/api/overview", self.overview),
            ("/api/runs", self.runs),
            ("/api/columns", self.columns),
            ("/api/networks/<run_id>", self.network),
            ("/api/networks/<run_id>/history", self.history),
        ):
            blueprint.add_url_rule(path, view.__name__, view)
        register = "/api/networks/<run_id>/register"
        blueprint.add_url_rule(register, "register", self.register, methods=["POST"])
        # Whatever is left: files of the page, and errors that are told as JSON.
        for path in ("/", "/<path:path>"):
            blueprint.add_url_rule(path, "files", self.files, methods=METHODS)
        return blueprint

    def overview(self) -> Response:
        """`GET api/overview`."""
        store = ServedStore()
        return answer(
            overview_document(
                store,
                store.sql,
                readable=self.permissions.readable,
                user=self.permissions.user(),
                writes=find_spec("sparse_lightning.exporting") is not None,
                mlflow=store.page,
            )
        )

    def runs(self) -> Response:
        """`GET api/runs`."""
        store = ServedStore()
        return answer(runs_document(store, store.sql, self._selection(store)))

    def columns(self) -> Response:
        """`GET api/columns`."""
        store = ServedStore()
        unfinished = request.args.get("unfinished") == "1"
        selection = replace(self._selection(store), unfinished=unfinished)
        return answer(whole_columns(read_columns(store.sql, selection)))

    def network(self, run_id: str) -> Response:
        """`GET api/networks/RUN`."""
        # Here alone torch is needed, which takes seconds to load and memory to keep.
        from sparse_lightning.page_data.networks import network_document, study_of

        store = ServedStore()
        run = self._run(store, run_id)
        threshold = _threshold(request.args.get("threshold"))
        if threshold is None:
            project = project_of(store, study_of(run))
            report = project.report if project else ReportSettings()
            threshold = report.connection_threshold
        return answer(network_document(store, run, threshold))

    def history(self, run_id: str) -> Response:
        """`GET api/networks/RUN/history`."""
        store = ServedStore()
        run = self._run(store, run_id)
        return answer({"metrics": read_history(store.sql, run.info.run_id)})

    def register(self, run_id: str) -> Response:
        """`POST api/networks/RUN/register`."""
        from sparse_lightning.server.registering import register, requested_name

        name = requested_name()
        store = ServedStore()
        return answer(register(store, self._run(store, run_id), name))

    def files(self, path: str = "") -> Response:
        """The page and what belongs to it."""
        if path == "api" or path.startswith("api/"):
            if request.method != "GET":
                raise RefusedError(405, f"{request.method} is not possible here")
            raise RefusedError(404, "there is no such address")
        if request.method != "GET" and request.method != "HEAD":
            raise RefusedError(405, f"{request.method} is not possible here")
        return page_file(self.page, path or "index.html")

    def _admit(self) -> Response | None:
        from mlflow.environment_variables import MLFLOW_ENABLE_WORKSPACES

        refused = self.permissions.authenticate()
        if refused is None and MLFLOW_ENABLE_WORKSPACES.get():
            raise RefusedError(501, "the page does not know MLflow's workspaces yet")
        return refused

    def _selection(self, store: ServedStore) -> Selection:
        experiments = list(dict.fromkeys(request.args.getlist("experiment")))
        studies = list(dict.fromkeys(request.args.getlist("study")))
        if not experiments and not studies:
            raise RefusedError(400, "name at least one experiment or study")
        self._check_experiments(store, experiments)
        of_studies = [self._run(store, study).info.experiment_id for study in studies]
        return Selection(
            experiments=experiments or list(dict.fromkeys(of_studies)),
            studies=studies,
            condition=request.args.get("filter", "").strip(),
        )

    def _check_experiments(self, store: ServedStore, experiments: list[str]) -> None:
        readable = set(self.permissions.readable(experiments))
        for number in experiments:
            try:
                found = number in readable and number.isdecimal()
                found = found and store.sql.get_experiment(number).lifecycle_stage == "active"
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise
                found = False
            if not found:
                raise RefusedError(404, f"there is no experiment {number!r} that you may read")

    def _run(self, store: ServedStore, run_id: str) -> Run:
        """A run that the user may read; others are as if they did not exist."""
        try:
            run = store.run(run_id)
            if run.info.lifecycle_stage == LifecycleStage.ACTIVE and self.permissions.readable(
                [run.info.experiment_id]
            ):
                return run
        except InputError:
            pass  # told like a run that may not be read
        raise RefusedError(404, f"there is no run {run_id!r} that you may read")


def _threshold(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        threshold = float(text)
    except ValueError:
        threshold = math.nan
    if not 0 <= threshold < math.inf:
        raise RefusedError(400, f"threshold: a number of at least 0 is needed, got {text!r}")
    return threshold
