import traceback

import mlflow
import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST
from mlflow.store.db import utils

import sparse_lightning as sl
from sparse_lightning import secrets
from sparse_lightning.address import Address
from sparse_lightning.secrets import keep_secret
from sparse_lightning.tracking import new_database
from sparse_lightning.tracking.store import Store

pytestmark = pytest.mark.usefixtures("workplace")


@pytest.fixture(autouse=True)
def _forgetful(monkeypatch):
    """The passwords of these tests are known to them alone."""
    monkeypatch.setattr(secrets, "_known", set())


@pytest.mark.parametrize(
    "uri",
    ["http://127.0.0.1:9", "http://", "foo://bar", "sqlite:////dev/null/mlflow.db"],
)
def test_a_store_that_cannot_be_reached_is_named(uri):
    with pytest.raises(sl.TrackingError) as caught:
        Store(uri)
    assert str(caught.value).startswith(f"the tracking store {uri} cannot be opened: ")
    assert "\n" not in str(caught.value)


def test_the_default_store_is_a_file_in_the_working_folder(workplace):
    store = Store()
    assert store.uri == Address(f"sqlite:///{workplace}/mlflow.db")
    assert store.page is None
    assert store.opening == (
        f"`mlflow server --app-name sparse-lightning --backend-store-uri {store.uri}` shows them"
    )


def test_a_password_is_not_shown():
    store = Store()
    store.uri = Address("postgresql://me:secret@host/mlflow?options=-c x")
    assert store.opening == (
        "`mlflow server --app-name sparse-lightning --backend-store-uri "
        "'postgresql://host/mlflow?options=***'` shows them, once user and password are added to "
        "the address"
    )
    store.uri = Address("http://me:secret@host:5000")
    assert (store.page, store.opening) == ("http://host:5000", "http://host:5000")


@pytest.mark.parametrize(
    "uri",
    [
        *("http://me:pW0Rd@127.0.0.1:9", "http://me:pW/0Rd@127.0.0.1:9", "http://me:pW0Rd@"),
        *("postgresql+psycopg://me:pW0Rd@127.0.0.1:9/x", "postgresql://me:pW0Rd@h:port/x"),
        *("foo://me:pW0Rd@bar", "mysql+nosuch://me:pW0Rd@h/x", "http://[me:pW0Rd@h"),
        "postgresql+psycopg://127.0.0.1:9/x?user=me&password=pW0Rd",
    ],
)
def test_no_traceback_of_a_store_that_cannot_be_opened_tells_its_password(uri, monkeypatch):
    monkeypatch.setattr(utils, "MAX_RETRY_COUNT", 1)  # else MLflow tries for minutes
    monkeypatch.setattr("sparse_lightning.tracking.store.OPENING_TRIES", 1)
    with pytest.raises(sl.TrackingError) as caught:
        Store(uri)
    said = "".join(traceback.format_exception(caught.value))
    assert "pW0Rd" not in said
    assert "0Rd@" not in said


def test_the_cause_of_an_error_keeps_its_code():
    store = Store()
    store.uri = keep_secret(Address("http://me:pW0Rd@host"))
    with pytest.raises(sl.TrackingError) as caught, store.errors("fails"):
        raise MlflowException("no http://me:pW0Rd@host, pW0Rd", RESOURCE_DOES_NOT_EXIST)
    cause = caught.value.__cause__
    assert isinstance(cause, MlflowException)
    assert (cause.message, cause.get_http_status_code()) == ("no http://host, ***", 404)
    assert str(caught.value) == "the tracking store http://host fails: no http://host, ***"


def test_a_deleted_experiment_is_not_written_to():
    store = Store()
    experiment = store.experiment("mine")
    assert store.experiment("mine").experiment_id == experiment.experiment_id
    store.client.delete_experiment(experiment.experiment_id)
    with pytest.raises(sl.TrackingError, match=r"was deleted; restore it with `mlflow experiments"):
        store.experiment("mine")


def test_a_search_reads_every_page(monkeypatch):
    store = Store()
    experiment = store.experiment("mine").experiment_id
    for number in range(5):
        store.client.create_run(experiment, run_name=str(number))
    whole = store.client.search_runs

    def by_twos(*arguments, max_results, **options):
        return whole(*arguments, max_results=2, **options)

    monkeypatch.setattr(store.client, "search_runs", by_twos)
    found = store.search([experiment], "")
    assert sorted(run.info.run_name for run in found) == list("01234")


def test_runs_are_given_in_the_order_they_are_asked_for():
    store = Store()
    experiment = store.experiment("mine").experiment_id
    ids = [store.client.create_run(experiment).info.run_id for _ in range(3)]
    assert store.runs([]) == []
    for wanted in (ids[:1], ids[::-1]):
        assert [run.info.run_id for run in store.runs(wanted)] == wanted
    for wanted in ([ids[0], "a" * 32], ["a" * 32]):
        with pytest.raises(sl.InputError, match=r"holds no run 'a{32}'"):
            store.runs(wanted)


@pytest.fixture
def new(workplace):
    """The address of a store that is not there yet, alone in its folder."""
    return f"sqlite:///{workplace}/new/mlflow.db"


@pytest.mark.parametrize("fault", [KeyboardInterrupt, OSError("No space left on device")])
def test_a_store_that_is_cut_off_while_it_is_made_is_made_by_the_next(
    workplace, new, monkeypatch, fault
):
    made = utils._upgrade_db

    def cut_off(engine):
        raise fault

    monkeypatch.setattr(utils, "_upgrade_db", cut_off)
    with pytest.raises((KeyboardInterrupt, sl.TrackingError)):
        Store(new)
    assert not list((workplace / "new").iterdir())
    monkeypatch.setattr(utils, "_upgrade_db", made)
    assert Store(new).experiment("mine").name == "mine"
    assert [path.name for path in (workplace / "new").iterdir()] == ["mlflow.db"]


@pytest.mark.parametrize("name", ["a [b].db", "ü.db"])
def test_a_store_is_made_where_its_address_says(workplace, name):
    path = workplace / "new" / name
    path.parent.mkdir()
    (path.parent / f".{name}.999999999.0.new").write_text("of a process that has died")
    Store(f"sqlite:///{path}")
    assert path.stat().st_size > 100_000
    assert list(path.parent.iterdir()) == [path]


def test_a_store_in_an_empty_file_is_made_there(workplace, new):
    (workplace / "new").mkdir()
    (workplace / "new" / "mlflow.db").touch()
    assert Store(new).experiment("mine").name == "mine"


@pytest.mark.long
def test_the_second_of_two_processes_takes_what_the_first_has_made(new, monkeypatch):
    made = utils._upgrade_db

    def late(engine):
        made(engine)
        monkeypatch.setattr(utils, "_upgrade_db", made)
        Store(new).experiment("of the first")

    monkeypatch.setattr(utils, "_upgrade_db", late)
    assert Store(new).client.get_experiment_by_name("of the first") is not None


def test_another_version_of_mlflow_makes_its_store_itself(new, monkeypatch):
    monkeypatch.setattr(mlflow, "__version__", "3.17.99")
    monkeypatch.setattr(new_database, "make_tables", None)
    assert Store(new).experiment("mine").name == "mine"


def test_who_only_reads_makes_no_store(workplace):
    with pytest.raises(sl.TrackingError, match=rf"there is no file {workplace}/nosuch\.db; name"):
        Store("sqlite:///nosuch.db", new=False)
    assert not (workplace / "nosuch.db").exists()
    Store("sqlite:///mine.db")
    Store("sqlite:///mine.db", new=False)
