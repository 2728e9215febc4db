import sqlite3

import pytest

from sparse_lightning import InputError
from sparse_lightning.errors import SearchError
from sparse_lightning.search.storage import open_storage, shown


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
    with pytest.raises(SearchError, match=r"postgresql\+psycopg://me:\*\*\*@127") as caught:
        open_storage("postgresql+psycopg://me:secret@127.0.0.1:1/base")
    assert "secret" not in str(caught.value)
    assert "refused" in str(caught.value)


def test_the_password_is_never_shown():
    assert shown("postgresql://me:secret@host/base") == "postgresql://me:***@host/base"


def test_the_store_of_mlflow_is_no_storage_of_a_search(workplace):
    with pytest.raises(SearchError, match=r"mlflow\.db holds another program's tables"):
        open_storage(f"sqlite:///{workplace}/mlflow.db")
    with sqlite3.connect(workplace / "mlflow.db") as store:
        tables = {name for (name,) in store.execute("select name from sqlite_master")}
    assert "runs" in tables
    assert "trials" not in tables
