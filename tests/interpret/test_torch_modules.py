import numpy as np
import pytest
import torch
from torch import nn

from sparse_lightning.errors import InputError
from sparse_lightning.interpret.torch_modules import apply, linear_chain, structure_of


class Backwards(nn.Module):
    """Its layers are defined in the order opposite to that of the data."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(3, 2)
        self.unused = nn.Linear(7, 7)
        self.first = nn.Linear(4, 3)
        self.drop = nn.Dropout(0.9)
        self.norm = nn.BatchNorm1d(3)

    def forward(self, x):
        hidden = torch.relu(self.norm(self.first(x)))
        return self.last(self.drop(hidden)), hidden


class Skipping(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        return self.two(torch.tanh(self.one(x))) + x


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x):
        return self.layer(self.layer(x))


class Chain(nn.Module):
    """Two square layers with functions before, between and after them."""

    def __init__(self, before=None, between=torch.tanh, after=None, last=None):
        super().__init__()
        self.one, self.two = nn.Linear(4, 4), nn.Linear(4, 4)
        self.before, self.between, self.after = before, between, after
        self.last = last or (lambda chain, x: chain.two(x))

    def forward(self, x):
        x = x if self.before is None else self.before(x)
        x = self.last(self, self.between(self.one(x)))
        return x if self.after is None else self.after(x)


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        return self.two(x * self.one(x))


@pytest.fixture
def rows():
    return torch.randn(10, 4, generator=torch.Generator().manual_seed(1))


def test_a_sequential_is_read_as_it_stands():
    model = nn.Sequential(nn.Linear(3, 2), nn.Sequential(nn.Tanh(), nn.Linear(2, 3)))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[1.0, 0.0, 0.0], [0.005, 2.0, 0.0]]))
        model[1][1].weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.5, -1.0]]))
    found = structure_of(model)
    inputs = tuple(f"input {n}" for n in (1, 2, 3))
    assert found.names == (inputs, ("code 1", "code 2"), inputs)
    assert [weight.tolist() for weight in found.weights] == [
        [[1, 0, 0], [0, 2, 0]],
        [[1, 0], [0, 0], [0.5, -1]],
    ]
    assert found.is_autoencoder
    assert structure_of(model, threshold=0.001).connections == 6


def test_layers_are_in_the_order_of_the_data(rows):
    model = Backwards().train()
    statistics = model.norm.running_mean.clone()
    chain = linear_chain(model, rows)
    assert [id(layer) for layer in chain] == [id(model.first), id(model.last)]
    found = structure_of(model, ["a", "b", "c", "d"], rows=rows, threshold=0)
    assert found.widths == (4, 3, 2)
    assert found.names[-1] == ("output 1", "output 2")
    assert all(part.training for part in model.modules())
    assert torch.equal(model.norm.running_mean, statistics)
    assert not any(layer._forward_hooks for layer in model.modules())


def test_outputs_are_those_of_the_module_at_rest(rows):
    model = Backwards().double().train()
    expected = model.eval()(rows.double())[0]
    model.train()
    assert torch.equal(apply(model, rows), expected)


def test_a_way_around_a_layer_is_found(rows):
    with pytest.raises(InputError, match="a way leads around the layer one"):
        structure_of(Skipping(), rows=rows)


def flipped(x):
    return x.flip(1)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Chain(before=flipped), "before the layer one units are mixed or put in another order"),
        (Chain(before=lambda x: x - x.mean(1, keepdim=True)), "before the layer one units are"),
        (Chain(between=nn.LayerNorm(4)), "between the layers one and two units are mixed"),
        (Chain(between=nn.Softmax(1)), "between the layers one and two units are mixed"),
        (Chain(between=flipped), "between the layers one and two units are mixed"),
        (Chain(after=flipped), "after the layer two units are mixed"),
        (Chain(after=lambda x: x[:, :2]), "after the layer two 4 units become 2"),
        (Chain(last=lambda chain, x: x @ chain.one.weight), "after the layer one units are mixed"),
        (nn.Sequential(nn.Linear(4, 3), nn.LayerNorm(3), nn.Linear(3, 4)), "the layers 0 and 2 un"),
        (nn.Sequential(*[nn.Linear(4, 4)] * 2), "the layer 0 is applied more than once"),
        (Gated(), "a way leads around the layer one"),
    ],
)
def test_what_mixes_units_is_refused(model, message, rows):
    with pytest.raises(InputError, match=message):
        linear_chain(model, rows)


@pytest.mark.parametrize(
    "after", [torch.sigmoid, nn.Softmax(1), nn.LogSoftmax(1), lambda x: x.argmax(1)]
)
def test_what_acts_on_each_unit_alone_is_read(after, rows):
    def scaled(x):
        return (x - 3) / torch.arange(1.0, 5.0)

    model = Chain(before=scaled, between=torch.relu, after=after)
    assert linear_chain(model, rows) == [model.one, model.two]
    assert linear_chain(model, rows.fill_(torch.nan)) == [model.one, model.two]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Recurrent(), "the layer layer is applied more than once"),
        (nn.Sequential(nn.Conv1d(1, 1, 3), nn.Linear(2, 2)), "0 is a Conv1d; only a chain of nn.L"),
        (nn.LSTM(4, 4), "the module is a LSTM"),
        (nn.ReLU(), "the ReLU has no nn.Linear layer"),
        (nn.Sequential(nn.Linear(4, 3), nn.Linear(2, 4)), "3 outputs is followed by one of 2 inp"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else None,
)
def test_what_is_no_chain_is_refused(model, message, rows):
    with pytest.raises(InputError, match=message):
        structure_of(model, rows=rows)


def test_rows_that_do_not_fit_are_told(rows):
    with pytest.raises(InputError, match="Backwards does not take rows of 3 numbers: "):
        linear_chain(Backwards(), rows[:, :3])
    with pytest.raises(InputError, match=r"rows must be \(row, input\)"):
        linear_chain(Backwards(), rows[:0])


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("kind", [np.asarray, torch.as_tensor, np.float32, np.ndarray.tolist])
def test_a_network_of_any_precision_is_read_with_any_rows(dtype, kind):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 4), nn.GELU(), nn.Linear(4, 6), nn.Softmax(-1)).to(dtype)
    rows = np.random.default_rng(0).normal(size=(50, 6))
    structure = structure_of(model, rows=kind(rows), threshold=0.1)
    expected = [model[place].weight.detach().double().numpy() for place in (0, 2)]
    for found, weight in zip(structure.weights, expected, strict=True):
        np.testing.assert_array_equal(found, np.where(np.abs(weight) > 0.1, weight, 0))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_outputs_of_16_bits_are_given_in_32(dtype):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 2), nn.Tanh()).to(dtype)
    rows = torch.randn(5, 3)
    found = apply(model, rows)
    assert found.dtype == torch.float32
    assert torch.equal(found, model(rows.to(dtype)).float())


def test_rows_that_are_no_numbers_are_refused():
    with pytest.raises(InputError, match="rows must be numbers: could not convert string"):
        structure_of(nn.Linear(2, 2), rows=np.array([["a", "b"]]))
