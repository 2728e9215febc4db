import pytest

import sparse_lightning as sl
from sparse_lightning.tracking.store import Store

pytestmark = pytest.mark.usefixtures("workplace")


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
    assert store.uri == f"sqlite:///{workplace}/mlflow.db"
    assert store.page is None
    assert store.opening == (
        f"`mlflow server --app-name sparse-lightning --backend-store-uri {store.uri}` shows them"
    )


def test_a_password_is_not_shown():
    store = Store()
    store.uri = "postgresql://me:secret@host/mlflow"
    assert store.shown == "postgresql://me:***@host/mlflow"
    assert "secret" not in store.opening
    store.uri = "http://host:5000"
    assert (store.shown, store.opening) == ("http://host:5000", "http://host:5000")


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
