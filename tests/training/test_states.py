"""Nested states go into a file and come back as they were."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sparse_lightning.training.checkpoints import StateError, from_bytes, to_bytes

plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
states = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.integers() | st.text(), inner)
    ),
    max_leaves=20,
)


@settings(max_examples=40)
@given(states)
def test_plain_values_come_back(state):
    found, about = from_bytes(to_bytes(state, {"fit": "one"}))
    assert found == state
    assert repr(found) == repr(state)  # 1 is not 1.0, and a tuple no list
    assert about == {"fit": "one"}


@pytest.mark.parametrize(
    "tensor",
    [
        torch.tensor(3.5, dtype=torch.float64),
        torch.tensor([True, False]),
        torch.full((2, 0), 1.0),
        torch.tensor([math.nan, math.inf, -0.0]),
        torch.randn(2, 3, generator=torch.Generator().manual_seed(1)).bfloat16(),
        torch.Generator().manual_seed(7).get_state(),
    ],
    ids=lambda tensor: str(tensor.dtype),
)
def test_tensors_come_back(tensor):
    (found,), _ = from_bytes(to_bytes([tensor], {}))
    assert found.dtype == tensor.dtype
    torch.testing.assert_close(found, tensor, rtol=0, atol=0, equal_nan=True)


def test_tensors_keep_the_layout_of_their_memory():
    tensor = torch.arange(24.0).reshape(2, 3, 4).permute(2, 0, 1)
    (found,), _ = from_bytes(to_bytes([tensor], {}))
    assert torch.equal(found, tensor)
    assert found.stride() == tensor.stride()


def test_tensors_that_share_their_memory_come_apart():
    tensor = torch.zeros(4)
    (one, other), _ = from_bytes(to_bytes((tensor, tensor[:2]), {}))
    one += 1
    assert other.tolist() == [0, 0]


def test_what_no_file_holds_is_refused():
    with pytest.raises(TypeError, match="a value of the type set cannot be kept"):
        to_bytes({"a": {1}}, {})


@given(st.binary(max_size=64))
def test_anything_else_is_no_state(content):
    with pytest.raises(StateError):
        from_bytes(content)
