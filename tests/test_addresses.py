import copy
import json
import logging
import pickle
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from sparse_lightning.address import HARMLESS, Address

SCHEMES = [
    *("http://", "https://", "postgresql://", "postgresql+psycopg://", "mysql+pymysql://"),
    *("mssql+pyodbc://", "ftp://", "s3://", "tcp://", "tls://", "jdbc:postgresql://", "//", ""),
    *("sqlite+pysqlcipher://", "file://", "HTTP://", "http:/", "x-y.z://"),
]
FIELDS = [
    *("password", "PASSWORD", "sslpassword", "odbc_connect", "token", "sig", "X-Amz-Signature"),
    *("pass%77ord", "%70assword", "access_key", "unknown", "user", "options", "key"),
]
ENDS = ["", "/", "/db", "/a/b?sslmode=require", ":5000/db?sslmode=require&x=1", "?charset=utf8"]

printable = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=24)
passwords = printable.map(lambda text: f"pW{text}0Rd")
written = st.sampled_from([str, quote, lambda text: quote(text, safe=""), quote_plus])


@dataclass
class Holder:
    address: Address


class Model(BaseModel):
    address: Address


def told(address: Address) -> str:
    """Everything that may print an address, one after the other."""
    record = logging.makeLogRecord({"msg": "%s %r", "args": (address, address)})
    return "\n".join(
        [
            str(address),
            repr(address),
            f"{address}",
            f"{address!r:>80}",
            "%s %r" % (address, address),  # noqa: UP031
            "{}".format(address),  # noqa: UP032
            repr(Holder(address)),
            repr([address]),
            str({"address": address}),
            json.dumps({"address": address}, default=str),
            record.getMessage(),
            repr(pickle.loads(pickle.dumps(address))),
            str(copy.deepcopy(address)),
            repr(Model(address=address)),
            Model(address=address).model_dump_json(),
            str(Model(address=address).model_dump(mode="json")),
        ]
    )


@given(st.sampled_from(SCHEMES), printable, passwords, written, st.sampled_from(ENDS))
def test_no_way_of_printing_tells_a_password_before_the_host(scheme, user, password, form, end):
    text = f"{scheme}{form(user)}:{form(password)}@host{end}"
    assume(not (scheme == "" and text.startswith(("/", ".", "~"))))
    address = Address(text)
    assert address.revealed() == text
    assert pickle.loads(pickle.dumps(address)) == address == Address(address)
    assert address.hides
    for secret in (password, form(password)):
        assert secret not in told(address)


@given(st.sampled_from(SCHEMES), st.sampled_from(FIELDS), passwords, written, st.sampled_from("&;"))
def test_no_way_of_printing_tells_the_value_of_a_field(scheme, field, password, form, sign):
    for text in (
        f"{scheme}host/db?{field}={form(password)}",
        f"{scheme}host:5000/db?sslmode=require{sign}{field}={form(password)}{sign}charset=utf8",
        f"{scheme}/db?x=1{sign}{field}={form(password)}",
        f"sqlite:///a@b/x.db?{field}={form(password)}",
        f"{scheme}host/#{field}={form(password)}",
    ):
        for secret in (password, form(password)):
            assert secret not in told(Address(text)), text


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:5000",
        "https://host/base/#/experiments/1/runs/2",
        "sqlite:///a@b/x.db",
        "sqlite:////home/me@x:y/x.db",
        "sqlite:///mlflow.db?timeout=20",
        "file:///home/a@b/mlruns",
        "/home/a@b:c/mlruns",
        "./a@b/mlruns",
        "models:/m@champion",
        "mlflow-artifacts:/1/2/artifacts",
        "s3://bucket/me@home/year=2024",
        "postgresql+psycopg:///db?host=/tmp/postgresql-x",
        "tcp://[::1]:8786",
        "databricks",
        "search.db",
        "",
    ],
)
def test_what_hides_nothing_is_shown_as_it_is(text):
    assert (str(Address(text)), Address(text).hides) == (text, False)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://me:pw@host:5000/base", "http://host:5000/base"),
        ("http://token@host", "http://host"),
        ("postgresql://u:pa/ssW0RD@h/db", "postgresql://h/db"),
        ("postgresql://u:p?s#W@h/db", "postgresql://h/db"),
        ("postgresql://u:p@s@h:5432/db?sslmode=require", "postgresql://h:5432/db?sslmode=require"),
        ("postgresql+psycopg://postgres@/db?host=/tmp/x", "postgresql+psycopg:///db?host=/tmp/x"),
        ("postgresql://h/db?user=u&password=pa@ss", "postgresql://h/db?user=***&password=***"),
        ("postgresql://h:1/db?user=u&password=pa@ss", "postgresql://***"),
        ("postgresql://u:a?b=c@h/db", "postgresql://***"),
        ("u:pw@host/x", "host/x"),
        ("http://u%3Apw%40host/x", "http://host/x"),
        ("http://host/x?uri=http://u:pw@h", "http://***"),
        ("http://host/x?uri=http%3A%2F%2Fu%3Apw%2540h", "http://***"),
        ("ftp://host/x;password=pw", "ftp://host/x;password=***"),
        ("https://host/password=pw/x", "https://host/password=***/x"),
        ("https://host/x?pw", "https://host/x?***"),
        (
            "mssql+pyodbc:///?odbc_connect=SERVER=h;PWD=pw",
            "mssql+pyodbc:///?odbc_connect=***;PWD=***",
        ),
    ],
)
def test_what_is_shown_beside_a_secret(text, shown):
    assert str(Address(text)) == shown
    assert str(Address(shown)) == shown


@given(st.text(), st.text())
def test_any_text_is_an_address_and_equal_texts_are_equal_addresses(one, other):
    assert Address(one).revealed() == one
    assert str(Address(str(Address(one)))) == str(Address(one))
    assert (Address(one) == Address(other)) == (one == other)
    assert Address(one) != one
    assert hash(Address(one)) == hash(Address(one))


def test_an_address_cannot_be_changed():
    address = Address("http://u:pw@h")
    with pytest.raises(AttributeError, match="cannot be changed"):
        address._text = "x"
    assert not hasattr(address, "__dict__")


def test_a_wrong_field_does_not_echo_what_was_given():
    for value in ("http://u:pW0Rd@h\n", ["http://u:pW0Rd@h"], "", 1, "x\x1b"):
        with pytest.raises(ValidationError) as failure:
            Model(address=value)
        assert "pW0Rd" not in failure.value.errors(include_input=False)[0]["msg"]


def test_harmless_fields_are_shown():
    for name in HARMLESS:
        assert not Address(f"postgresql://h/db?{name}=a-b.c").hides
