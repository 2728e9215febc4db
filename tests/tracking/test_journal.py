"""What was appended outlasts a crash, and nothing else is taken for it."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparse_lightning.errors import TrackingError
from sparse_lightning.tracking.journal import Journal

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("journal") / "records.jsonl"


@settings(max_examples=25)
@given(entries=st.lists(JSON, min_size=1, max_size=5), data=st.data())
def test_cut_anywhere_the_whole_entries_before_the_cut_are_left(path, entries, data):
    path.unlink(missing_ok=True)
    journal = Journal(path)
    ends = []
    for number, entry in enumerate(entries):
        assert journal.append(entry) == number
        ends.append(path.stat().st_size)
    journal.close()
    cut = data.draw(st.integers(0, ends[-1]))
    os.truncate(path, cut)
    journal = Journal(path)
    left = sum(end <= cut for end in ends)
    assert list(journal) == entries[:left]
    journal.append("next")
    journal.close()
    journal = Journal(path)
    assert list(journal) == [*entries[:left], "next"]
    journal.close()


@settings(max_examples=25)
@given(entries=st.lists(JSON, min_size=1, max_size=4), data=st.data())
def test_a_byte_that_changes_is_told_with_its_line(path, entries, data):
    path.unlink(missing_ok=True)
    journal = Journal(path)
    for entry in entries:
        journal.append(entry)
    journal.close()
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 2))
    content[place] ^= 1 << data.draw(st.integers(0, 6))
    path.write_bytes(content)
    line = content[:place].count(b"\n") + 1
    if content[place] == ord("\n"):
        line = None  # two lines of it now
    with pytest.raises(TrackingError, match=f"line {line or ''}.* is damaged"):
        Journal(path)


def test_a_foreign_file_is_refused(path):
    path.write_text('{"a": 1}\n')
    with pytest.raises(TrackingError, match="line 1 is damaged, or no record of sparse-lightning"):
        Journal(path)


def test_a_folder_is_no_journal(tmp_path):
    with pytest.raises(TrackingError, match=f"{tmp_path}: cannot be used: Is a directory"):
        Journal(tmp_path)


def test_what_the_disk_does_not_take_is_not_there(path, monkeypatch):
    path.unlink(missing_ok=True)
    journal = Journal(path)
    journal.append("one")

    def half(file, data, place):
        if place > size:
            raise OSError(28, "No space left on device")
        return write(file, data[: len(data) // 2], place)

    write, size = os.pwrite, path.stat().st_size
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", half)
        with pytest.raises(TrackingError, match=r"records.jsonl: cannot be used: No space left"):
            journal.append("two")
    assert path.stat().st_size == size
    journal.append("three")
    assert list(journal) == ["one", "three"]
    journal.close()
