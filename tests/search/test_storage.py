import os
import sqlite3

import optuna
import pytest

from sparse_lightning import InputError
from sparse_lightning.errors import SearchError
from sparse_lightning.search.storage import open_storage


@pytest.mark.parametrize("url", ["search.db", "sqlite:/search.db", "a b"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(InputError, match=r"must be an address such as sqlite:///search\.db"):
        open_storage(url)


@pytest.mark.parametrize("url", ["nosuch://host/base", "mysql+nosuch://host/base"])
def test_an_unknown_database_is_refused(url):
    with pytest.raises(SearchError, match="cannot be opened: Can't load plugin"):
        open_storage(url)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    url = f"sqlite:///{tmp_path}/no/search.db"
    with pytest.raises(SearchError, match=r"cannot be opened: .*unable to open database file"):
        open_storage(url)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "text.db").write_text("no database " * 200)
    with pytest.raises(SearchError, match=r"cannot be opened: .*file is not a database"):
        open_storage(f"sqlite:///{tmp_path}/text.db")


def test_a_server_that_does_not_answer_is_named_without_its_password():
    pytest.importorskip("psycopg")
    with pytest.raises(SearchError, match=r"postgresql\+psycopg://127") as caught:
        open_storage("postgresql+psycopg://me:secret@127.0.0.1:1/base")
    assert "secret" not in str(caught.value)
    assert "refused" in str(caught.value)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_a_new_file_is_its_owners_alone(tmp_path, umask):
    before = os.umask(umask)
    try:
        storage = open_storage(f"sqlite:///{tmp_path}/search.db")
        storage.create_new_study([optuna.study.StudyDirection.MINIMIZE])
        made = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
        storage.engine.dispose()
    finally:
        os.umask(before)
    assert "search.db" in made
    assert set(made.values()) == {0o600}


def test_a_file_that_is_there_keeps_its_mode(tmp_path):
    open_storage(f"sqlite:///{tmp_path}/search.db").engine.dispose()
    (tmp_path / "search.db").chmod(0o660)
    open_storage(f"sqlite:///{tmp_path}/search.db").engine.dispose()
    assert (tmp_path / "search.db").stat().st_mode & 0o777 == 0o660


def test_the_store_of_mlflow_is_no_storage_of_a_search(workplace):
    with pytest.raises(SearchError, match=r"mlflow\.db holds another program's tables"):
        open_storage(f"sqlite:///{workplace}/mlflow.db")
    with sqlite3.connect(workplace / "mlflow.db") as store:
        tables = {name for (name,) in store.execute("select name from sqlite_master")}
    assert "runs" in tables
    assert "trials" not in tables
