"""The grid of a study and its chunks."""

from hypothesis import given
from hypothesis import strategies as st

from sparse_lightning.project import Project
from sparse_lightning.training import replicas_of
from sparse_lightning.training.grid import CHUNK_BYTES, chunk_size, chunks

GROUPS = {"sL1": {}, "only sh": {"regularizer": "sh", "hidden_weight": 1, "hidden_threshold": 0.1}}


def project(**training):
    return Project(
        table={"source": "wine"},
        network={"units": [3]},
        training={"seeds": [7, 2], **training},
        regularizers={"l1_weights": [0.1, 0.2], "groups": GROUPS},
    )


def test_the_grid_is_floor_then_groups_strengths_and_seeds():
    cells = [
        (r.number, r.group, r.regularizer, r.l1_weight, r.seed) for r in replicas_of(project())
    ]
    assert cells == [
        (0, "none", "none", None, 7),
        (1, "none", "none", None, 2),
        (2, "sL1", "sL1", 0.1, 7),
        (3, "sL1", "sL1", 0.1, 2),
        (4, "sL1", "sL1", 0.2, 7),
        (5, "sL1", "sL1", 0.2, 2),
        (6, "only sh", "sh", None, 7),
        (7, "only sh", "sh", None, 2),
    ]


def test_a_replica_has_the_strengths_of_its_terms_and_a_name():
    replica = replicas_of(project())[4]
    assert replica.strengths == {"l1_weight": 0.2, "l1_threshold": 0.1}
    assert replica.name == "sL1 λ=0.2 seed 7"
    assert replicas_of(project())[7].name == "only sh seed 2"


@given(replicas=st.integers(1, 300), size=st.integers(1, 400))
def test_chunks_cover_all_replicas_evenly(replicas, size):
    parts = list(chunks(replicas, size))
    assert [n for part in parts for n in range(replicas)[part]] == list(range(replicas))
    lengths = [part.stop - part.start for part in parts]
    assert max(lengths) <= size
    assert max(lengths) - min(lengths) <= 1


def test_chunk_size_is_the_projects_or_what_fits():
    assert chunk_size(project(chunk=5), [12, 3, 12]) == 5
    small, large = (chunk_size(project(), [n, 3, n]) for n in (12, 10**7))
    assert large == 1
    assert 1 < small < CHUNK_BYTES
