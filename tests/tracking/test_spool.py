"""A spool gives back what was kept, in its order, to one process at a time."""

import json
import math
import os
from contextlib import closing
from dataclasses import replace

import pytest

from sparse_lightning.address import Address
from sparse_lightning.errors import InputError, TrackingError
from sparse_lightning.tracking.journal import Journal
from sparse_lightning.tracking.records import (
    INLINE,
    Attached,
    Below,
    Described,
    Ended,
    Forgotten,
    Given,
)
from sparse_lightning.tracking.runs import FinishedRun
from sparse_lightning.tracking.spool import Job, Spool, spools_in

JOB = Job("study", "<odd/name>\n", "0" * 32, Address("http://server"), "/reports/odd")
RUN = FinishedRun(
    "λ=0.1 seed 1",
    {"seed": "1"},
    [("error", 1, 0.1), ("odd", -2, math.inf)],
    {"sparse_lightning.replica": "7"},
    "FAILED",
    {"weights": b"\x00" * (INLINE + 1), "small.json": b"[\xff]"},
)
RECORDS = [
    Described(12, {"a": "b"}, {"m": -math.inf}, {"t": ""}),
    Attached("report/figures/a.png", b"\x89PNG"),
    Attached("report/large.png", b"\x89PNG" * INLINE),
    Given([{"name": "wine", "digest": "1"}]),
    Below(13, RUN),
    Forgotten({"kind": "trial"}),
    Ended(14, "FINISHED"),
]


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("SPARSE_LIGHTNING_SPOOL", str(tmp_path / "undelivered"))
    return tmp_path / "undelivered"


@pytest.fixture
def folder():
    spool = Spool.create(JOB)
    for record in RECORDS:
        spool.append(record)
    spool.close()
    return spool.folder


def drained(spool):
    while spool.left:
        number, record = spool.next
        yield record
        spool.mark(number, None)


def as_kept(record):
    if isinstance(record, Below):
        return record.started, {**vars(RUN), "metrics": [list(point) for point in RUN.metrics]}
    return record


def test_records_come_back_in_their_order_from_another_process(folder):
    spool = Spool(folder)
    assert spool.job == JOB
    assert spool.ended
    assert spool.left == len(RECORDS)
    for found, given in zip(drained(spool), RECORDS, strict=True):
        if isinstance(found, Below):
            assert (found.started, vars(found.run)) == as_kept(given)
        else:
            assert found == given
    spool.close()


def test_what_is_marked_is_not_given_again(folder):
    spool = Spool(folder)
    spool.mark(spool.next[0], None)
    spool.mark(spool.next[0], "run")
    spool.close()
    spool = Spool(folder)
    assert spool.runs == {2: "run"}
    assert spool.next == (3, RECORDS[2])
    spool.close()


def test_a_spool_is_in_one_hand(folder):
    spool = Spool(folder)
    with pytest.raises(TrackingError, match="a job that still runs has it in hand"):
        Spool(folder)
    spool.remove()
    assert not folder.parent.exists()


def test_spools_are_found_in_their_folder(folder, place):
    other = Spool.create(JOB)
    assert sorted([folder, other.folder]) == list(spools_in(place))
    assert [folder] == list(spools_in(folder))
    assert list(spools_in(place / "none")) == []
    other.remove()
    assert folder.is_dir()
    assert folder.name.startswith("_odd_name_-00000000-")


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no undelivered records"):
        Spool(tmp_path)


def test_another_version_is_refused(folder):
    spool = Spool(folder)
    spool.close()
    from sparse_lightning.tracking.journal import Journal

    (folder / "records.jsonl").unlink()
    journal = Journal(folder / "records.jsonl")
    journal.append({"format": 99})
    journal.close()
    with pytest.raises(TrackingError, match="written by another version of sparse-lightning"):
        Spool(folder)


def test_a_file_that_is_damaged_is_told(folder):
    for path in (folder / "files").iterdir():
        path.write_bytes(b"other")
    spool = Spool(folder)
    with pytest.raises(TrackingError, match=r"files/[0-9a-f]{64}: is damaged"):
        list(drained(spool))
    spool.close()


def test_small_contents_stand_in_the_record(folder):
    assert len(list((folder / "files").iterdir())) == 2
    lines = (folder / "records.jsonl").read_text().splitlines()
    assert json.loads(lines[2].partition(" ")[2])["content"] == {"base64": "iVBORw=="}


def modes(folder):
    return {
        path.relative_to(folder).as_posix(): path.stat().st_mode & 0o777
        for path in (folder, *folder.rglob("*"))
    }


def private(folder):
    """Whether a folder and all in it are their owner's alone."""
    wanted = {name: 0o700 if (folder / name).is_dir() else 0o600 for name in modes(folder)}
    return modes(folder) == wanted


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_a_spool_is_its_owners_alone(place, umask):
    before = os.umask(umask)
    try:
        spool = Spool.create(JOB)
        for record in RECORDS:
            spool.append(record)
        spool.mark(1, None)
        spool.close()
    finally:
        os.umask(before)
    assert len(modes(place)) > 5
    assert private(place)


def test_no_file_of_a_spool_is_open_to_others_for_a_moment(place, monkeypatch):
    made, system = [], os.open

    def opened(path, flags, mode=0o777, **more):
        made.append((flags, mode))
        return system(path, flags, mode, **more)

    monkeypatch.setattr(os, "open", opened)
    Spool.create(JOB).append(Attached("large", b"x" * (INLINE + 1)))
    creating = [mode for flags, mode in made if flags & os.O_CREAT]
    assert len(creating) >= 4
    assert set(creating) == {0o600}


def test_a_spool_of_looser_modes_is_tightened(folder):
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (folder / "link").symlink_to("/")
    Spool(folder).close()
    (folder / "link").unlink()
    assert private(folder)


@pytest.mark.parametrize(
    "store", ["http://me:pW0Rd@server", "postgresql://h/db?password=pW0Rd", "tcp://me:pW/0Rd@h"]
)
def test_no_password_is_written_into_a_spool(store):
    job = replace(JOB, store=Address(store))
    spool = Spool.create(job)
    assert spool.job.hidden
    assert str(spool.job.store) == str(job.store)
    spool.close()
    for file in spool.folder.rglob("*"):
        assert file.is_dir() or b"0Rd" not in file.read_bytes()
    with closing(Journal(spool.folder / "records.jsonl")) as journal:
        assert Job.read({k: v for k, v in journal[0].items() if k != "format"}) == spool.job


def test_a_spool_of_an_earlier_version_tells_that_its_address_lacks_a_password():
    fields = {"kind": "study", "name": "x", "run_id": "0" * 32, "report": "", "folder": ""}
    assert Job.read({**fields, "store": "postgresql://me:***@h/db"}).hidden
    assert not Job.read({**fields, "store": "sqlite:///x.db"}).hidden
    with pytest.raises(TypeError):
        Job.read({**fields, "store": "x", "report": 1})
