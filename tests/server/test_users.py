"""What three users find behind MLflow's basic-auth, whichever reference they forge."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from server_processes import ADMIN, AUTH, Server, serving
from stored_networks import network_run, study_run

from sparse_lightning.server.limits import WAITING
from sparse_lightning.tracking import Store, finished_runs, names
from sparse_lightning.tracking.finished_runs import FinishedRun

pytestmark = [pytest.mark.slow, pytest.mark.long]

API = "sparse-lightning/api"
USERS = {name: (name, f"the password of {name}") for name in ("none", "reader", "denied")}
PLACES = {"open": "opened", "closed": "concealed"}
"""Experiments, with a word that stands in everything of their runs."""


@dataclass
class Place:
    """A server with three users; each has an experiment of their own with forged runs in it."""

    server: Server
    store: Store
    experiments: dict[str, str] = field(default_factory=dict)
    runs: dict[str, list[str]] = field(default_factory=dict)

    def write(self, where: str, *runs: FinishedRun) -> list[str]:
        made = finished_runs.write_runs(self.store, self.experiments[where], list(runs))
        self.runs.setdefault(where, []).extend(made)
        return made

    def experiment(self, name: str) -> None:
        self.experiments[name] = self.store.experiment(name).experiment_id

    def grant(self, user: str, experiment: str, permission: str) -> None:
        body = {
            "username": user,
            "resource_type": "experiment",
            "resource_id": self.experiments[experiment],
            "permission": permission,
        }
        done = self.server.post("api/3.0/mlflow/users/permissions/grant", body, ADMIN)
        assert done.status_code == 200, done.text

    def readable(self, user: str, where: str) -> bool:
        """What MLflow itself says."""
        path = f"api/2.0/mlflow/runs/get?run_id={self.runs[where][0]}"
        return self.server.get(path, USERS[user]).status_code == 200


def filled(place: Place) -> None:
    for where, word in PLACES.items():
        place.experiment(where)
        columns = [f"{word} {number}" for number in range(3)]
        (study,) = place.write(where, study_run(f"{word} study", columns))
        place.write(where, network_run(study, f"{word} network"))
    targets = [run_id for where in PLACES for run_id in place.runs[where]]
    for user, auth in USERS.items():
        made = place.server.post(
            "api/2.0/mlflow/users/create", {"username": user, "password": auth[1]}, ADMIN
        )
        assert made.status_code == 200, made.text
        place.experiment(user)
        place.grant(user, user, "MANAGE")
        for target in [*targets, "0" * 32, targets[0].upper(), ""]:
            place.write(user, network_run(target))
            kinds = (names.STUDY, names.TRIAL, names.OVERVIEW, names.SEARCH)
            tags = [{names.KIND: kind, "mlflow.parentRunId": target} for kind in kinds]
            metrics = [("floor_epochs", 0, 1.0)]
            place.write(user, *(FinishedRun("forged", tags=one, metrics=metrics) for one in tags))
    place.grant("reader", "open", "READ")
    place.grant("denied", "open", "READ")
    place.grant("denied", "closed", "DENY")


def starting(folder: Path, default: str) -> Iterator[Place]:
    uri = f"sqlite:///{folder}/mlflow.db"
    (folder / "auth.ini").write_text(AUTH.format(default=default, folder=folder))
    settings = {
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "a key",
    }
    arguments = ("--app-name", "sparse-lightning-basic-auth", "--backend-store-uri", uri)
    with (
        serving(folder, *arguments, settings=settings) as server,
        pytest.MonkeyPatch.context() as p,
    ):
        p.chdir(folder)
        place = Place(server, Store(uri))
        filled(place)
        yield place


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Nobody may read anything but by a grant."""
    yield from starting(tmp_path_factory.mktemp("users"), "NO_PERMISSIONS")


def test_the_users_differ(place: Place):
    for user, where in READABLE:
        assert place.readable(user, where) == READABLE[user, where]
    overview = place.server.get(f"{API}/overview", USERS["reader"]).json()
    assert {one["name"] for one in overview["experiments"]} == {"open", "reader"}


PATHS = st.sampled_from(
    [
        *("overview", "runs", "columns", "networks/{}", "networks/{}/history"),
        *("networks/{}/register", "networks/{}/{}", "runs/{}", "{}"),
    ]
)
SPELLINGS = st.sampled_from(
    ["{}", "{}", "{}", "0{}", "{} ", "+{}", "{}\0", "%27{}", "{}/..", "../{}"]
)
FILTERS = [
    "tags.`mlflow.parentRunId` = '{}'",
    "attributes.run_id = '{}'",
    "attributes.run_id IN ('{}')",
    "tags.`sparse_lightning.kind` = 'study'",
    "params.dataset LIKE '%ea%'",
    "metrics.squared_error > 0 or '{}' = '{}'",
    "' or 1 = 1 --",
]


READABLE = {(user, where): where == "open" and user != "none" for user in USERS for where in PLACES}
"""What `filled` lets MLflow allow; a test asks MLflow whether it does."""


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_nothing_is_told_that_mlflow_conceals(place: Place, data: Any):
    user = data.draw(st.sampled_from(sorted(USERS)))
    ids = [run_id for where in ("closed", "open", user) for run_id in place.runs[where]]
    ids += [*place.experiments.values(), "0" * 32, "9" * 30, "١"]
    word = st.builds(str.format, SPELLINGS, st.sampled_from(ids))
    path = data.draw(PATHS)
    path = path.format(*(data.draw(word) for _ in range(path.count("{}"))))
    known = st.builds(lambda text, one: text.replace("{}", one), st.sampled_from(FILTERS), word)
    one = st.tuples(st.sampled_from(["experiment", "study"]), word) | st.tuples(
        st.sampled_from(["filter", "threshold", "unfinished"]), known | st.just("1")
    )
    query = data.draw(st.lists(one, max_size=3))
    mine = ("experiment", place.experiments[user])
    query = [*query, mine] if data.draw(st.booleans()) else query
    began = time.monotonic()
    if path.endswith("register"):
        answer = place.server.post(
            f"{API}/{path}", {"name": "m"}, USERS[user], headers={"X-Sparse-Lightning": "1"}
        )
    else:
        answer = place.server.get(f"{API}/{path}", USERS[user], params=query)
    assert answer.status_code < 500, (path, query, answer.text[:500])
    assert time.monotonic() - began < 20
    assert str(place.store.uri) not in answer.text
    for where, text in PLACES.items():
        # The words stand in names, columns and settings, but in no run of the user's own.
        assert READABLE[user, where] or text not in answer.text, (user, path, query)


def test_foreign_and_missing_runs_take_the_same_time(place: Place):
    """Both ask MLflow the same; before, one password was checked more often than the other."""
    hidden = place.runs["closed"][1]

    def seconds(run_id: str) -> float:
        began = time.perf_counter()
        answer = place.server.get(f"{API}/networks/{run_id}", USERS["reader"])
        assert answer.status_code == 404
        return time.perf_counter() - began

    turns = [(seconds(hidden), seconds("0" * 32)) for _ in range(12)]
    least = [min(times) for times in zip(*turns, strict=True)]
    assert abs(least[0] - least[1]) < 0.3 * max(least)


def test_a_new_model_is_registered_by_who_may_create_one(place: Place):
    (study,) = place.write("reader", study_run("mine", ["a", "b", "c"]))
    (network,) = place.write("reader", network_run(study))
    made = place.server.register(network, "new", USERS["reader"])
    assert (made.status_code, made.json().get("version")) == (200, "1"), made.text
    assert place.server.register(network, "new", USERS["reader"]).json()["version"] == "2"
    (other,) = place.write("none", study_run("mine", ["a", "b", "c"]))
    (foreign,) = place.write("none", network_run(other))
    refused = place.server.register(foreign, "new", USERS["none"])
    assert refused.status_code == 403
    assert (
        place.store.run(foreign).outputs is None
        or not place.store.run(foreign).outputs.model_outputs
    )


def test_one_users_requests_leave_the_others_theirs(place: Place):
    """Many heavy requests of one user; another's is answered beside them, theirs in turn."""
    metrics = [(f"m{number}", 0, 1.0) for number in range(20)]
    place.write("denied", *(FinishedRun(str(number), metrics=metrics) for number in range(2_000)))
    address = f"{API}/runs?experiment={place.experiments['denied']}"
    with ThreadPoolExecutor(20) as pool:
        heavy = [pool.submit(place.server.get, address, USERS["denied"]) for _ in range(20)]
        time.sleep(0.2)
        began = time.monotonic()
        assert place.server.get(f"{API}/overview", USERS["reader"]).status_code == 200
        taken = time.monotonic() - began
        statuses = [answer.result().status_code for answer in heavy]
        all_taken = time.monotonic() - began
    assert set(statuses) <= {200, 429}
    assert statuses.count(200) >= 1 + WAITING[True]
    # The heavy ones are worked off one after the other, and the other user's is not behind them.
    assert taken < 0.9 * all_taken, (taken, all_taken)
